package reassembly

// A closing is when a connection was closed, or a packet of it came after that.
type closing struct {
	conn   uint32
	moment uint32
}

const closingBytes = 8

// A closedQueue has the closed connections, those first that were closed first.
// It does not know which of them were forgotten or opened again since: whoever
// takes one has to look. Beyond its limit the first are lost, and forgotten when
// they have been silent for as long as others.
type closedQueue struct {
	ring  []closing // a power of two of them
	first int
	n     int
	limit int
}

func (q *closedQueue) front() closing { return q.ring[q.first] }

func (q *closedQueue) pop() closing {
	c := q.ring[q.first]
	q.first = (q.first + 1) & (len(q.ring) - 1)
	q.n--
	return c
}

func (q *closedQueue) push(c closing) {
	if q.n >= q.limit {
		q.pop()
	}
	if q.n == len(q.ring) {
		grown := make([]closing, max(64, 2*len(q.ring)))
		k := copy(grown, q.ring[q.first:])
		copy(grown[k:], q.ring[:q.first])
		q.ring, q.first = grown, 0
	}
	q.ring[(q.first+q.n)&(len(q.ring)-1)] = c
	q.n++
}

func (q *closedQueue) bytes() int64 { return int64(len(q.ring)) * closingBytes }
