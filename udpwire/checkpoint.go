package udpwire

// A checkpoint finds out how many bytes the lost messages had: the listener said how many bytes its first so many
// messages have; when those are settled, the difference to what was handed on is lost. The zero value is ready.
type checkpoint struct {
	latest   heartbeat // The last totals believed.
	messages uint64    // Of the open one.
	bytes    uint64    // Of the open one.
	open     bool      // One waits for its messages to be settled.
	lost     uint64    // Bytes lost up to the last one passed.
}

// set takes a HEARTBEAT's totals as the next checkpoint, unless one is open or messages after it have arrived.
func (c *checkpoint) set(h *heartbeat, o *order) {
	if h.messages < c.latest.messages {
		return
	}
	c.latest = *h
	if !c.open && o.top <= h.messages {
		c.open, c.messages, c.bytes = true, h.messages, h.bytes
		o.watch, o.watched = h.messages, o.stats.bytes
	}
}

// pass closes the checkpoint when all its messages are settled.
func (c *checkpoint) pass(o *order) {
	if c.open && o.settled >= c.messages {
		c.open = false
		c.lost = max(c.lost, c.bytes-min(o.watched, c.bytes))
	}
}

// finish enters what is lost when no more will come, if the latest totals cover all that was seen.
func (c *checkpoint) finish(o *order) {
	if l := &c.latest; l.messages >= o.top && l.bytes >= o.stats.bytes {
		c.lost = l.bytes - o.stats.bytes
	}
}
