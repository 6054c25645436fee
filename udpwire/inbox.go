package udpwire

import (
	"encoding/binary"
	"time"
)

// An inbox is the replayer's half of a session: it takes DATA in any order, hands messages on in the order of their
// lanes, knows what is missing and when to say so. It is driven with the time and does no I/O. Not safe for
// concurrent use.
type inbox struct {
	oneWay  bool // nothing will be sent again
	numbers numbers
	order   order
	parts   collector

	known    uint64 // highest number known to have been sent
	ripe     uint64 // numbers up to here were sent long enough ago to be missing
	ripening uint64 // numbers up to here will be so
	ripeAt   int64  // then
	reportAt int64  // when the next REPORT is due
	asked    uint64 // numbers below have been asked for
	askFrom  uint64 // the next REPORT names what is missing from here on

	echo   int64  // of the last HEARTBEAT, until reported
	unsaid int64  // bytes that arrived since the last REPORT
	spans  []span // scratch

	message Message  // scratch
	piece   fragment // scratch

	check  checkpoint
	before struct{ messages, bytes uint64 } // of a one-way session, sent while nobody heard: no part of the accounts
	stats  inboxStats
}

// A checkpoint finds out how many bytes the lost messages had: the listener said how many bytes its first so many
// messages have; when those are settled, the difference to what was handed on is lost.
type checkpoint struct {
	latest          heartbeat // bytes less what was sent before
	messages, bytes uint64    // of the open one
	open            bool
	rebase          bool   // the next HEARTBEAT's bytes are those of the messages handed on so far
	lost            uint64 // bytes lost up to the last one passed
}

type inboxStats struct {
	datagrams, bytes, recovered, duplicate, malformed, lost, evicted uint64
}

// maxFrames is how many messages can begin in a datagram.
const maxFrames = (maxDatagram-dataOffset)/messageFixed + 1

// Pace of the answers.
const (
	reorder     = 3                             // a number this far below the highest is missing
	ripeAfter   = int64(2 * time.Millisecond)   // so is one sent this long before
	oneWayAfter = int64(200 * time.Millisecond) // on a path without answers it is lost then
	askAgain    = int64(2 * time.Millisecond)   // while something is missing
	askMore     = int64(1 * time.Millisecond)   // when more is missing than a REPORT can name
	reportBusy  = int64(25 * time.Millisecond)  // after DATA
	reportIdle  = int64(time.Second)
	never       = int64(1<<63 - 1)
)

// start makes the inbox ready. handle is lent each Message for the call.
func (in *inbox) start(handle func(*Message)) {
	in.numbers.init()
	in.order.handle = handle
	in.ripeAt, in.reportAt = never, never
}

// data takes in the frames of a DATA datagram that is authentic and not settled. It returns false when they contradict
// each other; what came before the contradiction counts.
func (in *inbox) data(now int64, number uint64, body []byte) bool {
	if number == 0 || number >= maxNumber || len(body) < 8 {
		return false
	}
	id := binary.BigEndian.Uint64(body)
	if in.oneWay && (in.known == 0 || !in.numbers.fits(number) || id > in.reach(number)) {
		if id == 0 || id > maxNumber {
			return false
		}
		in.leap(number, id)
	}
	if !in.numbers.fits(number) {
		return false
	}
	in.unsaid += int64(len(body))
	if number < in.asked {
		in.stats.recovered++
	}
	in.numbers.highest = max(in.numbers.highest, number)
	in.know(now, number)
	if in.reportAt > now+reportBusy {
		in.reportAt = now + reportBusy
	}
	var done uint64
	ok := id <= in.reach(number)
	if ok {
		done, ok = in.frames(id, body[8:])
	}
	if !ok {
		in.stats.malformed++
	}
	if number == in.numbers.next {
		in.numbers.next++ // in order: nothing to remember
		in.settle(max(done, in.numbers.advance()))
	} else {
		in.numbers.mark(number, numberArrived+done)
	}
	return ok
}

// reach is the highest id that can begin a listener's datagram of the given number: a datagram that was not read to its
// end holds at most maxFrames messages. It bounds what a forged id or total can make of the accounts.
func (in *inbox) reach(number uint64) uint64 {
	return min(in.order.top+1+in.unread(number)*maxFrames, in.order.settled+2*maxUnderWay)
}

