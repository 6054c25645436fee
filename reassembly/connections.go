package reassembly

import (
	"math"

	"gor/capture"
)

// connections are all connections that are known, the closed ones included,
// and the SYNs of those that have not sent data yet. They say which one gives
// way when there are too many, and which were silent for too long.
type connections struct {
	table  *table
	recs   slab
	syns   synCache
	closed closedQueue

	evictCursor  uint32 // the record that was looked at last for one to evict
	expireCursor uint32 // the record that was looked at last for being silent too long
	toExpire     uint32 // how many records are still to be looked at now
	swept        int64  // when toExpire was decided last
}

const (
	maxSlotBytes = 32      // of the table per connection: 8 bytes, at the least a quarter used
	maxExpired   = 4096    // how many connections are forgotten at one time, so that no packet waits long
	maxSwept     = 1 << 14 // how many records are looked at at one time, likewise
	maxChances   = 64      // how many connections are looked at for one that was silent for long

	// closedTicks is for how long a closed connection is remembered, so that
	// late copies of its packets are no requests.
	closedTicks = 150
)

// newConnections sizes them so that five eighths of a budget hold them all.
// Where load balancers name the clients (see slab.origin), it may be three quarters.
func newConnections(budget int64) connections {
	limit := max(1, int(budget*5/8/(connBytes+skipBytes+closingBytes+maxSlotBytes)))
	return connections{
		table: newTable(), recs: slab{limit: limit}, syns: newSynCache(budget), closed: closedQueue{limit: limit},
	}
}

// A lookup is where a segment's connection is looked for.
type lookup struct {
	hash    uint64
	conn    uint32 // where it was a moment ago; 0: nowhere
	inserts uint32 // how many connections its part of the table had seen by then
}

// lookUp finds a connection at once.
func (cs *connections) lookUp(client, server *capture.Endpoint) lookup {
	at := lookup{hash: cs.table.hash(client, server)}
	at.conn, at.inserts = cs.table.candidate(at.hash)
	return at
}

// prefetchSlot has the processor load the slots that a connection's lookup
// begins at, and returns its hash.
func (cs *connections) prefetchSlot(client, server *capture.Endpoint) uint64 {
	h := cs.table.hash(client, server)
	cs.table.prefetch(h)
	return h
}

// prefetchRecord goes on with a lookup whose slot was prefetched.
func (cs *connections) prefetchRecord(at *lookup) {
	if at.conn, at.inserts = cs.table.candidate(at.hash); at.conn != 0 {
		cs.recs.prefetch(at.conn)
	} else {
		cs.syns.prefetch(at.hash)
	}
}

// resolve ends a lookup: what was found a moment ago may have become wrong. It
// returns 0 where there is no such connection.
func (cs *connections) resolve(at lookup) uint32 {
	h, i := at.hash, at.conn
	if i == 0 && !cs.table.isNew(h, at.inserts) || i != 0 && cs.recs.at(i).id != h {
		return cs.table.find(&cs.recs, h)
	}
	return i
}

func (cs *connections) isFull() bool { return cs.recs.live >= cs.recs.limit }

// add makes a record.
func (cs *connections) add(h uint64) (uint32, *conn) {
	i, c := cs.recs.get()
	c.id = h
	cs.table.insert(h, i)
	return i, c
}

func (cs *connections) remove(h uint64, i uint32) {
	cs.table.remove(h, i)
	cs.recs.put(i)
}

// nextClosed returns the connection that was closed first, if it was closed
// and silent before a moment, or 0.
func (cs *connections) nextClosed(before uint32) uint32 {
	for cs.closed.n > 0 && cs.closed.front().moment < before {
		at := cs.closed.pop()
		switch c := cs.recs.at(at.conn); {
		case c.state != closed: // it is forgotten, or another has its record
		case c.last != at.moment: // copies of its packets came since
			cs.closed.push(closing{at.conn, c.last})
		default:
			return at.conn
		}
	}
	return 0
}

// victim returns the connection to give up for another: the one that was
// closed first if there is any, else, of the next ones in memory, the one that
// was silent longest.
func (cs *connections) victim() uint32 {
	if i := cs.nextClosed(math.MaxUint32); i != 0 {
		return i
	}
	var found uint32
	at := cs.evictCursor
	for seen, looked := 0, uint32(0); seen < maxChances && looked < cs.recs.top; looked++ {
		if at++; at > cs.recs.top {
			at = 1
		}
		c := cs.recs.at(at)
		if c.state == unused {
			continue
		}
		if seen++; found == 0 || c.last < cs.recs.at(found).last {
			found = at
		}
	}
	cs.evictCursor = found
	return found
}

// beginSweep decides how many records are looked at now, so that each has its
// turn once in half of the idle timeout.
func (cs *connections) beginSweep(now, idleTimeout int64) {
	period := idleTimeout / 2
	elapsed := min(now-cs.swept, period)
	cs.swept = now
	cs.toExpire = min(cs.toExpire+1+uint32(float64(cs.recs.top)*(float64(elapsed)/float64(period))), cs.recs.top)
}

// nextSilent returns the next connection that was silent since before a
// moment, or 0 when those whose turn it was have been looked at, or as many as
// one call may look at.
func (cs *connections) nextSilent(before uint32) uint32 {
	for looked := 0; cs.toExpire > 0 && looked < maxSwept; looked++ {
		cs.toExpire--
		if cs.expireCursor++; cs.expireCursor > cs.recs.top {
			cs.expireCursor = 1
		}
		if c := cs.recs.at(cs.expireCursor); c.state != unused && c.last < before {
			return cs.expireCursor
		}
	}
	return 0
}

// bytes is what they hold.
func (cs *connections) bytes() int64 {
	return cs.recs.bytes() + cs.closed.bytes() + cs.table.bytes + cs.syns.bytes()
}
