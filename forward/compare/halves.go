package compare

import (
	"bytes"
	"sync"
	"time"

	"gor/forward/compare/diff"
)

// maxRaw is how much of a request is kept while it waits, and for its echo.
const maxRaw = 16 << 10

// halves keeps what came first of each exchange until the other half comes, in
// bounded memory: where that is full, the oldest has to go.
type halves struct {
	limit int64
	wait  time.Duration
	most  int                       // responses that one original may have
	lost  func(x *Exchange, f fate) // told of what waited in vain, with the lock

	mu      sync.Mutex
	now     time.Duration
	used    int64
	entries map[Key]*entry
	ends    entry       // of the ring of all entries: next is the oldest
	gone    recent[Key] // requests of which a half had to go for want of memory
}

// An entry is what is there of one request.
type entry struct {
	key        Key
	since      time.Duration
	prev, next *entry
	size       int64

	answered bool         // it is known what production said, or that nobody knows
	original *diff.Answer // nil: it could not be had, or is not known yet
	waiting  []*Exchange  // for the original
	done     int          // responses that were here
}

const (
	entrySize = 200 // bytes of an entry itself, and its place in the map
	goneSize  = 48  // of a key that is remembered, and its place
	goneShare = 192 // one such key for so many bytes of the limit, so that they take a quarter of it
)

func (h *halves) init(limit int64, wait time.Duration, most int, lost func(*Exchange, fate)) {
	h.limit, h.wait, h.most, h.lost = limit, wait, most, lost
	h.entries, h.gone.most = map[Key]*entry{}, int(limit/goneShare)
	h.ends.prev, h.ends.next = &h.ends, &h.ends
}

// original takes production's answer; nil: there is none. It returns the exchanges
// that waited for it.
func (h *halves) original(k Key, a *diff.Answer) []*Exchange {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone.has(k) {
		return nil // what it was to meet had to go
	}
	e := h.at(k)
	if e.answered {
		return nil // came twice
	}
	e.answered = true
	waited := e.waiting
	e.done += len(waited)
	for _, x := range waited {
		h.charge(e, -x.size())
	}
	e.waiting = nil
	if e.done >= h.most {
		h.remove(e)
		return waited
	}
	if a != nil {
		e.original = a.Clone()
		h.charge(e, a.Size())
	}
	h.shrink()
	return waited
}

// response takes what became of a request at a target. It returns compared and what
// production answered, nil if it is known that nobody knows; expired, where that had to go before;
// or waiting: the exchange is kept for it, unless it has no answer, for which nothing is worth waiting.
func (h *halves) response(x *Exchange) (original *diff.Answer, is fate) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone.has(x.Key) {
		return nil, expired
	}
	e := h.at(x.Key)
	defer h.shrink()
	if e.answered {
		if e.done++; e.done >= h.most {
			h.remove(e)
		}
		return e.original, compared
	}
	if x.Answer == nil {
		e.done++
		return nil, waiting
	}
	c := x.clone()
	e.waiting = append(e.waiting, c)
	h.charge(e, c.size())
	return nil, waiting
}

// advance drops what has waited too long.
func (h *halves) advance(now time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = max(h.now, now)
	for e := h.ends.next; e != &h.ends && h.now-e.since >= h.wait; e = h.ends.next {
		h.drop(e, noOriginal)
	}
}

// close drops all, and forgets what is gone.
func (h *halves) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.ends.next != &h.ends {
		h.drop(h.ends.next, noOriginal)
	}
	h.used -= int64(h.gone.len()) * goneSize
	h.gone = recent[Key]{most: h.gone.most}
}

// at is the entry of a request, which may be a new one.
func (h *halves) at(k Key) *entry {
	e := h.entries[k]
	if e == nil {
		e = &entry{key: k, since: h.now, prev: h.ends.prev, next: &h.ends}
		e.prev.next, e.next.prev = e, e
		h.entries[k] = e
		h.charge(e, entrySize)
	}
	return e
}

func (h *halves) charge(e *entry, n int64) {
	e.size += n
	h.used += n
}

// shrink makes room, and remembers for whom there was none.
func (h *halves) shrink() {
	for h.used > h.limit && h.ends.next != &h.ends {
		k := h.ends.next.key
		h.drop(h.ends.next, expired)
		h.used += int64(1-h.gone.add(k)) * goneSize
	}
}

func (h *halves) drop(e *entry, why fate) {
	h.remove(e)
	for _, x := range e.waiting {
		h.lost(x, why)
	}
}

func (h *halves) remove(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(h.entries, e.key)
	h.used -= e.size
}

// clone returns an exchange that holds nothing lent.
func (x *Exchange) clone() *Exchange {
	c := *x
	c.section = nil
	c.Method, c.Path, c.Raw = bytes.Clone(x.Method), bytes.Clone(x.Path), bytes.Clone(x.Raw[:min(len(x.Raw), maxRaw)])
	if x.Answer != nil {
		c.Answer = x.Answer.Clone()
	}
	return &c
}

// size is about how many bytes of memory an exchange takes that waits.
func (x *Exchange) size() int64 {
	n := int64(200 + len(x.Method) + len(x.Path) + len(x.Raw))
	if x.Answer != nil {
		n += x.Answer.Size()
	}
	return n
}
