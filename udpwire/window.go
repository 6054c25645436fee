package udpwire

// A replayWindow refuses control numbers seen before (RFC 6479: a ring of bits behind the highest number). The zero value
// is ready. DATA needs none: a session's numbers are settled one by one (see numbers).
type replayWindow struct {
	highest uint64                  // The highest number seen.
	words   [windowSpan / 64]uint64 // The bit of n is n%64 of word n/64, counted around. Beyond highest all are 0.
}

// windowSpan is how far behind the highest a number is still believed, a power of two: one datagram of the largest size
// goes in 132 PIECEs, sent at once, and several go together when a path shrinks, which may overtake one another, and
// everything else, by all of that.
const windowSpan = 2048

// bit is where number is kept.
func (w *replayWindow) bit(number uint64) (word *uint64, mask uint64) {
	return &w.words[number/64%uint64(len(w.words))], 1 << (number % 64)
}

// fresh reports whether number was not seen and is not too old, without marking it: only an authentic datagram may.
func (w *replayWindow) fresh(number uint64) bool {
	if number > w.highest {
		return true
	}
	word, mask := w.bit(number)
	return number != 0 && w.highest-number < windowSpan && *word&mask == 0
}

// mark notes number as seen.
func (w *replayWindow) mark(number uint64) {
	switch {
	case number <= w.highest && w.highest-number >= windowSpan:
		return
	case number > w.highest && number-w.highest >= windowSpan:
		w.words = [len(w.words)]uint64{}
	case number > w.highest:
		w.pass(w.highest+1, number)
	}
	w.highest = max(w.highest, number)
	word, mask := w.bit(number)
	*word |= mask
}

// pass clears the bits of the numbers from first to last, which are fewer than there are bits: they were others'.
func (w *replayWindow) pass(first, last uint64) {
	for n := first; ; n = (n/64 + 1) * 64 {
		word, mask := w.bit(n)
		others := mask - 1 // below n in its word
		if n/64 == last/64 {
			*word &= others | ^uint64(0)<<(last%64)<<1
			return
		}
		*word &= others
	}
}
