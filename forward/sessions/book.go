package sessions

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// What a Book is bounded by.
const (
	DefaultMemory = 32 << 20 // bytes

	strangersMemory = 2 << 20 // of cookies that nobody knows
	maxNames        = 256     // of sessions' cookies
)

// How long requests wait for what a cookie stands for, from the first of them on.
const (
	waitGiven    = int64(time.Second)            // for the target's answer, where production gave the cookie
	waitStranger = int64(250 * time.Millisecond) // for production's answer, if there is one to come
)

// Config says what a Book is about. Zero values are defaults.
type Config struct {
	On     bool     // the target gets its own sessions; for whoever makes a Book
	Names  []string // production's names of the cookies that are sessions'; nil: those with HttpOnly
	Memory int64    // bytes; DefaultMemory
}

// A Book knows which of a target's cookies stand for production's.
type Book struct {
	seed   maphash.Seed
	listed []string

	mu        sync.Mutex
	names     map[string]bool // of sessions' cookies, that production has set
	known     recent[entry]   // by the hash of production's cookie
	strangers recent[int64]   // when somebody waited for it first, likewise
}

// An entry is what is known of a cookie of production's.
type entry struct {
	state    state
	awaited  int64  // when a request waited for it first; of state given
	pair     string // the target's cookie in its place; of state own, as the following
	since    int64  // when the target gave it
	stranger bool   // to somebody whom it did not know: a login that is under way counts more
}

// A state is how far a cookie of production's has come at the target.
type state uint8

const (
	given   state = iota // the target has yet to answer the request that it was the answer to
	own                  // the target gave one of its own
	refused              // the target gave none, or took it back
)

// New makes an empty Book.
func New(cfg Config) *Book {
	b := &Book{
		seed: maphash.MakeSeed(), listed: cfg.Names, names: map[string]bool{},
		known: newRecent[entry](cmp.Or(cfg.Memory, DefaultMemory)), strangers: newRecent[int64](strangersMemory),
	}
	for _, name := range cfg.Names {
		b.names[name] = true
	}
	return b
}

// A Use is what Swap has made of a request's cookies.
type Use struct {
	Await   uint64 // not zero: the request is to wait for this, as long as Waits says
	Swapped bool   // a cookie of the target's stands in the place of one of production's
	Unknown bool   // a session's cookie stayed: nobody knows the target's
}

// Swap appends the value of a Cookie field to dst with the target's own cookies for
// those of production's that it has some for; all else is as it was. use is what came of
// the fields before.
func (b *Book) Swap(dst, value []byte, now int64, use *Use) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(value) > 0 {
		before, pair, behind, rest := next(value)
		dst = append(dst, before...)
		if swapped := b.look(pair, now, use); swapped != "" {
			dst = append(dst, swapped...)
		} else {
			dst = append(dst, pair...)
		}
		dst, value = append(dst, behind...), rest
	}
	return dst
}

// look returns what stands for a cookie at the target; "": it stays.
func (b *Book) look(pair []byte, now int64, use *Use) string {
	key := b.key(pair)
	e, ok := b.known.get(key)
	switch {
	case ok && e.state == own && e.pair == string(pair):
		return "" // the two servers share it
	case ok && e.state == own:
		use.Swapped = true
		return e.pair
	case ok, b.names[string(nameOf(pair))]:
		if use.Unknown = true; b.waits(key, now) {
			use.Await = key
		}
	}
	return ""
}

// Waits reports whether a request still is to wait for what Swap said (Use.Await).
func (b *Book) Waits(key uint64, now int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits(key, now)
}

// waits reports whether it is worth waiting for what a cookie stands for, and notes who
// is the first to.
func (b *Book) waits(key uint64, now int64) bool {
	e, ok := b.known.get(key)
	if ok && e.state != given {
		return false
	}
	if ok {
		if e.awaited == 0 {
			e.awaited = now
			b.known.put(key, e, 0)
		}
		return now-e.awaited < waitGiven
	}
	first, ok := b.strangers.get(key)
	if !ok {
		first = now
		b.strangers.put(key, now, 0)
	}
	return now-first < waitStranger
}

// isSession reports whether a cookie that an answer sets is one of a session.
func (b *Book) isSession(name string, c *Cookie) bool {
	if len(b.listed) > 0 {
		return slices.Contains(b.listed, name)
	}
	return c.HTTPOnly
}

// key is what stands for a cookie of production's.
func (b *Book) key(pair []byte) uint64 { return max(maphash.Bytes(b.seed, pair), 1) }
