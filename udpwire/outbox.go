package udpwire

// An outbox is the listener's half of a session: it numbers datagrams, sends as many as the replayer can take, keeps
// them until it has confirmed them, and sends again what it misses. Chunks are given to it; they go back to the pool.
// It is driven with the time and does no I/O but the transmitter's. Not safe for concurrent use.
type outbox struct {
	// These outlive a session.
	tx      transmitter
	pool    *chunkPool
	pending list[chunk, *chunk] // What is to be sent for the first time; of the first chunk some may have been.
	resends resends

	// These begin anew with each session.
	channel  outgoing
	flight   flight
	begun    begun
	reported report // The latest, without its spans.
	trip     roundTrip
	credit   credit
	pulse    pulse

	scratch [maxDatagram]byte // A datagram of another kind than DATA.
}

// begun are the messages of which a session has sent something.
type begun struct {
	before uint64 // The last id of earlier sessions.
	last   uint64 // The last id begun in this one.
	bytes  uint64 // The bodies of those in between.
}

// messages is how many there are.
func (b *begun) messages() uint64 { return b.last - b.before }

// maxUnderWay is how many messages may be neither handed on nor lost.
const maxUnderWay = 1 << 20

// begin starts a session, in which nothing was sent. What is pending stays.
func (o *outbox) begin(out outgoing) {
	o.tx.refused = false
	o.channel = out
	o.flight.begin()
	o.begun = begun{before: o.begun.last, last: o.begun.last}
	o.reported, o.trip, o.pulse = report{}, roundTrip{}, pulse{}
	o.credit = credit{window: minWindow}
}

// push queues a chunk for drain.
func (o *outbox) push(c *chunk) {
	if t := o.pending.last; t != nil && t.merge(c) {
		o.pool.put(c)
		return
	}
	o.pending.push(c)
}

// idle reports whether nothing is left to send or to be confirmed.
func (o *outbox) idle() bool { return o.pending.first == nil && !o.flight.unsettled() }

// room reports whether another chunk may be sent now.
func (o *outbox) room() bool {
	messages := o.begun.messages()
	settled := min(o.reported.messages+o.reported.lostMessages, messages)
	return o.flight.fits() && messages-settled < maxUnderWay && o.flight.cost() < o.credit.bytes()
}

// drain sends pending chunks as far as the replayer has room. It returns the error that stopped it; the rest stays.
func (o *outbox) drain(now int64) error {
	for {
		c := o.pending.first
		if c == nil {
			return nil
		}
		if !c.numbered {
			if !o.room() {
				return nil
			}
			o.number(c, now)
		}
		for c.wrote < c.n {
			n, size := c.run(c.wrote)
			sent, err := o.tx.send(c.buf[c.start(c.wrote):c.ends[c.wrote+n-1]], size)
			if c.wrote += sent; err != nil {
				return err
			}
		}
		o.pulse.dataAt = now
		o.pending.pop()
	}
}

// number gives a chunk's datagrams their numbers, headers and seals. From here on their bytes never change: a
// number is one datagram for ever, sent again as it is.
func (o *outbox) number(c *chunk, now int64) {
	c.numbered, c.number, c.at = true, o.flight.next, now
	for i := range c.n {
		start, end := c.start(i), c.ends[i]
		d := c.buf[start:end]
		putBase(d, c.bases[i]-o.begun.before)
		o.channel.finishData(d, o.flight.next)
		o.flight.add(c, start, end, now)
	}
	o.begun.last = c.last
	o.begun.bytes += c.bytes
}

// wrote is the highest number that was handed to the kernel.
func (o *outbox) wrote() uint64 {
	if c := o.pending.first; c != nil && c.numbered {
		return c.number + uint64(c.wrote) - 1
	}
	return o.flight.next - 1
}

// report takes in what the replayer says. It returns false when that cannot be true.
func (o *outbox) report(now int64, r *report) bool {
	wrote, messages := o.wrote(), o.begun.messages()
	if r.next > wrote+1 || r.highest > wrote || r.messages > messages || r.lostMessages > messages-r.messages ||
		r.bytes > o.begun.bytes || r.lostBytes > o.begun.bytes-r.bytes {
		return false
	}
	if r.next < o.flight.oldest || r.messages < o.reported.messages {
		return true // overtaken by a later one
	}
	o.flight.see(r.highest)
	o.flight.settle(r.next, o.pool)
	o.measure(now, r)
	o.pulse.unheard = 0
	o.reported = *r
	o.reported.missing = nil // the spans are the caller's
	o.resend(now, r.missing)
	return true
}

// measure learns from a REPORT the round trip and how much fits into the path.
func (o *outbox) measure(now int64, r *report) {
	o.credit.window = int64(r.window)
	if r.overruns > o.reported.overruns {
		o.credit.overrun()
	}
	if r.echo == 0 || r.echo > now {
		return
	}
	sample := max(now-r.echo, 1)
	o.trip.learn(sample)
	if r.echo == o.pulse.beatAt && r.overruns == o.reported.overruns {
		o.credit.learn(int64(o.flight.costSeen-o.pulse.beatCost), o.trip.shortest, sample)
	}
}

// beat is when the next HEARTBEAT is due.
func (o *outbox) beat() int64 { return o.pulse.due(o.flight.unsettled(), o.trip.known()) }

// heartbeat sends a HEARTBEAT, or the same as BYE. dropped is how many messages the listener had no room for.
func (o *outbox) heartbeat(now int64, k kind, dropped uint64) {
	o.pulse.beat(now, o.flight.costSeen)
	o.sendControl(k, o.progress(now, dropped))
}

// probe sends a HEARTBEAT of size bytes, to find out whether the path carries such a datagram.
func (o *outbox) probe(now int64, dropped uint64, size int) {
	d := o.progress(now, dropped)
	if o.channel.seal != nil {
		size -= tagSize
	}
	used := len(d)
	d = d[:size]
	clear(d[used:])
	o.sendControl(kindHeartbeat, d)
}

// progress builds the body of a HEARTBEAT in controlBody.
func (o *outbox) progress(now int64, dropped uint64) []byte {
	h := heartbeat{time: now, oldest: o.flight.oldest, highest: o.wrote(), messages: o.begun.messages(), bytes: o.begun.bytes,
		dropped: dropped}
	return h.append(o.controlBody())
}

// controlBody is where the body of a control datagram is to be appended: scratch behind the header's place.
func (o *outbox) controlBody() []byte { return o.scratch[:headerSize] }

// sendControl completes and sends a control datagram built in controlBody.
func (o *outbox) sendControl(k kind, d []byte) {
	d = o.channel.finishControl(k, d)
	o.tx.send(d, len(d)) // one that is lost, here or on the way, is followed by others
}

// abandon forgets all that was sent in the session, and what is pending only to go on with a message begun in it: that
// message is lost. What else is pending waits for the next session.
func (o *outbox) abandon() {
	if c := o.pending.first; c != nil && c.numbered {
		o.pending.pop()
	}
	o.flight.settle(o.flight.next, o.pool)
	for c := o.pending.first; c != nil && c.last <= o.begun.last; c = o.pending.first {
		o.pool.put(o.pending.pop())
	}
}
