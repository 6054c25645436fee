package udpwire

// A run is neighbouring datagrams of a chunk that one call can send. The zero value is empty.
type run struct {
	c          *chunk // nil: empty
	start, end uint32
	size       uint32 // of each datagram but the last, which may be shorter
	closed     bool   // the last one is shorter: none may follow
}

// add puts a datagram behind the others and reports whether it fits there. Into an empty run any does.
func (r *run) add(s *sent) bool {
	size := s.end - s.start
	if r.c == nil {
		*r = run{c: s.c, start: s.start, end: s.end, size: size}
		return true
	}
	if r.closed || s.c != r.c || s.start != r.end || size > r.size {
		return false
	}
	r.end, r.closed = s.end, size < r.size
	return true
}

// run sends what was gathered and empties r. An error needs no response: the replayer will ask again.
func (t *transmitter) run(r *run) {
	if r.c != nil {
		t.send(r.c.buf[r.start:r.end], int(r.size))
	}
	*r = run{}
}
