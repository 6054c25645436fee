package forward

import "math/bits"

// itemOverhead is what an item costs beside its bytes, in the buffer's accounts.
const itemOverhead = 256

// An item is one request that waits for its turn.
type item struct {
	raw          []byte // the request's bytes
	at           int64  // when it came
	lane         *lane
	next         *item // in its lane
	older, newer *item // of all items
}

func (it *item) cost() int64 { return int64(cap(it.raw)) + itemOverhead }

// A lane holds what waits of one client connection, in order. It exists while
// something waits or is in flight.
type lane struct {
	conn       uint64
	head, tail *item
	cost       int64
	busy       bool // a request of this connection is in flight
	ready      laneLink
	ranked     laneLink
	rank       int // index of the buffer's list that ranked is in
}

type laneLink struct {
	prev, next *lane
	in         bool
}

// A laneList is a queue of lanes linked through one of their two links.
type laneList struct {
	head, tail *lane
	link       func(*lane) *laneLink
}

func (l *laneList) pushBack(n *lane) {
	k := l.link(n)
	*k = laneLink{prev: l.tail, in: true}
	if l.tail != nil {
		l.link(l.tail).next = n
	} else {
		l.head = n
	}
	l.tail = n
}

func (l *laneList) remove(n *lane) {
	k := l.link(n)
	if !k.in {
		return
	}
	if k.prev != nil {
		l.link(k.prev).next = k.next
	} else {
		l.head = k.next
	}
	if k.next != nil {
		l.link(k.next).prev = k.prev
	} else {
		l.tail = k.prev
	}
	*k = laneLink{}
}

func readyLink(n *lane) *laneLink  { return &n.ready }
func rankedLink(n *lane) *laneLink { return &n.ranked }

// A buffer holds a target's waiting requests: in order within a connection,
// connections in turn, bounded in number and bytes. When it is full, the oldest
// request of the connection that takes up the most room makes way; room is
// compared by powers of two. The bytes of requests in flight count as well,
// until release: what a target costs in memory has one bound. The owner guards
// it with a lock.
type buffer struct {
	maxCount int   // of those that wait
	maxCost  int64 // of all

	lanes          map[uint64]*lane
	ready          laneList // lanes with a waiting request and none in flight
	ranks          [64]laneList
	oldest, newest *item
	count          int
	cost           int64   // of those that wait and those in flight
	spare          []*lane // to be used again
}

const maxSpareLanes = 1024

func newBuffer(maxCount int, maxBytes int64) *buffer {
	b := &buffer{maxCount: maxCount, maxCost: maxBytes, lanes: make(map[uint64]*lane), ready: laneList{link: readyLink}}
	for i := range b.ranks {
		b.ranks[i].link = rankedLink
	}
	return b
}

// push adds it, which came with connection conn. The caller then drops what is over.
func (b *buffer) push(it *item, conn uint64) {
	l := b.lanes[conn]
	if l == nil {
		l = b.newLane(conn)
	}
	it.lane = l
	if l.tail != nil {
		l.tail.next = it
	} else {
		l.head = it
		if !l.busy {
			b.ready.pushBack(l)
		}
	}
	l.tail = it
	if it.older = b.newest; it.older != nil {
		it.older.newer = it
	} else {
		b.oldest = it
	}
	b.newest = it
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

// rerank puts l into the list for the room it takes up.
func (b *buffer) rerank(l *lane) {
	rank := bits.Len64(uint64(l.cost))
	if rank == l.rank {
		return
	}
	if l.rank >= 0 {
		b.ranks[l.rank].remove(l)
	}
	if l.rank = rank; l.head != nil {
		b.ranks[rank].pushBack(l)
	}
}

// overfull takes out the request that has to make way; nil: all fit.
func (b *buffer) overfull() *item {
	if b.count <= b.maxCount && b.cost <= b.maxCost {
		return nil
	}
	for i := len(b.ranks) - 1; i >= 0; i-- {
		if l := b.ranks[i].head; l != nil {
			return b.drop(l)
		}
	}
	return nil
}

// expired takes out the oldest request if it came before t; nil: none did.
func (b *buffer) expired(t int64) *item {
	if b.oldest == nil || b.oldest.at >= t {
		return nil
	}
	return b.drop(b.oldest.lane) // the oldest of all is the first of its lane
}

func (b *buffer) drop(l *lane) *item {
	it := b.shift(l)
	b.cost -= it.cost()
	if l.head == nil {
		b.ready.remove(l)
		b.retire(l)
	}
	return it
}

// pop takes the next request of the next lane, which is busy until release.
func (b *buffer) pop() *item {
	l := b.ready.head
	if l == nil {
		return nil
	}
	b.ready.remove(l)
	l.busy = true
	return b.shift(l)
}

// release ends the time in which it, which pop returned, is in flight.
func (b *buffer) release(it *item) {
	l := it.lane
	b.cost -= it.cost()
	l.busy = false
	if l.head != nil {
		b.ready.pushBack(l)
	}
	b.retire(l)
}

// retire forgets a lane that holds nothing.
func (b *buffer) retire(l *lane) {
	if l.busy || l.head != nil {
		return
	}
	delete(b.lanes, l.conn)
	if len(b.spare) < maxSpareLanes {
		b.spare = append(b.spare, l)
	}
}

// shift takes the first item out of l.
func (b *buffer) shift(l *lane) *item {
	it := l.head
	if l.head = it.next; l.head == nil {
		l.tail = nil
	}
	if it.older != nil {
		it.older.newer = it.newer
	} else {
		b.oldest = it.newer
	}
	if it.newer != nil {
		it.newer.older = it.older
	} else {
		b.newest = it.older
	}
	b.count--
	l.cost -= it.cost()
	if l.head == nil {
		b.ranks[l.rank].remove(l)
		l.rank = -1
	} else {
		b.rerank(l)
	}
	it.next, it.older, it.newer = nil, nil, nil
	return it
}
