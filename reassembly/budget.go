package reassembly

// memory is what all connections, streams and buffers hold, in bytes.
func (a *Assembler) memory() int64 {
	return a.recs.bytes() + a.table.bytes + int64(len(a.syns.entries))*synEntryBytes +
		a.streams.bytes() + a.pool.held
}

const (
	maxSlotBytes = 32   // of the table per connection: 8 bytes, at the least a quarter used
	maxExpired   = 4096 // connections forgotten at one time, so that no packet waits long
	maxChances   = 64   // connections looked at for one that was not used since it was listed
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

// evict forgets the connection that was silent longest: a closed one if there
// is any, else the first in the list that was not used since it was put there.
func (a *Assembler) evict() {
	i := a.gone.oldest
	for chances := maxChances; i == 0; chances-- {
		oldest := a.known.oldest
		if chances > 0 && a.recs.at(oldest).last > a.momentOf(a.recs.place(oldest).listed) {
			a.known.remove(&a.recs, oldest)
			a.known.push(&a.recs, oldest, a.now)
			continue
		}
		i = oldest
	}
	a.forget(i, Shed)
	a.stats.Evicted++
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
	for range maxExpired {
		if i := a.gone.oldest; i != 0 && a.recs.place(i).listed < a.now-int64(closedTimeout) {
			a.forget(i, Aborted)
		} else if i := a.known.oldest; i != 0 && a.recs.place(i).listed < idle {
			if a.recs.at(i).last < a.momentOf(idle) {
				a.forget(i, Expired)
				continue
			}
			a.known.remove(&a.recs, i)
			a.known.push(&a.recs, i, a.now)
		} else {
			return
		}
	}
	a.due = a.now // there is more
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
