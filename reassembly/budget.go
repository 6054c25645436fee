package reassembly

import "gor/reassembly/memory"

// A budget is what all connections, streams and buffers may hold together. It
// only says whether there is room: making some is the Assembler's business, and
// done between two segments, never inside of one.
type budget struct {
	max     int64 // bytes
	peak    int64 // the most that was held when timers were looked at
	pool    memory.Pool
	conns   *connections
	streams *streams
}

// held is what is held now, in bytes.
func (b *budget) held() int64 { return b.conns.bytes() + b.streams.bytes() + b.pool.Held() }

func (b *budget) exceeded() bool { return b.held() > b.max }

// has reports whether there is room for n bytes more.
func (b *budget) has(n int) bool { return b.held()+int64(n) <= b.max }

// skip is where the bytes are counted that a connection has to skip.
func (b *budget) skip(f *flow) *int64 { return b.conns.recs.skip(f.i) }

// makeRoom sheds until the segment at hand finds room, of n bytes. At the most
// they are kept, along with what its connection has kept already: a buffer that
// grows is there twice for a moment.
func (a *Assembler) makeRoom(f *flow, n int) {
	st := f.stream()
	if st != nil {
		n += len(st.half.buf) + st.outOfOrder.bytes
	} else if a.streams.isFull() {
		a.shedStream(a.streams.oldest)
	}
	if n += n/4 + spanBytes; !a.budget.has(n) {
		a.shed(int64(n), st)
	}
}

// shed drops half-read requests, those first that were silent longest, until
// need more bytes fit into the budget. It spares the stream except.
func (a *Assembler) shed(need int64, except *stream) {
	for a.budget.held()+need > a.budget.max {
		st := a.streams.oldest
		if st == except && st != nil {
			st = st.newer
		}
		switch {
		case a.budget.pool.Idle() > 0:
			a.budget.pool.Drop()
		case st != nil:
			a.shedStream(st)
		default:
			return
		}
	}
}

// shedStream makes a stream smaller: what waits behind missing bytes is read,
// then a half-read request is dropped, then the connection is forgotten.
func (a *Assembler) shedStream(st *stream) {
	f := a.flowOf(st)
	switch {
	case st.isWaiting():
		f.giveUpHole(st)
	case a.reader.shed(f):
		f.settle()
	default:
		a.forget(f, Shed)
		a.stats.Evicted++
	}
}

// evict forgets a connection, so that there is room for another.
func (a *Assembler) evict() {
	i := a.conns.victim()
	a.forget(a.flowAt(i), Shed)
	a.stats.Evicted++
}

// flowAt makes a flow of a connection beside the one at hand, as flowOf does.
func (a *Assembler) flowAt(i uint32) *flow {
	c := a.conns.recs.at(i)
	if c.stream != 0 {
		return a.flowOf(a.streams.all[c.stream-1])
	}
	a.other = flow{a: a, i: i, c: c}
	return &a.other
}

// maxWaits is how many of the streams that wait are looked at at one time: a look
// takes half a microsecond. Where more wait, it is longer until the turn is each
// one's, up to two seconds within the default budget.
const maxWaits = 1 << 13

// expire does what is due: holes, guesses, silent streams, silent and closed
// connections.
func (a *Assembler) expire() {
	a.budget.peak = max(a.budget.peak, a.budget.held())
	for range min(len(a.streams.waiting), maxWaits) {
		st := a.streams.nextWaiting()
		if st == nil {
			break
		}
		f := a.flowOf(st)
		if f.expireHole(st); f.c.stream == st.at {
			a.reader.expire(f, st)
		}
	}
	idle := a.clock.now - int64(a.cfg.IdleTimeout)
	for st := a.streams.oldest; st != nil && st.last < idle; st = a.streams.oldest {
		f := a.flowOf(st)
		if a.reader.giveUp(f, Expired) {
			f.settle()
		} else {
			a.forget(f, Expired)
		}
	}
	a.forgetSilent(a.clock.momentOf(idle))
}

// forgetSilent forgets closed connections whose time is over, and of some of the
// others those that were silent since before the moment idle.
func (a *Assembler) forgetSilent(idle uint32) {
	left := maxExpired
	for ; left > 0; left-- {
		i := a.conns.nextClosed(max(a.clock.moment, closedTicks) - closedTicks)
		if i == 0 {
			break
		}
		a.forget(a.flowAt(i), Aborted)
	}
	a.conns.beginSweep(a.clock.now, int64(a.cfg.IdleTimeout))
	for ; left > 0; left-- {
		i := a.conns.nextSilent(idle)
		if i == 0 {
			break
		}
		a.forget(a.flowAt(i), Expired)
	}
	if a.conns.toExpire > 0 || left == 0 {
		a.clock.due = a.clock.now // there is more
	}
}
