package forward

import "time"

// EchoStats are the accounts of echoes, which count as nothing else. At every moment
// what is left of Echoes waits or is in flight.
type EchoStats struct {
	Echoes       uint64 `name:"echoes" unit:"requests" help:"Safe requests to be sent once more, to learn what differs between two responses of the target to the same; no other number counts them."`
	EchoAnswered uint64 `name:"echoes_answered" unit:"requests" help:"Echoes with a response."`
	EchoFailed   uint64 `name:"echoes_failed" unit:"requests" help:"Echoes without a response."`
	EchoDropped  uint64 `name:"echoes_dropped" unit:"requests" help:"Echoes that were not sent: they would have been in the way of users' requests, a write came between, or the end."`
}

func (s *EchoStats) subtract(before *EchoStats) {
	s.Echoes -= before.Echoes
	s.EchoAnswered -= before.EchoAnswered
	s.EchoFailed -= before.EchoFailed
	s.EchoDropped -= before.EchoDropped
}

// Echoes are a target's echoes. The target's lock guards them.
type echoes struct {
	asked, answered, failed, dropped uint64
	inFlight                         int
}

// Echo sends a safe request, which target i has responded to, to it once more, and
// tells Config.Compare.Take what became of that. It goes in the user's own lane, within
// the target's limits and next, so that as little as can be has changed between the two.
// It never blocks, and is no user's request: where it would be in the way of one, or a
// write of the user's is, it is dropped.
func (f *Forwarder) Echo(i int, r *Request) { f.targets[i].echoes.send(f.targets[i], r) }

// send lets a request go out next, if it may.
func (e *echoes) send(t *target, r *Request) {
	it, o := t.items.take(r), r.owner()
	it.compare, it.echo = t.cfg.Compare.Take != nil, true
	t.mu.Lock()
	defer t.mu.Unlock()
	e.asked++
	b := t.queues.of(o)
	if o.write || t.life.closed || t.life.stopped || !e.fit(t, b, o) {
		e.dropped++
		t.items.put(it)
		return
	}
	it.at = t.now()
	t.held.setOut(it, r, t.start)
	b.push(it, o)
	if l := it.lane; l.inReady.isIn() {
		l.inReady.remove()
		b.ready.pushFront(&l.inReady, l)
	}
	t.wake()
	t.crew.callFor(t, 1)
}

// fit reports whether an echo of o's is in nobody's way. A target without a limit takes
// it while half of the room is free, which one with a limit need not have: there more
// comes than goes out, so that something is dropped anyway.
func (e *echoes) fit(t *target, b *buffer, o owner) bool {
	if t.backoff.failing || t.gate.paused || e.crossed(b, o) {
		return false
	}
	return t.gate.bucket != nil || b.count <= b.maxCount/2 && b.cost <= b.maxCost/2
}

// crossed reports whether a write of o's is on its way, or may be: of a crowd only the
// connection has an order, which is not looked through.
func (e *echoes) crossed(b *buffer, o owner) bool {
	if o.crowd {
		return b.lanes[laneKey{o.user, o.conn}] != nil
	}
	u := b.users[o.user]
	return u != nil && (u.write != nil || u.writing != nil)
}

// of is the buffer that o's requests are in, so that they keep their order.
func (q *queues) of(o owner) *buffer {
	if q.patient.users[o.user] != nil || q.patient.lanes[laneKey{o.user, o.conn}] != nil {
		return q.patient
	}
	return q.live
}

// count counts what became of an echo that was sent.
func (e *echoes) count(t *target, now int64, took time.Duration, res *result) {
	switch {
	case res.unsupported != nil, res.err != nil && t.life.ctx.Err() != nil:
		e.dropped++
	case res.err != nil:
		res.isOutcome, res.ended = true, now
		e.failed++
	default:
		res.isOutcome, res.ended = true, now
		e.answered++
		t.responded(now, took)
		t.alive(now)
	}
}

// waiting is how many wait for their turn.
func (e *echoes) waiting() int {
	return int(e.asked-e.answered-e.failed-e.dropped) - e.inFlight
}

func (e *echoes) stats() EchoStats {
	return EchoStats{Echoes: e.asked, EchoAnswered: e.answered, EchoFailed: e.failed, EchoDropped: e.dropped}
}
