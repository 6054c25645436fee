package reassembly

import (
	"time"

	"gor/reassembly/http1"
	"gor/reassembly/memory"
)

// Holes: bytes that are missing while later ones are there. They are waited for
// as long as their client may still send them again; other connections never
// wait for them. What speaks against waiting is looked at first.

const (
	// maxOutOfOrder is how many bytes may wait behind missing ones: more than the
	// receive window of a server (Linux: tcp_rmem, 6 MiB). A client that sent
	// more has been told that the missing bytes arrived.
	maxOutOfOrder = 8 << 20
	// maxOutOfOrderSpans bounds the ranges that may wait, likewise.
	maxOutOfOrderSpans = 4096
	// A client that began so many requests behind missing bytes, over a time in
	// which it would have sent them again (the smallest retransmission time is
	// 200 ms), has had responses since: the server was not missing them.
	laterRequests = 16
	laterTime     = 250e6
	// answeredTimeout is how long bytes are waited for once the client has had
	// a response and begun another request, or closed: only a client that
	// sends requests without waiting may still have them to send. It is also how
	// long what came before a place to begin at is kept.
	answeredTimeout = int64(3 * time.Second)
	// nearWindow is a receive window that is not scaled (RFC 7323): what is
	// farther ahead of the next byte needs better evidence.
	nearWindow = 64 << 10
)

// keep stores a range that is ahead of its turn.
func (f *flow) keep(in span) {
	a, st := f.a, f.needStream()
	in.starts = in.starts && in.kind == data && http1.StartsRequest(in.data)
	in.apart = st.end.seen && st.end.at == in.seq
	st.outOfOrder.insert(&a.budget.pool, in)
	if in.starts && in.ack.minus(st.outOfOrder.front().ack) > 0 {
		st.answered = true
	}
	a.streams.wait(st)
	for st.outOfOrder.len() > 0 && f.c.stream == st.at && f.gapIsPermanent(st) {
		f.giveUpHole(st)
	}
}

// gapIsPermanent reports whether what is missing will not come, long before it
// is late.
func (f *flow) gapIsPermanent(st *stream) bool {
	o := &st.outOfOrder
	return o.bytes > maxOutOfOrder || o.len() > maxOutOfOrderSpans ||
		o.starts >= laterRequests && f.now()-max(o.front().time, st.progress) >= laterTime
}

// giveUpHole gives up the bytes that are missing before the first range that
// was kept, or before the end of the stream.
func (f *flow) giveUpHole(st *stream) {
	switch {
	case f.c.state == open && st.dropStray(f.c.next, &f.a.budget.pool):
		f.a.stats.Foreign++
	case f.c.state == joining && st.end.seen:
		f.close()
	case f.c.state == joining:
		st.outOfOrder.reset(&f.a.budget.pool)
	case st.outOfOrder.len() > 0 && (!st.end.seen || st.end.reset || st.outOfOrder.front().seq.minus(st.end.at) < 0):
		st.answered = false
		f.miss(st.outOfOrder.front().seq.minus(f.c.next), Gap)
		f.drain()
	default:
		f.miss(st.end.at.minus(f.c.next), Gap)
	}
	f.settle()
}

// dropStray drops the first thing that waits if it is hardly of this connection,
// and reports whether it was: it is far ahead, and nothing came with it, or bytes
// came in order since and did not reach it. To believe an old duplicate, or a
// forged RST, would cost all that the connection still sends. Exactly this is
// only told by the server's window and by timestamps, which are not read.
func (st *stream) dropStray(next seq, p *memory.Pool) bool {
	if st.outOfOrder.len() == 0 {
		if st.end.at.minus(next) <= nearWindow {
			return false
		}
		st.end = ending{}
		return true
	}
	front := st.outOfOrder.front()
	if front.seq.minus(next) <= nearWindow || st.outOfOrder.len() > 1 && st.progress <= front.time {
		return false
	}
	p.Put(st.outOfOrder.pop(p).data)
	return true
}

// expireHole gives up the missing bytes that are late.
func (f *flow) expireHole(st *stream) {
	at := st.at
	for f.c.stream == at && st.isWaiting() {
		patience := int64(f.a.cfg.GapTimeout)
		if st.answered || f.c.state == joining {
			patience = min(patience, answeredTimeout)
		}
		since := max(st.end.time, st.progress)
		if st.outOfOrder.len() > 0 {
			front := st.outOfOrder.front()
			since = front.time
			if front.seq.minus(f.c.next) <= nearWindow {
				since = max(since, st.progress) // it is being filled
			}
		}
		if since > f.now()-patience {
			return
		}
		f.giveUpHole(st)
	}
}
