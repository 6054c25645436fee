package udpwire

// A credit is how much a listener may have under way: what the replayer's socket holds, and what is on the path
// meanwhile. A listener whose source can wait begins no more than the replayer has room for behind its socket, either.
type credit struct {
	window int64 // Bytes the replayer can take at once, as it said.
	inPath int64 // Bytes that are confirmed during one round trip. They are under way beside those in the window.

	messages, bytes uint64 // What a source that can wait may begin in this session.
}

// minWindow is the least window, in bytes, whatever the replayer says: two large datagrams.
const minWindow = 128 << 10

// underWay is how many bytes may be under way.
func (c *credit) underWay() int64 { return max(c.window, minWindow) + c.inPath }

// overrun takes back what the path was believed to hold: it was more than the replayer could read.
func (c *credit) overrun() { c.inPath = 0 }

// learn takes in that so many bytes were confirmed during the round trip sample, in ns. It is scaled to the shortest
// one seen, since a longer one was spent in queues.
func (c *credit) learn(confirmed, shortest, sample int64) {
	c.inPath = max(c.inPath-c.inPath/16, int64(float64(confirmed)*float64(shortest)/float64(sample)))
}

// grant takes in what a REPORT gives leave for. REPORTs may overtake one another, and what was granted stays so.
func (c *credit) grant(r *report) {
	c.messages, c.bytes = max(c.messages, r.creditMessages), max(c.bytes, r.creditBytes)
}

// allows reports whether another chunk may begin. Its messages may be more than are left, so that no message and no
// chunk is too large for any credit.
func (c *credit) allows(b *begun) bool { return b.messages() < c.messages && b.bytes < c.bytes }
