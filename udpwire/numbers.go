package udpwire

import (
	"math/bits"
	"unsafe"
)

// numbers knows which of a session's datagrams have arrived. Everything below next is settled; beyond it pages hold for each
// number what it settles. There are pages only where something is held, so that a number far ahead costs no more than one
// nearby. init makes it ready. Not safe for concurrent use.
type numbers struct {
	next    uint64        // The lowest number not settled; numbers begin with 1.
	highest uint64        // The highest that arrived.
	pages   []*numberPage // By number, those beyond the last page's from the first on again; nil: nothing is held there.
	spare   *numberPage   // An empty page, to be used next.
	count   int           // How many beyond next are marked.
	held    int64         // Bytes of memory that the pages take.
}

// A numberPage holds neighbouring numbers.
type numberPage struct {
	used  int                   // How many are marked.
	is    [pageSize / 64]uint64 // A bit for each that is, so that a search passes over 64 at a time.
	marks [pageSize]uint64      // 0 missing, numberGone, or numberArrived and the id of the last message it completes.
}

const (
	numberGone    = 1
	numberArrived = 2

	farthest = 2 * maxOutstanding // so far ahead of next a number may be
	pageSize = 512                // numbers
)

// init begins with number 1.
func (s *numbers) init() { s.next = 1 }

// page is where the page of n is kept, once there are any.
func (s *numbers) page(n uint64) **numberPage { return &s.pages[n/pageSize%uint64(len(s.pages))] }

// get returns what is known of n, which lies at or beyond next and fits; 0: it is missing.
func (s *numbers) get(n uint64) uint64 {
	if s.count == 0 {
		return 0
	}
	p := *s.page(n)
	if p == nil {
		return 0
	}
	return p.marks[n%pageSize]
}

// settled reports whether n has arrived or is gone.
func (s *numbers) settled(n uint64) bool { return n < s.next || s.fits(n) && s.get(n) != 0 }

// fits reports whether n is near enough to be kept.
func (s *numbers) fits(n uint64) bool { return n < s.next+farthest }

// mark notes what is known of n, which fits, lies at or beyond next and is missing.
func (s *numbers) mark(n, value uint64) {
	if s.pages == nil {
		s.pages = make([]*numberPage, farthest/pageSize)
		s.held += farthest / pageSize * int64(unsafe.Sizeof(s.spare))
	}
	p := s.page(n)
	if *p == nil {
		if *p, s.spare = s.spare, nil; *p == nil {
			*p = &numberPage{}
			s.held += int64(unsafe.Sizeof(numberPage{}))
		}
	}
	(*p).marks[n%pageSize] = value
	(*p).is[n%pageSize/64] |= 1 << (n % 64)
	(*p).used++
	s.count++
}

// advance moves next over all settled numbers and returns the highest message id those complete; 0: none.
func (s *numbers) advance() (id uint64) {
	for s.count > 0 {
		v := s.get(s.next)
		if v == 0 {
			return id
		}
		if v >= numberArrived {
			id = max(id, v-numberArrived)
		}
		s.take(s.next)
		s.next++
	}
	return id
}

// seek returns the first number of [n, limit) that is marked, or, if marked is false, that is missing; limit: there is none.
func (s *numbers) seek(n, limit uint64, marked bool) uint64 {
	for n < limit {
		var word uint64
		whole := uint64(64) // How many numbers one look is about.
		if s.count == 0 {
			whole = limit
		} else if p := *s.page(n); p == nil {
			whole = pageSize
		} else {
			word = p.is[n%pageSize/64]
		}
		if !marked {
			word = ^word
		}
		if word >>= n % 64; word != 0 {
			return min(n+uint64(bits.TrailingZeros64(word)), limit)
		}
		n = (n/whole + 1) * whole
	}
	return limit
}

// skip passes over the missing numbers from next up to the first one that is marked, but none from limit on, and returns
// how many those are.
func (s *numbers) skip(limit uint64) (skipped uint64) {
	from := s.next
	s.next = max(from, s.seek(from, limit, true))
	return s.next - from
}

// take forgets what is known of n, and its page when nothing else is there. One empty page is kept.
func (s *numbers) take(n uint64) {
	p := s.page(n)
	(*p).marks[n%pageSize] = 0
	(*p).is[n%pageSize/64] &^= 1 << (n % 64)
	(*p).used--
	s.count--
	if (*p).used > 0 {
		return
	}
	if s.spare != nil {
		s.held -= int64(unsafe.Sizeof(numberPage{}))
	}
	s.spare, *p = *p, nil
}

// missing appends the runs of numbers in [from, limit) that have not arrived, at most room of them, which is not 0.
func (s *numbers) missing(dst []span, from, limit uint64, room int) []span {
	for n := s.seek(max(from, s.next), limit, false); n < limit && len(dst) < room; n = s.seek(n, limit, false) {
		end := s.seek(n, limit, true)
		dst = append(dst, span{n, end - n})
		n = end
	}
	return dst
}
