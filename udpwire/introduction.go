package udpwire

import "time"

// introduceAfter is how long, in ns, a listener has time to say what it is before the user is told that it is there.
const introduceAfter = int64(time.Second)

// introduce tells the user, once, that a listener is there, and what it says that it is.
func (r *reception) introduce(s *session) {
	if s.told {
		return
	}
	s.told = true
	is := []any{"listener", s.where.proven.addr, "sealed", s.in.seal != nil}
	if s.status != nil {
		is = append(is, "host", s.status.Host, "version", s.status.Version)
	}
	r.cfg.Logger.Info("listener connected", is...)
}