// unread is at least how many datagrams up to number were not read to their end.
func (in *inbox) unread(number uint64) uint64 {
	n := in.stats.lost + in.stats.malformed
	if number >= in.numbers.next {
		n += number + 1 - in.numbers.next
	}
	return n
}

// leap goes on where a one-way session is heard for the first time, or again and so far on that what lies between is
// not believed: whoever has no secret may send anything. What came before counts neither as sent nor as lost.
func (in *inbox) leap(number, id uint64) {
	in.finish()
	last := max(in.order.settled, id-1)
	in.before.messages += last - in.order.settled
	in.order.settled, in.order.top = last, last
	in.numbers.next, in.known, in.ripe, in.asked = number, number-1, number-1, 0
	in.ripening, in.ripeAt = number-1, never
	in.check = checkpoint{lost: in.check.lost, rebase: in.before.messages > 0}
}

// frames reads the frames of a datagram whose first message has the given id. It returns the id of the last message
// that ends in it.
func (in *inbox) frames(id uint64, b []byte) (done uint64, ok bool) {
	done = id - min(id, 1)
	for first := true; len(b) > 0; first = false {
		switch b[0] {
		case framePad:
			return done, true
		case frameMessage:
			n, back, ok := parseMessage(b, &in.message)
			if !ok {
				return done, false
			}
			if !in.order.isDone(id) {
				in.order.deliver(id, back, &in.message, false)
			}
			b, done = b[n:], id
		case frameFragment:
			f := &in.piece
			n, ok := parseFragment(b, f)
			if !ok || f.offset != 0 && !first || !f.last() && len(b) > n && b[n] != framePad {
				return done, false
			}
			if !in.order.isDone(id) && !in.collect(id, f) {
				return done, false
			}
			if !f.last() {
				return done, true
			}
			b, done = b[n:], id
		default:
			return done, false
		}
		id++
	}
	return done, true
}

func (in *inbox) collect(id uint64, f *fragment) bool {
	in.order.top = max(in.order.top, id)
	p, ok := in.parts.add(id, f)
	if p == nil {
		return ok
	}
	n, back, ok := parseMessage(p.buf, &in.message)
	if ok = ok && n == len(p.buf); !ok {
		in.order.lose(id)
		in.parts.recycle(p)
		return false
	}
	if kept := in.order.deliver(id, back, &in.message, true); !kept {
		in.parts.recycle(p)
	}
	return true
}

// settle notes that every datagram with messages up to id has arrived or is gone.
func (in *inbox) settle(id uint64) {
	in.order.settle(id)
	if len(in.parts.partial) > 0 {
		in.parts.dropUpTo(in.order.settled)
	}
	in.check.pass(&in.order)
}

// know notes that numbers up to n were sent.
func (in *inbox) know(now int64, n uint64) {
	if n <= in.known {
		return
	}
	in.known = n
	if in.ripeAt == never {
		in.ripening, in.ripeAt = n, now+in.patience()
	}
	if !in.oneWay && n > reorder && n-reorder > in.ripe {
		in.ripe = n - reorder
		in.ask(now)
	}
}

func (in *inbox) patience() int64 {
	if in.oneWay {
		return oneWayAfter
	}
	return ripeAfter
}

// ask makes a REPORT due now if something is missing that has not been asked for.
func (in *inbox) ask(now int64) {
	if in.ripe >= in.asked && in.numbers.next <= in.ripe {
		in.reportAt = min(in.reportAt, now)
	}
}

// tick does what time brings.
func (in *inbox) tick(now int64) {
	if now < in.ripeAt {
		return
	}
	in.ripe, in.ripeAt = max(in.ripe, in.ripening), never
	if in.known > in.ripe {
		in.ripening, in.ripeAt = in.known, now+in.patience()
	}
	if in.oneWay {
		in.giveUp(in.ripe + 1)
	} else {
		in.ask(now)
	}
}

// due is when tick or report is to be called next.
func (in *inbox) due() int64 { return min(in.ripeAt, in.reportAt) }

