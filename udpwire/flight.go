package udpwire

// A flight is what a listener has sent and not settled: it gives numbers and knows for each where its datagram lies, how
// often it was sent and when. A datagram's cost is its bytes and what it costs the receiver's kernel beside them. Not
// safe for concurrent use.
type flight struct {
	// Numbers: oldest <= seen+1 <= next.
	next   uint64 // To be given.
	oldest uint64 // The lowest that is neither confirmed nor gone.
	seen   uint64 // The highest that the replayer has seen.

	costNext uint64 // What all datagrams below next cost together.
	costSeen uint64 // What all up to seen cost.

	ring []sent // What is known of each number from oldest on. Its length is a power of two; begin keeps it.
}

// A sent is what is known of one number.
type sent struct {
	c          *chunk // The memory it lies in, from start to end; nil when it is settled.
	start, end uint32
	at         int64  // When it was last sent, in ns.
	cost       uint64 // What all up to this one cost together.
	tries      uint8  // How often it was sent again, 255 at most.
	gone       bool   // It will not be sent again.
}

const (
	maxOutstanding = 1 << 16 // numbers not settled
	firstFlight    = 1024    // for so many there is room at first
	perDatagram    = 1024    // bytes that a datagram costs its receiver's kernel beside its own
)

// begin forgets all numbers: a session begins with 1.
func (f *flight) begin() {
	ring := f.ring
	if ring == nil {
		ring = make([]sent, firstFlight)
	}
	*f = flight{next: 1, oldest: 1, ring: ring}
}

// at is what is known of a number, which is not settled.
func (f *flight) at(number uint64) *sent { return &f.ring[number&uint64(len(f.ring)-1)] }

// add gives the datagram that lies in c from start to end the next number.
func (f *flight) add(c *chunk, start, end uint32, now int64) {
	if f.next-f.oldest >= uint64(len(f.ring)) {
		f.grow()
	}
	f.costNext += uint64(end - start + perDatagram)
	*f.at(f.next) = sent{c: c, start: start, end: end, at: now, cost: f.costNext}
	f.next++
}

// grow doubles the ring.
func (f *flight) grow() {
	old := *f
	f.ring = make([]sent, 2*len(old.ring))
	for n := f.oldest; n < f.next; n++ {
		*f.at(n) = *old.at(n)
	}
}

// unsettled reports whether anything sent is neither confirmed nor given up.
func (f *flight) unsettled() bool { return f.oldest < f.next }

// fits reports whether a chunk's numbers can be told apart from those not settled, and the session has as many left.
func (f *flight) fits() bool { return f.next-f.oldest+maxGrams <= maxOutstanding && !f.exhausted() }

// exhausted reports whether the session's numbers are used up.
func (f *flight) exhausted() bool { return f.next >= maxNumber-maxGrams }

// spent reports whether the session's numbers are used up and all are confirmed: the next session has numbers again.
func (f *flight) spent() bool { return f.exhausted() && !f.unsettled() }

// cost is what the datagrams cost that the replayer may not have seen.
func (f *flight) cost() int64 { return int64(f.costNext - f.costSeen) }

// see notes that the replayer has seen a number, which was sent.
func (f *flight) see(number uint64) {
	if number > f.seen {
		f.seen, f.costSeen = number, f.at(number).cost
	}
}

// settle forgets all numbers below n and gives the memory of whole chunks back to pool.
func (f *flight) settle(n uint64, pool *chunkPool) {
	for ; f.oldest < n; f.oldest++ {
		s := f.at(f.oldest)
		if f.oldest == s.c.number+uint64(s.c.n)-1 {
			pool.put(s.c)
		}
		s.c = nil
	}
}
