package udpwire

// A gone is the body of GONE, with which a listener says which numbers it will not send again.
type gone struct {
	// numbers ascend and do not overlap. There are at most maxSpans of them.
	numbers []span
}

// append appends the body to dst.
func (g *gone) append(dst []byte) []byte { return appendSpans(dst, g.numbers) }

// parse reads the body and reports whether it is whole. The numbers reuse g.numbers' memory.
func (g *gone) parse(b []byte) (ok bool) {
	g.numbers, ok = parseSpans(g.numbers[:0], b)
	return ok
}