// report fills in r and sets when the next one is due. r.missing is lent until the next call.
func (in *inbox) report(now int64, r *report) {
	in.spans = in.numbers.missing(in.spans[:0], in.askFrom, in.ripe+1, maxSpans)
	r.echo, in.echo = in.echo, 0
	r.next, r.highest = in.numbers.next, max(in.numbers.highest, in.numbers.next-1)
	r.messages, r.bytes = in.order.stats.received, in.order.stats.bytes
	r.lostMessages, r.lostBytes, r.lostDatagrams = in.order.stats.lost, in.check.lost, in.stats.lost
	r.missing = in.spans
	in.unsaid = 0
	in.reportAt = now + reportIdle
	n := len(in.spans)
	if n > 0 {
		in.reportAt = now + askAgain
		in.asked = max(in.asked, in.spans[n-1].end())
	} else if in.askFrom > in.numbers.next {
		in.reportAt = now + askMore
	}
	in.askFrom = 0
	if n == maxSpans { // asking for the lowest again and again would recover no more than these in a round trip
		in.askFrom = in.spans[n-1].end()
		in.reportAt = now + askMore
	}
}

// finish gives everything still missing up for lost.
func (in *inbox) finish() {
	in.giveUp(in.known + 1)
	in.settle(max(in.order.top, in.check.latest.messages))
	if l := in.check.latest; l.messages >= in.order.top && l.bytes >= in.order.stats.bytes {
		in.check.lost = l.bytes - in.order.stats.bytes
	}
}

// evict drops what has been unfinished longest and reports whether there was anything.
func (in *inbox) evict() bool {
	in.stats.evicted++
	if id := in.parts.evict(); id != 0 {
		in.order.lose(id)
		return true
	}
	if in.order.evict() {
		return true
	}
	in.stats.evicted--
	return false
}

// held is how many bytes of memory unfinished and waiting messages take.
func (in *inbox) held() int64 { return in.parts.bytes + in.order.heldBytes }

// heartbeat takes in how far the listener is. It returns false when that cannot be true.
func (in *inbox) heartbeat(now int64, h *heartbeat) bool {
	if h.messages < in.check.latest.messages {
		return true // overtaken
	}
	if in.check.rebase {
		in.before.bytes = h.bytes - min(h.bytes, in.order.stats.bytes+in.check.lost)
	}
	h.bytes -= min(h.bytes, in.before.bytes)
	if !in.credible(h) {
		return false
	}
	in.check.rebase = false
	in.echo = h.time
	in.reportAt = now
	in.know(now, h.highest)
	if h.oldest > in.numbers.next && !in.oneWay {
		in.giveUp(min(h.oldest, h.highest+1))
	}
	in.check.set(h, &in.order)
	in.check.pass(&in.order)
	return true
}

// credible reports whether a listener can be as far as h says: it keeps within its limits of what is neither handed on
// nor lost, and its messages' bytes were in datagrams that arrived, are lost or are under way. The totals may be ahead
// of the highest number: by a chunk of which not all has left, and by what the last message is still to send.
func (in *inbox) credible(h *heartbeat) bool {
	return in.numbers.fits(h.highest) && h.messages <= in.reach(h.highest+maxGrams) &&
		h.bytes <= in.stats.bytes+in.unread(h.highest+maxGrams)*maxDatagram+MaxMessage
}

// gone takes in numbers that will not be sent again, and so have been sent.
func (in *inbox) gone(spans []span) {
	for _, s := range spans {
		for n := max(s.first, in.numbers.next); n < s.end() && n <= in.known; n++ {
			in.markGone(n)
		}
	}
	in.settle(in.numbers.advance())
}

func (in *inbox) markGone(n uint64) {
	if !in.numbers.settled(n) {
		in.numbers.mark(n, numberGone)
		in.stats.lost++
	}
}

// giveUp declares all missing numbers below limit gone.
func (in *inbox) giveUp(limit uint64) {
	var id uint64
	for in.numbers.next < limit {
		if in.numbers.count == 0 {
			in.stats.lost += limit - in.numbers.next
			in.numbers.next = limit
			break
		}
		in.markGone(in.numbers.next)
		id = max(id, in.numbers.advance())
	}
	in.settle(max(id, in.numbers.advance()))
}

// set takes a HEARTBEAT's totals as the next checkpoint, unless one is open or messages after it have arrived.
func (c *checkpoint) set(h *heartbeat, o *order) {
	if h.messages < c.latest.messages {
		return
	}
	c.latest = *h
	if !c.open && o.top <= h.messages {
		c.open, c.messages, c.bytes = true, h.messages, h.bytes
		o.watch, o.watched = h.messages, o.stats.bytes
	}
}

// pass closes the checkpoint when all its messages are settled.
func (c *checkpoint) pass(o *order) {
	if c.open && o.settled >= c.messages {
		c.open = false
		c.lost = max(c.lost, c.bytes-min(o.watched, c.bytes))
	}
}
