package udpwire

import "time"

// A tombstone is what a replayer remembers of a session that has ended: enough to say so, with the final totals, to a
// listener that does not know yet, so that both have the same accounts. It also keeps a recorded BEGIN from beginning the
// session a second time.
type tombstone struct {
	id     uint64
	in     incoming
	out    outgoing
	where  whereabouts
	final  report // The session's totals.
	at     int64  // When it ended, in ns of the time in which the replayer ran.
	saidAt int64  // When that was last said, in ns.
	told   int    // How often it was said in response to a HELLO.
}

// Bounds of the tombstones.
const (
	tombLife  = int64(10 * time.Minute)
	maxTombs  = 1024
	byeSeldom = int64(10 * time.Millisecond) // between two BYEs to one that goes on sending
	maxTold   = 8                            // BYEs in response to HELLOs; who does not hear them gets a WELCOME
)

// A graveyard holds tombstones. The zero value is empty. Not safe for concurrent use.
type graveyard struct {
	byID  map[uint64]*tombstone
	order []*tombstone // In the order of their ends.
}

// bury remembers the end of a session. It returns whether a sealed one had to make room before nobody could begin it again
// any more.
func (g *graveyard) bury(t *tombstone, ran int64) (tooEarly bool) {
	g.expire(ran)
	if len(g.order) >= maxTombs {
		oldest := g.order[0]
		tooEarly = oldest.in.seal != nil && ran-oldest.at <= localLife
		g.drop()
	}
	if g.byID == nil {
		g.byID = make(map[uint64]*tombstone)
	}
	t.at = ran
	g.byID[t.id] = t
	g.order = append(g.order, t)
	return tooEarly
}

// expire forgets those that have stood long enough.
func (g *graveyard) expire(ran int64) {
	for len(g.order) > 0 && ran-g.order[0].at > tombLife {
		g.drop()
	}
}

// drop forgets the oldest.
func (g *graveyard) drop() {
	delete(g.byID, g.order[0].id)
	g.order[0] = nil
	g.order = g.order[1:]
}

// hear takes in a datagram for the session that has ended.
func (t *tombstone) hear(h header, d []byte, from source, rand func([]byte)) (why reason, ok bool) {
	size := len(d)
	body, why, ok := t.in.open(h, d)
	if !ok {
		return why, false
	}
	t.out.follow(&t.in)
	t.where.heard(from, size, rand)
	if h.kind == kindData {
		return 0, true
	}
	t.in.seen.mark(h.number)
	var beat heartbeat
	if (h.kind == kindHeartbeat || h.kind == kindBye) && beat.parse(body) {
		t.where.answered(from, beat.answer)
	}
	return 0, true
}

// bye appends the BYE with the final totals to dst.
func (t *tombstone) bye(challenge uint64, dst []byte) []byte {
	t.final.challenge = challenge
	return t.out.finishControl(kindBye, t.final.append(append(dst, make([]byte, headerSize)...)))
}
