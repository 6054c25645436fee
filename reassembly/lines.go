package reassembly

import "math/bits"

// A lineScanner finds where lines end: at LF or CR LF. Other control characters
// but HTAB are not ok (RFC 9110 §5.5), so it marks them too, half a kilobyte at
// a time, and then goes from mark to mark.
type lineScanner struct {
	b     []byte
	from  int    // what is before it is not looked at
	at    int    // place in b of bit 0 of ends
	ends  uint64 // the LFs of a block that were not reached yet
	bad   bool   // behind them is what may not be
	block int
	known int // blocks
	marks [8]marks
}

// marks tell about a block of 64 bytes: bit i is for its byte i.
type marks struct {
	controls uint64 // below 0x20, or 0x7f
	feeds    uint64 // LF
}

// start scans b from i on.
func (s *lineScanner) start(b []byte, i int) {
	s.b, s.from, s.at, s.block = b, i, i-64, -1
}

// next returns where the next line ends and where the one after it begins. end
// is -1 where b has no whole line, and next is then where to go on looking.
func (s *lineScanner) next() (end, next int, ok bool) {
	for s.ends == 0 {
		if s.bad {
			return 0, 0, false
		}
		if !s.advance() {
			n := len(s.b)
			if n > s.from && s.b[n-1] == '\r' {
				n--
			}
			return -1, n, true
		}
	}
	i := s.at + bits.TrailingZeros64(s.ends)
	s.ends &= s.ends - 1
	if i == s.from {
		return i, i + 1, true
	}
	switch c := s.b[i-1]; {
	case c == '\r':
		return i - 1, i + 1, true
	case c < 0x20 && c != '\t' && c != '\n' || c == 0x7f:
		return 0, 0, false
	}
	return i, i + 1, true
}

// advance goes to the next block; false: there is none.
func (s *lineScanner) advance() bool {
	s.at += 64
	if s.at >= len(s.b) {
		return false
	}
	if s.block++; s.block == s.known {
		s.block, s.known = 0, mark(&s.marks, s.b[s.at:])
	}
	m := &s.marks[s.block]
	s.ends = m.feeds
	if odd := m.controls &^ m.feeds &^ (m.feeds >> 1); odd != 0 {
		s.check(odd)
	}
	return true
}

// check looks at control characters that neither are nor precede a LF, as far
// as their block tells.
func (s *lineScanner) check(odd uint64) {
	for ; odd != 0; odd &= odd - 1 {
		switch i := s.at + bits.TrailingZeros64(odd); {
		case s.b[i] == '\t':
		case s.b[i] == '\r' && (i+1 == len(s.b) || s.b[i+1] == '\n'):
		default:
			s.bad = true
			s.ends &= odd&-odd - 1
			return
		}
	}
}

// mark marks blocks of b, and returns how many; they may be fewer than b has.
// The last one may be short.
func mark(m *[8]marks, b []byte) (n int) {
	for n < len(m) && len(b) > 0 {
		k := min(len(b), 64)
		m[n] = markBytes(b[:k])
		b = b[k:]
		n++
	}
	return n
}

// markBytes marks at most 64 bytes, eight at a time.
func markBytes(b []byte) marks {
	var m marks
	i := 0
	for ; i+8 <= len(b); i += 8 {
		m.addWord(le64(b[i:]), i, 8)
	}
	if i < len(b) {
		var w uint64
		for k, c := range b[i:] {
			w |= uint64(c) << (8 * k)
		}
		m.addWord(w, i, len(b)-i)
	}
	return m
}

// addWord adds the marks of the n lower bytes of w, which are i and those after it.
func (m *marks) addWord(w uint64, i, n int) {
	const ones = 0x0101010101010101
	low := w & (0x7f * ones) // what is added to it stays within its byte
	atLeast := func(c uint64) uint64 { return low + (0x80-c)*ones | w }
	gather := func(tops uint64) uint64 {
		return tops & (0x80 * ones) >> 7 * 0x0102040810204080 >> 56 & (1<<n - 1) << i
	}
	m.controls |= gather(^atLeast(0x20) | atLeast(0x7f)&^w)
	m.feeds |= gather(atLeast('\n') &^ atLeast('\n'+1))
}
