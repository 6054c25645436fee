package udpwire

import "encoding/binary"

// An inbox is the replayer's half of a session: it takes DATA in any order, hands messages on in the order of their
// lanes, knows what is missing and when to say so. What is handed to it is lent. It is driven with the time and does no
// I/O. Not safe for concurrent use.
type inbox struct {
	numbers  numbers      // Which datagrams have arrived.
	detector lossDetector // Which of the others are missing.
	reporter reporter     // When to say so.
	pieces   collector    // Datagrams of which a piece has arrived.
	parts    collector    // Messages of which a part has arrived.
	order    order        // Messages that wait for their turn, and the accounts of messages.
	check    checkpoint   // How many bytes the lost ones had.
	stats    inboxStats

	message Message  // Scratch.
	piece   fragment // Scratch.
}

// inboxStats are the accounts of a session's datagrams.
type inboxStats struct {
	datagrams uint64 // Accepted, of all kinds.
	bytes     uint64 // UDP payload of those.
	recovered uint64 // Arrived after they were asked for again.
	duplicate uint64 // DATA that arrived once more.
	malformed uint64 // DATA whose frames contradict each other.
	lost      uint64 // Given up.
	evicted   uint64 // Messages dropped for want of memory.
	skipped   uint64 // Frames of a type that is not known.
}

// start makes the inbox ready. handle is lent each Message for the call.
func (in *inbox) start(handle func(*Message)) {
	in.numbers.init()
	in.order.handle = handle
	in.detector.begin()
	in.reporter.dueAt = never
}

// data takes in the frames of a DATA datagram that is authentic and not settled. It returns false when they contradict
// each other; what came before the contradiction counts.
func (in *inbox) data(now int64, number uint64, body []byte) bool {
	if number == 0 || number >= maxNumber || len(body) < 8 {
		return false
	}
	id := binary.BigEndian.Uint64(body)
	if !in.numbers.fits(number) {
		return false
	}
	in.arrive(now, number, len(body))
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

// arrive notes that a DATA datagram with a body of size bytes has arrived, whatever its frames are.
func (in *inbox) arrive(now int64, number uint64, size int) {
	in.reporter.unsaid += int64(size)
	in.reporter.vain = 0
	if number < in.reporter.asked {
		in.stats.recovered++
	}
	in.numbers.highest = max(in.numbers.highest, number)
	in.know(now, number)
	in.reporter.hasten(now + reportBusy)
}

// settle notes that every datagram with messages up to id has arrived or is gone.
func (in *inbox) settle(id uint64) {
	in.order.settle(id)
	in.parts.dropUpTo(in.order.settled)
	in.pieces.dropUpTo(in.numbers.next - 1)
	in.check.pass(&in.order)
}

// know notes that numbers up to n were sent.
func (in *inbox) know(now int64, n uint64) {
	if in.detector.know(now, n) {
		in.reporter.ask(now, in.numbers.next, in.detector.overdue)
	}
}

// tick does what time brings.
func (in *inbox) tick(now int64) {
	if in.detector.tick(now) {
		in.reporter.ask(now, in.numbers.next, in.detector.overdue)
	}
}

// due is when tick or report is to be called next.
func (in *inbox) due() int64 { return min(in.detector.overdueAt, in.reporter.dueAt) }

// report fills in what r says of the session and sets when the next one is due. r.missing is lent until the next call.
func (in *inbox) report(now int64, r *report) {
	r.echo, r.size = in.reporter.echo, in.reporter.size
	r.creditMessages, r.creditBytes = noBound, noBound
	r.next, r.highest = in.numbers.next, max(in.numbers.highest, in.numbers.next-1)
	r.messages, r.bytes = in.order.stats.received, in.order.stats.bytes
	r.lostMessages, r.lostBytes, r.lostDatagrams = in.order.stats.lost, in.check.lost, in.stats.lost
	r.missing = in.reporter.missing(now, &in.numbers, in.detector.overdue)
}

// heartbeat takes in how far the listener is, as a datagram of size bytes says. It returns false when that cannot be true.
func (in *inbox) heartbeat(now int64, h *heartbeat, size int) bool {
	if h.messages < in.check.latest.messages {
		return true // overtaken
	}
	if !in.credible(h) {
		return false
	}
	in.reporter.heard(now, h.time, size)
	in.know(now, h.highest)
	if h.oldest > in.numbers.next {
		in.giveUp(min(h.oldest, h.highest+1))
	}
	in.check.set(h, &in.order)
	in.check.pass(&in.order)
	return true
}

// maxGone is how many numbers a GONE is believed at a time. What more it says is missing still, and said again.
const maxGone = 4096

// gone takes in numbers that will not be sent again, and so have been sent.
func (in *inbox) gone(g *gone) {
	left := maxGone
	for _, s := range g.numbers {
		for n := max(s.first, in.numbers.next); n < s.end() && n <= in.detector.known && left > 0; n++ {
			in.markGone(n)
			left--
		}
	}
	in.settle(in.numbers.advance())
}

// markGone gives a number up unless it is settled.
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
		in.stats.lost += in.numbers.skip(limit)
		id = max(id, in.numbers.advance())
	}
	in.settle(max(id, in.numbers.advance()))
}

// finish gives everything still missing up for lost.
func (in *inbox) finish() {
	in.giveUp(in.detector.known + 1)
	in.settle(max(in.order.top, in.check.latest.messages))
	in.check.finish(&in.order)
}

// evict drops what has been unfinished longest, else what has waited longest, and reports whether there was anything.
// Pieces go first: the datagram is asked for again.
func (in *inbox) evict() bool {
	if in.pieces.evict() != 0 {
		return true
	}
	if id := in.parts.evict(); id != 0 {
		in.order.lose(id)
	} else if !in.order.evict() {
		return false
	}
	in.stats.evicted++
	return true
}

// held is how many bytes of memory unfinished and waiting messages take, and what is remembered of those that are not.
func (in *inbox) held() int64 {
	return in.pieces.bytes + in.parts.bytes + in.order.heldBytes + in.numbers.held + in.order.done.held
}
