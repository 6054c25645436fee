package udpwire

// A sessionTable holds the sessions of all listeners. Not safe for concurrent use.
type sessionTable struct {
	byID    map[uint64]*session
	last    *session   // Of the datagram before: most come in runs.
	touched []*session // Heard since the last visit.
	window  int        // Bytes that the socket's buffer takes, for all of them together.
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
func (t *sessionTable) add(s *session) { t.byID[s.id] = s }

// remove forgets a session.
func (t *sessionTable) remove(s *session) {
	delete(t.byID, s.id)
	if t.last == s {
		t.last = nil
	}
}

// touch notes that a session was heard from.
func (t *sessionTable) touch(s *session, now int64) {
	s.heard = now
	if !s.touched {
		s.touched = true
		t.touched = append(t.touched, s)
	}
}

// untouch forgets which sessions were heard from.
func (t *sessionTable) untouch() {
	for i, s := range t.touched {
		s.touched, t.touched[i] = false, nil
	}
	t.touched = t.touched[:0]
}

// idlest returns the session silent longest, if that is long enough; else nil.
func (t *sessionTable) idlest(now int64) (idle *session) {
	for _, s := range t.byID {
		if s.idleFor(now, idleGive) && (idle == nil || s.heard < idle.heard) {
			idle = s
		}
	}
	return idle
}

// share is the part of the socket's buffer that each active session may fill, in bytes.
func (t *sessionTable) share(now int64) uint32 {
	active := 0
	for _, s := range t.byID {
		if !s.idleFor(now, idleGive) {
			active++
		}
	}
	return uint32(max(t.window/max(active, 1), minWindow))
}

// held is how many bytes of memory all sessions' unfinished and waiting messages take, and which session's take most.
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
