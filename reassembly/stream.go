package reassembly

import "gor/capture"

// A stream is what a connection has beyond its record while a request of it is
// half read, or while data came ahead of its turn. Streams are reused.
type stream struct {
	conn           uint32
	at             uint32 // its own number
	client, server capture.Endpoint
	msg            message
	buf            []byte // the request so far, from its first byte; nil if its fate is decided
	early          sorter

	ended    bool // FIN or RST was seen, at end
	end      seq
	endTime  int64
	progress int64 // when the last byte was read in order

	last         int64 // time of the last packet
	newer, older *stream
	waiting      int // its place among those that wait for missing bytes, from 1; 0: it does not
}

const streamBytes = 320 // of a stream in memory, and of what refers to it

// streams are those in use, ordered by their last packet, and those that wait.
type streams struct {
	all            []*stream // by number, from 1
	idle           []uint32
	newest, oldest *stream
	live           int
	waiting        []*stream
}

func (s *streams) take(conn uint32, now int64) *stream {
	s.live++
	var st *stream
	if n := len(s.idle); n > 0 {
		st = s.all[s.idle[n-1]-1]
		s.idle = s.idle[:n-1]
	} else {
		st = &stream{at: uint32(len(s.all) + 1)}
		s.all = append(s.all, st)
	}
	st.conn, st.progress, st.last = conn, now, now
	s.push(st)
	return st
}

// release takes back a stream whose buffers were given back.
func (s *streams) release(st *stream) {
	s.live--
	s.unlink(st)
	s.rest(st)
	ranges := st.early.ranges[:0]
	if cap(ranges) > 64 {
		ranges = nil
	}
	*st = stream{at: st.at, early: sorter{ranges: ranges}}
	s.idle = append(s.idle, st.at)
}

func (s *streams) push(st *stream) {
	st.newer, st.older = nil, s.newest
	if s.newest != nil {
		s.newest.newer = st
	} else {
		s.oldest = st
	}
	s.newest = st
}

func (s *streams) unlink(st *stream) {
	if st.newer != nil {
		st.newer.older = st.older
	} else {
		s.newest = st.older
	}
	if st.older != nil {
		st.older.newer = st.newer
	} else {
		s.oldest = st.newer
	}
}

// touch makes st the newest.
func (s *streams) touch(st *stream, now int64) {
	st.last = now
	if st != s.newest {
		s.unlink(st)
		s.push(st)
	}
}

// wait puts st among those that wait for missing bytes.
func (s *streams) wait(st *stream) {
	if st.waiting == 0 {
		s.waiting = append(s.waiting, st)
		st.waiting = len(s.waiting)
	}
}

func (s *streams) rest(st *stream) {
	if st.waiting == 0 {
		return
	}
	n := len(s.waiting) - 1
	last := s.waiting[n]
	s.waiting[st.waiting-1] = last
	last.waiting = st.waiting
	s.waiting[n] = nil
	s.waiting = s.waiting[:n]
	st.waiting = 0
}

func (s *streams) bytes() int64 { return int64(len(s.all)) * streamBytes }
