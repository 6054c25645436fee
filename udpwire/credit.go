package udpwire

// A credit is how much a listener may have under way: what the replayer's socket holds, and what is on the path
// meanwhile.
type credit struct {
	window int64 // Bytes the replayer can take at once, as it said.
	inPath int64 // Bytes that are confirmed during one round trip. They are under way beside those in the window.
}

// minWindow is the least window, in bytes, whatever the replayer says: two large datagrams.
const minWindow = 128 << 10

// bytes is how much may be under way.
func (c *credit) bytes() int64 { return max(c.window, minWindow) + c.inPath }

// overrun takes back what the path was believed to hold: it was more than the replayer could read.
func (c *credit) overrun() { c.inPath = 0 }

// learn takes in that so many bytes were confirmed during the round trip sample, in ns. It is scaled to the shortest
// one seen, since a longer one was spent in queues.
func (c *credit) learn(confirmed, shortest, sample int64) {
	c.inPath = max(c.inPath-c.inPath/16, int64(float64(confirmed)*float64(shortest)/float64(sample)))
}
