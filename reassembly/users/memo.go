package users

import (
	"hash/maphash"

	"gor/reassembly/http1"
)

// A memo remembers what Cookie fields say of their user: a browser sends the same
// one with each request of a page, and to know it again takes a third of reading it.
// A field is known by a hash of its bytes under a key of this process, as connections
// are by that of their addresses: 64 bits that nobody can aim at. It remembers nothing
// but what the field itself says, so that a user is the same with a memo and without.
type memo struct {
	seed    maphash.Seed
	entries [1 << memoBits]recollection
}

// 12 bits are more than the users of a busy second have cookies: 96 KiB.
const memoBits = 12

// A recollection is what the cookies of one field say.
type recollection struct {
	field uint64 // its hash
	key   uint64 // of the user, where the cookies have a session's
	rank  uint8  // of that in sessionCookies; noCookie: they have none
	known bool
}

// find returns the place of what a request's cookies say, where that is known already
// or may be written down once it is; nil: they are in no field, or in several.
func (o *memo) find(m *http1.Message, raw []byte) *recollection {
	line, rest := http1.First(m, raw, http1.FieldCookie)
	if line == nil || rest != nil {
		return nil
	}
	field := maphash.Bytes(o.seed, line)
	r := &o.entries[field>>(64-memoBits)]
	if r.field != field {
		*r = recollection{field: field}
	}
	return r
}

// recall reports whether it is known who the user is, or else tells the evidence that
// the cookies do not say it, if that is known.
func (r *recollection) recall(e *evidence) (key uint64, found bool) {
	if r == nil || !r.known {
		return 0, false
	}
	e.hasCookies, e.rank = true, int(r.rank)
	return r.key, e.rank != noCookie
}

// learn writes down what the evidence says of the user, as far as it is the cookies'.
func (r *recollection) learn(e *evidence, u User) {
	if r == nil || r.known || !e.hasCookies {
		return
	}
	r.rank, r.known = uint8(e.rank), true
	if e.rank != noCookie {
		r.key = u.Key
	}
}
