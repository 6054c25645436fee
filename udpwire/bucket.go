package udpwire

// A bucket says how often something may happen: so often at once, then once each time a while has passed. The zero value
// with both set is full.
type bucket struct {
	every int64 // ns
	burst int64 // how many at once
	at    int64 // When all tokens taken will have come again, in ns.
}

// take reports whether it may happen now, and counts it.
func (b *bucket) take(now int64) bool {
	earliest := now - b.burst*b.every
	if b.at < earliest || b.at > now { // full, or the clock was set back
		b.at = earliest
	}
	if b.at+b.every > now {
		return false
	}
	b.at += b.every
	return true
}
