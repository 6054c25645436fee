package udpwire

// A sessionTable holds the sessions of all listeners. Not safe for concurrent use.
type sessionTable struct {
	byID    map[uint64]*session
	last    *session   // Of the datagram before: most come in runs.
	touched []*session // Heard since the last visit; each says so itself.
	window  int        // Bytes that the socket's buffer takes, for all of them together.

	active   int   // How many were heard of late, as counted last.
	activeAt int64 // When that was, in running time; -1: before the table changed.
}

// newSessionTable returns an empty table.
func newSessionTable(window int) sessionTable {
	return sessionTable{byID: make(map[uint64]*session), window: window}
}

// find returns the session with an id, or nil.
func (t *sessionTable) find(id uint64) *session {
	if t.last != nil && t.last.id == id {
		return t.last
	}
	s := t.byID[id]
	if s != nil {
		t.last = s
	}
	return s
}

// add enters a new session.
func (t *sessionTable) add(s *session) {
	t.byID[s.id] = s
	t.activeAt = -1
}

// remove forgets a session.
func (t *sessionTable) remove(s *session) {
	delete(t.byID, s.id)
	t.activeAt = -1
	if t.last == s {
		t.last = nil
	}
}

// touch notes that a session was heard from.
func (t *sessionTable) touch(s *session, ran int64) {
	if s.heard = ran; !s.touched {
		s.touched = true
		t.touched = append(t.touched, s)
	}
}

// untouch forgets which sessions were heard from.
func (t *sessionTable) untouch() {
	for _, s := range t.touched {
		s.touched = false
	}
	clear(t.touched)
	t.touched = t.touched[:0]
}

// dispensable returns the session that is to make room for another: of those without DATA, which cost nobody anything to
// begin, the one silent longest; else of all, if that is long enough. There may be none.
func (t *sessionTable) dispensable(ran int64) (idle *session) {
	for _, s := range t.byID {
		if !s.unused() && !s.idleFor(ran, idleGive) {
			continue
		}
		if idle == nil || s.unused() && !idle.unused() || s.unused() == idle.unused() && s.heard < idle.heard {
			idle = s
		}
	}
	return idle
}

// share is the part of the socket's buffer that each active session may fill, in bytes. They are counted once for all that
// is said at a time.
func (t *sessionTable) share(ran int64) uint32 {
	if t.activeAt != ran {
		t.active, t.activeAt = 0, ran
		for _, s := range t.byID {
			if !s.idleFor(ran, idleGive) {
				t.active++
			}
		}
	}
	return uint32(max(t.window/max(t.active, 1), minWindow))
}

// held is how many bytes of memory all sessions take for what has not come to its end, and which session takes most.
func (t *sessionTable) held() (total int64, most *session) {
	for _, s := range t.byID {
		held := s.inbox.held()
		total += held
		if most == nil || held > most.inbox.held() {
			most = s
		}
	}
	return total, most
}
