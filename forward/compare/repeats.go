package compare

import (
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"gor/forward/compare/diff"
	"gor/reassembly/http1"
)

const (
	leastApart = 100 * time.Millisecond // of two equal requests: what changes with time has to have time
	mostApart  = 10 * time.Second
	maxWriters = 8192 // users of whom it is known that they changed something
)

// repeats finds requests that a user made twice, close in time and with no change by the same user in between:
// where the answers of one server to both differ, that is noise. What production answers minutes later is found apart (distant.go).
type repeats struct {
	near, distant earliers
	seed          maphash.Seed
	writes        writes
}

// earliers are requests, as many as there is room for.
type earliers struct {
	limit, used int64
	last        map[uint64]*earlier // by what makes requests equal
	ends        earlier             // of the ring of all: next is the oldest
}

// An earlier request, and what it was answered.
type earlier struct {
	prev, next *earlier
	id         uint64
	time       int64
	turn       uint64 // when it came, in exchanges
	size       int64
	then, now  *diff.Answer
}

func (r *repeats) init(limit int64, seed maphash.Seed) {
	r.seed = seed
	r.near.init(limit - limit/4)
	r.distant.init(limit / 4)
}

func (r *earliers) init(limit int64) {
	r.limit, r.last = limit, map[uint64]*earlier{}
	r.ends.prev, r.ends.next = &r.ends, &r.ends
}

// find returns the request before that x repeats, or nil, and keeps x for the one that repeats it, if it is one of
// those that are kept: which ones does not depend on when, so that those that are kept meet.
func (r *repeats) find(id uint64, x *Exchange, then *diff.Answer, one keeping) *earlier {
	e := r.near.last[id]
	if e != nil {
		r.near.remove(e)
		apart := time.Duration(x.Time - e.time).Abs()
		if apart < leastApart {
			r.near.insert(e) // a later one may repeat it
			return nil
		}
		if apart > mostApart || r.writes.since(x.User, e.turn, e.time) {
			e = nil
		}
	}
	if id%uint64(one) == 0 {
		r.near.insert(&earlier{id: id, time: x.Time, turn: r.writes.turn, size: 200 + then.Size() + x.Answer.Size(), then: then.Clone(), now: x.Answer.Clone()})
	}
	return e
}

// identity is the same for requests of a user that ask for the same thing.
func (r *repeats) identity(x *Exchange) uint64 {
	var h maphash.Hash
	h.SetSeed(r.seed)
	var user [8]byte
	for i := range user {
		user[i] = byte(x.User >> (8 * i))
	}
	h.Write(user[:])
	h.Write(x.Method)
	h.WriteByte(' ')
	h.Write(x.Path)
	for line, rest := http1.CutField(x.section); line != nil; line, rest = http1.CutField(rest) {
		f := http1.ParseField(line)
		if i := slices.IndexFunc(telling, func(t string) bool { return len(t) == len(f.Name) && strings.EqualFold(t, string(f.Name)) }); i >= 0 {
			h.WriteByte(byte(i))
			h.Write(f.Value)
			h.WriteByte('\n')
		}
	}
	return h.Sum64()
}

// telling are the fields that ask for another thing where they differ.
var telling = []string{"host", "cookie", "authorization", "accept", "accept-encoding", "accept-language", "range", "if-none-match", "if-modified-since", "x-requested-with"}

func (r *earliers) insert(e *earlier) {
	e.prev, e.next = r.ends.prev, &r.ends
	e.prev.next, e.next.prev = e, e
	r.last[e.id] = e
	for r.used += e.size; r.used > r.limit; {
		r.remove(r.ends.next)
	}
}

func (r *earliers) remove(e *earlier) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(r.last, e.id)
	r.used -= e.size
}

// writes knows which users changed something lately, and when: in exchanges, and by the clock that their requests have.
type writes struct {
	turn  uint64           // exchanges and changes so far
	floor uint64           // before this anybody may have
	began uint64           // with this turn last does
	last  map[uint64]wrote // by user
	past  map[uint64]wrote // those before
}

// A wrote is when a user last changed something.
type wrote struct {
	turn uint64
	time int64
}

// add takes down one more exchange.
func (w *writes) add(x *Exchange) {
	w.turn++
	if !isSafe(x.Method) {
		w.note(x.User, x.Time)
	}
}

// note takes down that a user changed something at a time.
func (w *writes) note(user uint64, at int64) {
	w.turn++
	if w.last == nil || len(w.last) >= maxWriters/2 {
		if len(w.past) > 0 {
			w.floor = w.began
		}
		w.last, w.past, w.began = map[uint64]wrote{}, w.last, w.turn
	}
	before := w.last[user]
	w.last[user] = wrote{w.turn, max(at, before.time)}
}

// since reports whether a user may have changed something after a turn, or after an exchange that was at
// a time: either may be known first.
func (w *writes) since(user, turn uint64, at int64) bool {
	if turn < w.floor {
		return true
	}
	for _, known := range []map[uint64]wrote{w.last, w.past} {
		if c, ok := known[user]; ok && (c.turn > turn || c.time >= at) {
			return true
		}
	}
	return false
}
