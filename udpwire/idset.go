package udpwire

import (
	"math/bits"
	"unsafe"
)

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

// remove takes an id out that is in the set.
func (s *idSet) remove(id uint64) {
	p := &s.pages[id/idsPerPage%uint64(len(s.pages))]
	(*p).bits[id%idsPerPage/64] &^= 1 << (id % 64)
	s.removed(p, 1)
}

// clear takes all ids of [from, to) out that are in the set, and returns how many.
func (s *idSet) clear(from, to uint64) (n uint64) {
	for from < to && s.count > 0 {
		end := min((from/idsPerPage+1)*idsPerPage, to)
		if p := &s.pages[from/idsPerPage%uint64(len(s.pages))]; *p != nil {
			k := (*p).clear(from%idsPerPage, from%idsPerPage+end-from)
			n += uint64(k)
			s.removed(p, k)
		}
		from = end
	}
	return n
}

// clear takes the ids of [from, to), counted from the page's first, out and returns how many there were.
func (p *idPage) clear(from, to uint64) (n int) {
	for from < to {
		end := min((from/64+1)*64, to)
		mask := ^uint64(0) << (from % 64) & (^uint64(0) >> (63 - (end-1)%64))
		word := &p.bits[from/64]
		n += bits.OnesCount64(*word & mask)
		*word &^= mask
		from = end
	}
	return n
}

// removed notes that so many ids were taken out of a page, and takes that away when none is left. One empty page is kept.
func (s *idSet) removed(p **idPage, n int) {
	(*p).used -= n
	s.count -= n
	if (*p).used > 0 {
		return
	}
	if s.spare != nil {
		s.held -= int64(unsafe.Sizeof(idPage{}))
	}
	s.spare, *p = *p, nil
}
