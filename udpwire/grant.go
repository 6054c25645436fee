package udpwire

// A grant is what a replayer has given a session leave for whose source can wait, counted since the session began. It
// is never taken back.
type grant struct {
	patient         bool   // The session's source can wait.
	messages, bytes uint64 // How many it may begin, and how many bytes their bodies may have.
}

// chunkMessages is at most how many messages begin in a chunk.
const chunkMessages = chunkSize/messageLeast + 1

// unused is what is granted and neither handed on nor lost.
func (g *grant) unused(in *inbox) (messages, bytes uint64) {
	done, doneBytes := in.done()
	return g.messages - min(g.messages, done), g.bytes - min(g.bytes, doneBytes)
}

// covers reports whether the message that is being handed on was granted; or it is of the chunk that may exceed the
// grant.
func (g *grant) covers(in *inbox) bool {
	if !g.patient {
		return false
	}
	done, doneBytes := in.done()
	return done <= g.messages+chunkMessages && doneBytes <= g.bytes+MaxMessage+chunkSize
}

// done is how many messages were handed on or are lost, and how many bytes they have.
func (in *inbox) done() (messages, bytes uint64) {
	s := &in.order.stats
	return s.received + s.lost, s.bytes + in.check.lost
}

// A granter divides the room behind the replayer over the sessions whose source can wait. What it has granted and what
// has not come of that is never more than the room, except for a chunk each: nobody has to throw away what comes.
type granter struct {
	consumer Consumer // It has the room; nil: there is no bound.
}

// renew grants a session what there is for it now.
func (r *granter) renew(now int64, s *session, all *sessionTable) {
	g := &s.grant
	if !g.patient {
		return
	}
	if r.consumer == nil {
		g.messages, g.bytes = noBound, noBound
		return
	}
	messages, bytes := r.consumer.Room()
	var others, unused, unusedBytes uint64
	for _, other := range all.byID {
		if other.grant.patient && !other.idleFor(now, idleGive) { // one that has gone comes back as it is: there is a chunk's room
			m, b := other.grant.unused(&other.inbox)
			others, unused, unusedBytes = others+1, unused+m, unusedBytes+b
		}
	}
	done, doneBytes := s.inbox.done()
	mine, mineBytes := g.unused(&s.inbox)
	g.messages = max(g.messages, done+share(uint64(max(messages, 0)), others, unused, mine))
	g.bytes = max(g.bytes, doneBytes+share(uint64(max(bytes, 0)), others, unusedBytes, mineBytes))
}

// share is how much one of n may have unused of the room, when all have unused so much, and it has mine.
func share(room, n, unused, mine uint64) uint64 {
	return min(room/max(n, 1), mine+room-min(room, unused))
}
