package diff

import "hash/maphash"

// What says how two answers differ in one place.
type What uint8

// The ways in which they differ.
const (
	Changed What = iota // another value
	Type                // a value of another type: a string where there was a number
	Missing             // nothing where there was something
	Added               // something where there was nothing
	Order               // the same elements in another order
)

// String is the word for it in reports.
func (w What) String() string {
	return [...]string{"changed", "type", "missing", "added", "order"}[w]
}

// Reason is the part of an answer that differs.
type Reason uint8

// The parts.
const (
	Status Reason = iota
	Header
	Body
	Reasons // how many there are
)

// String is the word for it in reports.
func (r Reason) String() string { return [...]string{"status", "header", "body"}[r] }

// A Difference is one place where two answers differ. Its slices are lent for the call.
type Difference struct {
	Path      []byte // status, header etag, $.items[].price, body
	What      What
	Reason    Reason
	Then, Now []byte // the values for people; empty: there is none. Secrets are not in them.

	// Generated says why this is noise wherever it is found: what the values are by
	// their looks, or what the field is for; empty: it may be none.
	Generated string

	// Steady says that the values do not change with time alone, as counters and the
	// ages of things do: that which of the two answers has which value means something. Pair then
	// stands for the values in their order, and Reverse for them in the other. Names and
	// versions have a Pair, too, but are not Steady: they may have a number that grows.
	Steady        bool
	Pair, Reverse uint64
}

// pair fills in what stands for the two values.
func (d *Difference) pair(seed maphash.Seed, then, now []byte) {
	a, b := maphash.Bytes(seed, then), maphash.Bytes(seed, now)
	d.Steady, d.Pair, d.Reverse = true, a*31+b, b*31+a
}

// named fills in what stands for two values of which neither is a number or a time, and
// nothing where one is.
func (d *Difference) named(seed maphash.Seed, then, now []byte) {
	isThenWord, isNowWord := isWord(then), isWord(now)
	if (isThenWord || isLabel(then)) && (isNowWord || isLabel(now)) {
		d.pair(seed, then, now)
		d.Steady = isThenWord && isNowWord
	}
}

// presence does so where one has the place and the other has not.
func (d *Difference) presence() {
	d.Steady, d.Pair, d.Reverse = true, 1, 2
	if d.What == Added {
		d.Pair, d.Reverse = 2, 1
	}
}
