package reassembly

import "math"

// memory is what all connections, streams and buffers hold, in bytes.
func (a *Assembler) memory() int64 {
	return a.recs.bytes() + a.closed.bytes() + a.table.bytes + int64(len(a.syns.entries))*synEntryBytes +
		a.streams.bytes() + a.pool.held
}

const (
	maxSlotBytes = 32      // of the table per connection: 8 bytes, at the least a quarter used
	maxExpired   = 4096    // connections forgotten at one time, so that no packet waits long
	maxSwept     = 1 << 14 // records looked at at one time, likewise
	maxChances   = 64      // connections looked at for one that was silent for long
)

// shed drops half-read requests, those first that were silent longest, until
// need more bytes fit into the budget. It spares the stream except, and says
// whether it came that far.
func (a *Assembler) shed(need int64, except *stream) bool {
	if a.shedding {
		return false // a hole given up below made a request grow
	}
	a.shedding = true
	defer func() { a.shedding = false }()
	for a.memory()+need > a.cfg.MaxMemory {
		st := a.streams.oldest
		if st == except && st != nil {
			st = st.newer
		}
		switch {
		case a.pool.spare > 0:
			a.pool.drop()
		case st != nil:
			a.shedStream(st)
		default:
			return false
		}
	}
	return true
}

// shedStream makes a stream smaller: what waits behind missing bytes is read,
// then a half-read request is dropped, then the connection is forgotten.
func (a *Assembler) shedStream(st *stream) {
	i := st.conn
	c := a.recs.at(i)
	switch {
	case a.isWaiting(st):
		a.fillHole(i, c, st)
	case c.phase == inside && !st.msg.discard:
		a.giveUp(c, st, Shed)
		a.settle(i, c)
	default:
		a.forget(i, Shed)
		a.stats.Evicted++
	}
}

// evict forgets a connection: the one that was closed first if there is any,
// else, of the next ones in memory, the one that was silent longest.
func (a *Assembler) evict() {
	i := a.takeClosed(math.MaxUint32)
	if i == 0 {
		i = a.longestSilent()
	}
	a.forget(i, Shed)
	a.stats.Evicted++
}

// takeClosed returns the connection that was closed first, if it was closed
// and silent before a moment, or 0.
func (a *Assembler) takeClosed(before uint32) uint32 {
	for a.closed.n > 0 && a.closed.front().moment < before {
		i, moment := a.closed.front().conn, a.closed.front().moment
		a.closed.pop()
		switch c := a.recs.at(i); {
		case c.phase != closed: // it is forgotten, or another has its record
		case c.last != moment: // copies of its packets came since
			a.closed.push(closing{i, c.last})
		default:
			return i
		}
	}
	return 0
}

// longestSilent looks at some connections, each time at others, so that those
// in use have long been used again when it is their turn.
func (a *Assembler) longestSilent() uint32 {
	var found uint32
	at := a.hand
	for seen, looked := 0, uint32(0); seen < maxChances && looked < a.recs.top; looked++ {
		if at++; at > a.recs.top {
			at = 1
		}
		c := a.recs.at(at)
		if c.phase == unused {
			continue
		}
		if seen++; found == 0 || c.last < a.recs.at(found).last {
			found = at
		}
	}
	a.hand = found
	return found
}

// expire does what is due: holes, silent streams, silent and closed connections.
func (a *Assembler) expire() {
	a.stats.PeakMemory = max(a.stats.PeakMemory, uint64(a.memory()))
	for k := len(a.streams.waiting) - 1; k >= 0; k-- {
		if k < len(a.streams.waiting) {
			a.expireHole(a.streams.waiting[k])
		}
	}
	idle := a.now - int64(a.cfg.IdleTimeout)
	for st := a.streams.oldest; st != nil && st.last < idle; st = a.streams.oldest {
		c := a.recs.at(st.conn)
		if c.phase != inside || st.msg.discard {
			a.forget(st.conn, Expired)
			continue
		}
		a.giveUp(c, st, Expired)
		a.settle(st.conn, c)
	}
	a.forgetSilent(a.momentOf(idle))
}

// forgetSilent forgets closed connections whose time is over, and of some of the
// others those that were silent since before idle: it comes round to each once
// in half the idle timeout.
func (a *Assembler) forgetSilent(idle uint32) {
	left := maxExpired
	for ; left > 0; left-- {
		i := a.takeClosed(a.momentOf(a.now - int64(closedTimeout)))
		if i == 0 {
			break
		}
		a.forget(i, Aborted)
	}
	period := int64(a.cfg.IdleTimeout) / 2
	elapsed := min(a.now-a.swept, period)
	a.swept = a.now
	a.toSweep = min(a.toSweep+1+uint32(float64(a.recs.top)*(float64(elapsed)/float64(period))), a.recs.top)
	for looked := 0; a.toSweep > 0 && left > 0 && looked < maxSwept; looked++ {
		a.toSweep--
		if a.broom++; a.broom > a.recs.top {
			a.broom = 1
		}
		if c := a.recs.at(a.broom); c.phase != unused && c.last < idle {
			a.forget(a.broom, Expired)
			left--
		}
	}
	if a.toSweep > 0 || left == 0 {
		a.due = a.now // there is more
	}
}

// expireHole gives up the missing bytes that are late. A range far ahead, past
// which packets filled the stream for as long, was none of this connection's.
func (a *Assembler) expireHole(st *stream) {
	i, at, late := st.conn, st.at, a.now-int64(a.cfg.GapTimeout)
	c := a.recs.at(i)
	for c.stream == at && a.isWaiting(st) {
		since := st.endTime
		if st.early.len() > 0 {
			since = st.early.front().time
		}
		switch {
		case max(since, st.progress) > late:
			return
		case st.early.len() > 0 && st.progress-since > int64(a.cfg.GapTimeout):
			a.pool.put(st.early.pop(&a.pool).data)
			a.settle(i, c)
		default:
			a.fillHole(i, c, st)
		}
	}
}
