package udpwire

// numbers knows which of a session's datagrams have arrived. Everything below next is settled; beyond it a ring holds
// for each number what it settles. init makes it ready. Not safe for concurrent use.
type numbers struct {
	next    uint64   // The lowest number not settled; numbers begin with 1.
	highest uint64   // The highest that arrived.
	ring    []uint64 // By number: 0 missing, numberGone, or numberArrived and the id of the last message it completes.
	count   int      // How many beyond next are marked.
}

const (
	numberGone    = 1
	numberArrived = 2
	minRing       = 256 // numbers; the ring doubles when it must
)

// init begins with number 1.
func (s *numbers) init() { s.next = 1 }

// slot is where the ring has n.
func (s *numbers) slot(n uint64) *uint64 { return &s.ring[n&uint64(len(s.ring)-1)] }

// settled reports whether n has arrived or is gone.
func (s *numbers) settled(n uint64) bool {
	return n < s.next || n-s.next < uint64(len(s.ring)) && *s.slot(n) != 0
}

// fits reports whether n is near enough to be kept.
func (s *numbers) fits(n uint64) bool { return n < s.next+2*maxOutstanding }

// mark notes what is known of n, which fits and lies at or beyond next.
func (s *numbers) mark(n, value uint64) {
	for n-s.next >= uint64(len(s.ring)) {
		old := *s
		s.ring = make([]uint64, max(minRing, 2*len(old.ring)))
		for i := range uint64(len(old.ring)) {
			*s.slot(old.next + i) = *old.slot(old.next + i)
		}
	}
	*s.slot(n) = value
	s.count++
}

// advance moves next over all settled numbers and returns the highest message id those complete; 0: none.
func (s *numbers) advance() (id uint64) {
	for s.count > 0 {
		v := s.slot(s.next)
		if *v == 0 {
			return id
		}
		if *v >= numberArrived {
			id = max(id, *v-numberArrived)
		}
		*v = 0
		s.next++
		s.count--
	}
	return id
}

// missing appends the runs of numbers in [from, limit) that have not arrived, at most room of them, which is not 0.
func (s *numbers) missing(dst []span, from, limit uint64, room int) []span {
	for n := max(from, s.next); n < limit; n++ {
		if s.settled(n) {
			continue
		}
		if k := len(dst); k == room && dst[k-1].end() != n {
			break
		}
		dst = addNumber(dst, n)
	}
	return dst
}
