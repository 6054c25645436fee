package udpwire

import "unsafe"

// An idSet is a set of message ids that lie within idSpan of each other. It has pages only where there are some, so that an
// id far ahead costs no more than one nearby. The zero value is empty. Not safe for concurrent use.
type idSet struct {
	pages []*idPage // By id, those beyond the last page's from the first on again; nil: there are none.
	spare *idPage   // An empty page, to be used next.
	count int       // How many ids there are.
	held  int64     // Bytes of memory that the pages take.
}

// An idPage holds neighbouring ids.
type idPage struct {
	used int                     // How many there are.
	bits [idsPerPage / 64]uint64 // One for each.
}

const (
	idSpan     = 4 * maxUnderWay
	idsPerPage = 1 << 14
)

// has reports whether id is in the set.
func (s *idSet) has(id uint64) bool {
	if s.count == 0 {
		return false
	}
	p := s.pages[id/idsPerPage%uint64(len(s.pages))]
	return p != nil && p.bits[id%idsPerPage/64]>>(id%64)&1 != 0
}

// add puts an id into the set that is not in it.
func (s *idSet) add(id uint64) {
	if s.pages == nil {
		s.pages = make([]*idPage, idSpan/idsPerPage)
		s.held += idSpan / idsPerPage * int64(unsafe.Sizeof(s.spare))
	}
	p := &s.pages[id/idsPerPage%uint64(len(s.pages))]
	if *p == nil {
		if *p, s.spare = s.spare, nil; *p == nil {
			*p = &idPage{}
			s.held += int64(unsafe.Sizeof(idPage{}))
		}
	}
	(*p).bits[id%idsPerPage/64] |= 1 << (id % 64)
	(*p).used++
	s.count++
}

// remove takes an id out that is in the set, and its page when it was the last one there. One empty page is kept.
func (s *idSet) remove(id uint64) {
	p := &s.pages[id/idsPerPage%uint64(len(s.pages))]
	(*p).bits[id%idsPerPage/64] &^= 1 << (id % 64)
	(*p).used--
	s.count--
	if (*p).used > 0 {
		return
	}
	if s.spare != nil {
		s.held -= int64(unsafe.Sizeof(idPage{}))
	}
	s.spare, *p = *p, nil
}
