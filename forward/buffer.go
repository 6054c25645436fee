package forward

import "math/bits"

// itemOverhead is what an item costs beside its bytes, in the buffer's accounts.
const itemOverhead = 256

// An item is one request that waits for its turn or is in flight. Its bytes
// are its own, in a buffer that itemPools gave it.
type item struct {
	raw    []byte     // the request's bytes
	buf    *buffer    // where it waits
	at     int64      // when it came, in nanoseconds of the target's clock
	lane   *lane      // of its client connection
	inLane node[item] // its place in the lane
	inAge  node[item] // its place among all that wait
	again  bool       // it has been taken out before, and was put back
	conn   uint64     // as submitted
	index  uint64     // likewise
	time   int64      // likewise
	delay  delay      // what it waited for
}

func (it *item) cost() int64 { return int64(cap(it.raw)) + itemOverhead }

// A lane holds what waits of one client connection, in order. It exists while
// something waits or is in flight.
type lane struct {
	conn    uint64
	items   list[item] // that wait; what is in flight has been taken out
	cost    int64      // of items
	busy    bool       // a request of this connection is in flight
	rank    int        // index of the buffer's list that inRank is in; -1: none
	inReady node[lane]
	inRank  node[lane]
}

// A buffer holds waiting requests of a target: in order within a connection,
// connections in turn, bounded in number and bytes. When it is full, the oldest
// request of the connection that takes up the most room makes way; room is
// compared by powers of two. The bytes of requests in flight count as well,
// until release: what a target costs in memory has one bound. The owner guards
// it with a lock.
type buffer struct {
	maxCount int   // of those that wait
	maxCost  int64 // of all

	lanes map[uint64]*lane
	ready list[lane] // lanes with a waiting request and none in flight, next turn first
	ranks [64]list[lane]
	byAge list[item] // all that wait, the oldest first
	count int        // of those that wait
	cost  int64      // of those that wait and those in flight
	spare []*lane    // to be used again
}

const maxSpareLanes = 1024

func newBuffer(maxCount int, maxBytes int64) *buffer {
	return &buffer{maxCount: maxCount, maxCost: maxBytes, lanes: make(map[uint64]*lane)}
}

// push adds it, which came with connection conn. The caller then drops what is over.
func (b *buffer) push(it *item, conn uint64) {
	l := b.lanes[conn]
	if l == nil {
		l = b.newLane(conn)
	}
	if l.items.first() == nil && !l.busy {
		b.ready.pushBack(&l.inReady, l)
	}
	it.lane, it.buf = l, b
	l.items.pushBack(&it.inLane, it)
	b.byAge.pushBack(&it.inAge, it)
	b.count++
	b.cost += it.cost()
	l.cost += it.cost()
	b.rerank(l)
}

func (b *buffer) newLane(conn uint64) *lane {
	var l *lane
	if n := len(b.spare); n > 0 {
		l, b.spare = b.spare[n-1], b.spare[:n-1]
	} else {
		l = new(lane)
	}
	*l = lane{conn: conn, rank: -1}
	b.lanes[conn] = l
	return l
}

// rerank puts l into the list for the room it takes up; into none if nothing waits.
func (b *buffer) rerank(l *lane) {
	rank := bits.Len64(uint64(l.cost))
	if l.items.first() == nil {
		rank = -1
	}
	if rank == l.rank {
		return
	}
	l.inRank.remove()
	if l.rank = rank; rank >= 0 {
		b.ranks[rank].pushBack(&l.inRank, l)
	}
}

// overfull takes out the request that has to make way; nil: all fit.
func (b *buffer) overfull() *item {
	if b.count <= b.maxCount && b.cost <= b.maxCost {
		return nil
	}
	for i := len(b.ranks) - 1; i >= 0; i-- {
		if l := b.ranks[i].first(); l != nil {
			return b.drop(l)
		}
	}
	return nil
}

// expired takes out the oldest request if it came before t; nil: none did.
func (b *buffer) expired(t int64) *item {
	oldest := b.byAge.first()
	if oldest == nil || oldest.at >= t {
		return nil
	}
	return b.drop(oldest.lane) // the oldest of all is the first of its lane
}

// drop takes out the first request of l, which is not sent.
func (b *buffer) drop(l *lane) *item {
	it := b.shift(l)
	b.cost -= it.cost()
	if l.items.first() == nil {
		l.inReady.remove()
		b.retire(l)
	}
	return it
}

// pop takes the next request of the next lane, which is busy until release;
// nil: none may go.
func (b *buffer) pop() *item {
	l := b.ready.first()
	if l == nil {
		return nil
	}
	l.inReady.remove()
	l.busy = true
	return b.shift(l)
}

// release ends the time in which it, which pop returned, is in flight.
func (b *buffer) release(it *item) {
	l := it.lane
	b.cost -= it.cost()
	l.busy = false
	if l.items.first() != nil {
		b.ready.pushBack(&l.inReady, l)
	}
	b.retire(l)
}

// putBack is release for what was not sent after all: it waits again, before all others.
func (b *buffer) putBack(it *item) {
	l := it.lane
	l.busy, it.again = false, true
	l.items.pushFront(&it.inLane, it)
	b.byAge.pushFront(&it.inAge, it)
	b.ready.pushFront(&l.inReady, l)
	b.count++
	l.cost += it.cost()
	b.rerank(l)
}

// retire forgets a lane that holds nothing.
func (b *buffer) retire(l *lane) {
	if l.busy || l.items.first() != nil {
		return
	}
	delete(b.lanes, l.conn)
	if len(b.spare) < maxSpareLanes {
		b.spare = append(b.spare, l)
	}
}

// shift takes the first item out of l.
func (b *buffer) shift(l *lane) *item {
	it := l.items.first()
	it.inLane.remove()
	it.inAge.remove()
	b.count--
	l.cost -= it.cost()
	b.rerank(l)
	return it
}
