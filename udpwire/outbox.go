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
	patient bool // The messages' source can wait: it keeps to the credit.

	// These begin anew with each session.
	channel  outgoing
	flight   flight
	begun    begun
	reported report // The latest, without its spans.
	answer   uint64 // What the next HEARTBEATs return: the last challenge, 0 when there was none.
	trip     roundTrip
	credit   credit
	pulse    pulse
}

// begun are the messages of which a session has sent something.
type begun struct {
	before uint64 // The last id of earlier sessions.
	last   uint64 // The last id begun in this one.
	bytes  uint64 // The bodies of those in between.
}

// messages is how many there are.
func (b *begun) messages() uint64 { return b.last - b.before }

// unconfirmed is how many of them are neither confirmed nor known to be lost, as a REPORT says.
func (b *begun) unconfirmed(r *report) uint64 {
	return b.messages() - min(r.messages+r.lostMessages, b.messages())
}

// add enters what begins in datagrams that have been sent.
func (b *begun) add(news []news) {
	for _, g := range news {
		b.last += uint64(g.messages)
		b.bytes += uint64(g.bytes)
	}
}

// maxUnderWay is how many messages may be neither handed on nor lost.
const maxUnderWay = 1 << 20

// begin starts a session, in which nothing was sent. What is pending stays.
func (o *outbox) begin(out outgoing) {
	o.tx.refused = false
	o.channel = out
	o.flight.begin()
	o.begun = begun{before: o.begun.last, last: o.begun.last}
	o.reported, o.trip, o.pulse, o.answer = report{}, roundTrip{}, pulse{}, 0
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

// starved reports whether what is pending waits for credit. What a message goes on with that has begun does not.
func (o *outbox) starved() bool {
	c := o.pending.first
	return o.patient && c != nil && !c.numbered && c.bases[0] > o.begun.last && !o.credit.allows(&o.begun)
}

// held reports whether messages that have arrived are still to go on from the replayer, for a source that can wait.
func (o *outbox) held() bool { return o.patient && o.reported.flags&reportHolds != 0 }

// room reports whether another chunk may be sent now.
func (o *outbox) room() bool {
	return !o.starved() && o.flight.fits() && o.begun.unconfirmed(&o.reported) < maxUnderWay && o.flight.cost() < o.credit.underWay()
}

// drain sends pending chunks as far as the replayer has room and confirms what it gets. It returns the error that
// stopped it; the rest stays.
func (o *outbox) drain(now int64) error {
	for {
		c := o.pending.first
		if c == nil || o.pulse.stalled(now, &o.trip) {
			return nil
		}
		if !c.numbered {
			if !o.room() || o.reported.draining() && c.bases[0] > o.begun.last {
				return nil
			}
			o.number(c, now)
		}
		if err := o.write(now, c); err != nil {
			return err
		}
		o.pending.pop()
	}
}

// write sends what was not sent yet of a numbered chunk: in pieces what is larger than the path carries by now.
func (o *outbox) write(now int64, c *chunk) error {
	for c.wrote < c.n {
		n, size := c.run(c.wrote)
		if size > o.tx.size.full {
			if err := o.tx.pieces(&o.channel, c.number+uint64(c.wrote), c.buf[c.start(c.wrote):c.ends[c.wrote]]); err != nil {
				return err
			}
			o.wroteMore(now, c, 1)
			continue
		}
		sent, err := o.tx.send(c.buf[c.start(c.wrote):c.ends[c.wrote+n-1]], size)
		if o.wroteMore(now, c, sent); err != nil && err != errTooLarge {
			return err
		}
	}
	return nil
}

// wroteMore notes that n more datagrams of a chunk have left.
func (o *outbox) wroteMore(now int64, c *chunk, n int) {
	o.begun.add(c.news[c.wrote : c.wrote+n])
	if c.wrote += n; n > 0 {
		o.pulse.data(now)
	}
}

// number gives a chunk's datagrams their numbers, headers and seals. From here on their bytes never change: a
// number is one datagram for ever, sent again as it is.
func (o *outbox) number(c *chunk, now int64) {
	o.rekey(now)
	c.numbered, c.number, c.at = true, o.flight.next, now
	for i := range c.n {
		start, end := c.start(i), c.ends[i]
		d := c.buf[start:end]
		putBase(d, c.bases[i]-o.begun.before)
		o.channel.finishData(d, o.flight.next)
		o.flight.add(c, start, end, now)
	}
}

// sent reports whether a datagram of the session may have had a number, of whichever kind it was.
func (o *outbox) sent(number uint64) bool {
	return number > 0 && number <= max(o.channel.control, o.flight.next-1)
}

// wrote is the highest number that was handed to the kernel.
func (o *outbox) wrote() uint64 {
	if c := o.pending.first; c != nil && c.numbered {
		return c.number + uint64(c.wrote) - 1
	}
	return o.flight.next - 1
}

// report takes in what the replayer says. progress says that it confirms something that no REPORT did before: who says
// much and confirms nothing new may not hear a word of what is sent. ok is false when it cannot be true.
func (o *outbox) report(now int64, r *report) (progress, ok bool) {
	wrote, messages := o.wrote(), o.begun.messages()
	if r.next > wrote+1 || r.highest > wrote || r.messages > messages || r.lostMessages > messages-r.messages ||
		r.bytes > o.begun.bytes || r.lostBytes > o.begun.bytes-r.bytes {
		return false, false
	}
	if r.next < o.flight.oldest || r.messages < o.reported.messages {
		return false, true // overtaken by a later one
	}
	if progress = r.next > o.flight.oldest || r.highest > o.flight.seen; o.pulse.echo(now, r.echo) {
		progress = true
	}
	o.flight.see(r.highest)
	o.flight.settle(r.next, o.pool)
	o.measure(now, r)
	o.tx.size.proven(int(r.size))
	o.resends.learn(now, r, &o.reported)
	if progress {
		o.pulse.progress()
	}
	o.reported = *r
	o.reported.missing = nil // the spans are the caller's
	if o.flight.hole(r.missing, o.tx.size.full) {
		o.tx.size.doubt(now)
	}
	o.resend(now, r.missing)
	return progress, true
}

// measure learns from a REPORT the round trip and how much fits into the path.
func (o *outbox) measure(now int64, r *report) {
	o.credit.window = int64(r.window)
	o.credit.grant(r)
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
func (o *outbox) beat() int64 {
	return o.pulse.due(o.flight.unsettled() || o.starved() || o.held(), &o.trip)
}

// opening sends BEGIN.
func (o *outbox) opening(now int64, first begin, dropped uint64) {
	o.pulse.beat(now, o.flight.costSeen)
	first.beat = o.progress(now, dropped)
	o.tx.control(&o.channel, kindBegin, first.append(o.tx.body()))
}

// heartbeat sends a HEARTBEAT, or the same as BYE. dropped is how many messages the listener had no room for.
func (o *outbox) heartbeat(now int64, k kind, dropped uint64) {
	o.pulse.beat(now, o.flight.costSeen)
	h := o.progress(now, dropped)
	o.tx.control(&o.channel, k, h.append(o.tx.body()))
}

// search sends HEARTBEATs that are padded to larger sizes than the path is known to carry, when that is due.
func (o *outbox) search(now int64, dropped uint64) {
	if now < o.tx.size.nextAt {
		return // nor is the kernel asked what it knows
	}
	var sizes [len(steps) + 1]int
	for _, size := range o.tx.size.probes(sizes[:0], now, o.tx.mtu()) {
		h := o.progress(now, dropped)
		o.tx.probe(&o.channel, h.append(o.tx.body()), size)
	}
}

// progress is how far the listener is. It is asked for often enough to look after the keys as well.
func (o *outbox) progress(now int64, dropped uint64) heartbeat {
	o.rekey(now)
	return heartbeat{time: now, oldest: o.flight.oldest, highest: o.wrote(), messages: o.begun.messages(), bytes: o.begun.bytes,
		dropped: dropped, answer: o.answer}
}

// rekey goes on with new keys when it is time.
func (o *outbox) rekey(now int64) { o.channel.rekey(now, o.flight.next, o.flight.oldest) }

// recall takes back what has its numbers and never left, so that it is not lost with the session: it waits for the next
// one as if it had never been numbered. What cannot be taken back is as good as sent.
func (o *outbox) recall() {
	c := o.pending.first
	if c == nil || !c.numbered || c.wrote == c.n {
		return
	}
	back := o.pool.get(cap(c.buf))
	for i := c.wrote; i < c.n; i++ {
		d := c.buf[c.start(i):c.ends[i]]
		if !o.channel.undo(d) {
			o.pool.put(back)
			o.begun.add(c.news[c.wrote:c.n])
			return
		}
		back.buf = append(back.buf, d...)
		back.ends[back.n], back.bases[back.n], back.news[back.n] = uint32(len(back.buf)), c.bases[i], c.news[i]
		back.n++
	}
	back.last = c.last
	o.flight.next = c.number + uint64(c.wrote) // nobody has seen the others
	if o.pending.pop(); c.wrote == 0 {
		o.pool.put(c)
	} else {
		c.n = c.wrote
	}
	o.pending.pushFront(back)
}

// discard forgets what is pending, but for what a message goes on with that has begun. It reports whether there was
// anything.
func (o *outbox) discard() (any bool) {
	for c := o.pending.first; c != nil && !c.numbered && c.bases[0] > o.begun.last; c = o.pending.first {
		o.pool.put(o.pending.pop())
		any = true
	}
	return any
}

// abandon forgets all that was sent in the session, and what is pending only to go on with a message begun in it: that
// message is lost. What else is pending waits for the next session.
func (o *outbox) abandon() {
	if c := o.pending.first; c != nil && c.numbered {
		o.pending.pop()
	}
	for n := o.flight.oldest; n < o.flight.next; n++ {
		if s := o.flight.at(n); !s.gone {
			o.resends.lost++
		}
	}
	o.flight.settle(o.flight.next, o.pool)
	for c := o.pending.first; c != nil && c.last <= o.begun.last; c = o.pending.first {
		o.pool.put(o.pending.pop())
	}
}
