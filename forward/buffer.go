package forward

import "math/bits"

// itemOverhead is what an item costs beside its bytes, in the buffer's accounts, its
// lane and its user included.
const itemOverhead = 640

// An item is one request that waits for its turn or is in flight. Its bytes
// are its own, in a buffer that itemPools gave it.
type item struct {
	// ---- what it is

	raw     []byte // the request's bytes
	write   bool   // it may change something at the target
	compare bool   // its response is kept
	echo    bool   // it is sent for its response alone, and no user's
	peers   peers  // who sent it to whom
	conn    uint64 // as submitted
	index   uint64 // likewise
	loop    int    // likewise
	time    int64  // likewise

	// ---- where it is

	buf    *buffer    // where it waits
	lane   *lane      // of its user on its client connection
	user   *user      // nil: only its connection has an order
	inLane node[item] // its place in the lane
	inUser node[item] // its place among those of its user that wait, or that are in flight
	inAge  node[item] // its place among all that wait, or all that were put back
	seq    uint64     // its number among all that came
	again  bool       // it has been taken out before, and was put back
	awaits uint64     // for what its lane is parked

	// ---- when

	at    int64 // when it came, in nanoseconds of the target's clock
	began int64 // when it went out
	delay delay // what it waited for
}

func (it *item) cost() int64 { return int64(cap(it.raw)) + itemOverhead }

// A lane holds what waits of one user on one client connection, in order. It exists
// while something waits or is in flight.
type lane struct {
	key     laneKey
	items   list[item] // that wait; what is in flight has been taken out
	cost    int64      // of items
	busy    bool       // one of its requests is in flight
	rank    int        // index of the buffer's list that inRank is in; -1: none
	inReady node[lane]
	parked  node[lane] // its first request waits for what a session is called at the target
	inRank  node[lane]
}

// A laneKey tells lanes apart: a proxy's connection has many users.
type laneKey struct{ user, conn uint64 }

// A buffer holds waiting requests of a target: in the order of each user (turns.go),
// lanes in turn, bounded in number and bytes. When it is full, the oldest
// request of the lane that takes up the most room makes way; room is
// compared by powers of two. The bytes of requests in flight count as well,
// until release: what a target costs in memory has one bound. The owner guards
// it with a lock.
type buffer struct {
	maxCount int   // of those that wait
	maxCost  int64 // of all

	// ---- what waits

	lanes map[laneKey]*lane
	ready list[lane] // lanes whose first request may go out, next turn first
	ranks [64]list[lane]
	byAge list[item] // what waits and never had its turn, the oldest first
	back  list[item] // what was put back, likewise: the rest of what waits
	count int        // of those that wait
	cost  int64      // of those that wait and those in flight
	spare []*lane    // to be used again

	// ---- whose turn it is

	clock      *heldClock // is told when a request's turn comes
	now        int64      // the latest that was told
	seq        uint64
	users      map[uint64]*user
	held       list[user] // those of whom something waits for what is in flight
	parked     list[lane] // those that have no turn until unpark
	offered    int        // lanes that came into ready, since somebody set it to zero
	spareUsers []*user    // to be used again
}

const maxSpareLanes = 1024

func newBuffer(maxCount int, maxBytes int64, clock *heldClock) *buffer {
	return &buffer{maxCount: maxCount, maxCost: maxBytes, clock: clock, lanes: make(map[laneKey]*lane), users: make(map[uint64]*user)}
}

// push adds it, which is o's. The caller then drops what is over.
func (b *buffer) push(it *item, o owner) {
	k := laneKey{o.user, o.conn}
	l := b.lanes[k]
	if l == nil {
		l = b.newLane(k)
	}
	b.now = max(b.now, it.at)
	b.seq++
	it.seq, it.lane, it.buf = b.seq, l, b
	l.items.pushBack(&it.inLane, it)
	b.byAge.pushBack(&it.inAge, it)
	b.count++
	b.cost += it.cost()
	l.cost += it.cost()
	b.rerank(l)
	b.join(it, o)
	b.offer(l)
}

func (b *buffer) newLane(k laneKey) *lane {
	var l *lane
	if n := len(b.spare); n > 0 {
		l, b.spare = b.spare[n-1], b.spare[:n-1]
	} else {
		l = new(lane)
	}
	*l = lane{key: k, rank: -1}
	b.lanes[k] = l
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
	oldest, again := b.byAge.first(), b.back.first()
	if oldest == nil || again != nil && again.seq < oldest.seq {
		oldest = again
	}
	if oldest == nil || oldest.at >= t {
		return nil
	}
	return b.drop(oldest.lane) // the oldest of all is the first of its lane
}

// drop takes out the first request of l, which is not sent.
func (b *buffer) drop(l *lane) *item {
	it := b.shift(l)
	l.parked.remove()
	b.cost -= it.cost()
	b.abandon(it)
	if head := l.items.first(); head == nil {
		l.inReady.remove()
		b.retire(l)
	} else if l.inReady.isIn() && !b.mayGo(l) {
		l.inReady.remove()
		b.holdUp(head.user)
	} else if l.inReady.isIn() {
		b.clock.beReady(head, b.now)
	} else {
		b.offer(l)
	}
	return it
}

// pop takes the next request of the next lane, which is busy until release;
// nil: none may go.
func (b *buffer) pop(now int64) *item {
	l := b.ready.first()
	if l == nil {
		return nil
	}
	b.now = now
	l.inReady.remove()
	l.busy = true
	it := b.shift(l)
	b.begin(it)
	return it
}

// release ends the time in which it, which pop returned, is in flight.
func (b *buffer) release(it *item, now int64) {
	l := it.lane
	b.now = now
	b.cost -= it.cost()
	l.busy = false
	b.end(it)
	b.offer(l)
	b.retire(l)
}

// putBack is release for what was not sent after all: it waits again, before what
// came after it, and its lane has the next turn.
func (b *buffer) putBack(it *item, now int64) {
	l := it.lane
	b.now = now
	l.busy, it.again = false, true
	l.items.pushFront(&it.inLane, it)
	insertByAge(&b.back, it)
	b.count++
	l.cost += it.cost()
	b.rerank(l)
	b.rejoin(it)
	if b.offer(l); l.inReady.isIn() {
		l.inReady.remove()
		b.ready.pushFront(&l.inReady, l)
	}
}

// insertByAge puts it, which is put back, in its place in a list by age. Most come last.
func insertByAge(l *list[item], it *item) {
	older := l.last()
	for older != nil && older.seq > it.seq {
		older = older.inAge.predecessor()
	}
	if older == nil {
		l.pushFront(&it.inAge, it)
	} else {
		l.insert(&it.inAge, it, older.inAge.next)
	}
}

// retire forgets a lane that holds nothing.
func (b *buffer) retire(l *lane) {
	if l.busy || l.items.first() != nil {
		return
	}
	delete(b.lanes, l.key)
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
