package doctor

import (
	"fmt"
	"net/netip"
	"slices"
)

// visit is what has requests come to a port where somebody listens, to see them.
func (s *Scene) visit(p uint16) string {
	addr, here := s.reach(p)
	if !addr.IsValid() {
		return "see that something asks it, and ask again meanwhile"
	}
	url := fmt.Sprintf("http://%s/", netip.AddrPortFrom(addr, p))
	if addr.Is6() {
		url = "'" + url + "'" // a shell has a use for brackets
	}
	where := "in another terminal"
	if !here {
		where = "on another machine"
	}
	return fmt.Sprintf("ask again while this runs %s: while sleep 1; do curl -s %s; done", where, url)
}

// reach is an address by which a port is reached so that the requests are captured;
// here says that this machine may ask there itself. Not valid: none is known.
func (s *Scene) reach(p uint16) (addr netip.Addr, here bool) {
	loopback := s.Question.anyInterface() || slices.ContainsFunc(s.Links, func(l Link) bool {
		return l.Loopback && slices.Contains(s.Question.Interfaces, l.Name)
	})
	loopback = loopback && slices.Contains(s.Arriving, p) // by it requests arrive, whatever they do else
	for i := range s.Servers {
		switch addr := s.Servers[i].Addr; {
		case addr.Port() != p:
		case loopback && addr.Addr().IsUnspecified() && addr.Addr().Is4():
			return netip.AddrFrom4([4]byte{127, 0, 0, 1}), true
		case loopback && addr.Addr().IsUnspecified():
			return netip.IPv6Loopback(), true
		case loopback:
			return addr.Addr(), true
		case addr.Addr().IsLoopback():
		case !addr.Addr().IsUnspecified():
			return addr.Addr(), false
		default:
			for _, l := range s.Links {
				if slices.Contains(s.Question.Interfaces, l.Name) && l.Addr.IsValid() {
					return l.Addr, false
				}
			}
		}
	}
	return addr, false
}

// programmed is an interface that is captured and has a program which gets packets before
// anybody else (XDP); "": none has.
func (s *Scene) programmed() string {
	for _, l := range s.Links {
		if l.XDP && l.Up && (s.Question.anyInterface() || slices.Contains(s.Question.Interfaces, l.Name)) {
			return l.Name
		}
	}
	return ""
}
