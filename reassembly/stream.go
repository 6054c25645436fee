package reassembly

import "gor/capture"

// A stream is what a connection has beyond its record while a request of it is
// half read, or while data came ahead of its turn. Streams are reused.
type stream struct {
	// --- whose it is

	conn           uint32 // its connection's record
	at             uint32 // its own number
	client, server capture.Endpoint
	leaving        bool  // its packets were seen on their way out of this machine
	last           int64 // when its connection's last packet was seen
	newer, older   *stream
	waiting        int // its place among the streams that wait, from 1; 0: it does not wait

	// --- what its flow keeps: bytes ahead of their turn, and the end

	outOfOrder sorter
	progress   int64 // when the last byte was read in order
	ack        seq   // what the client had acknowledged when the stream came into use
	answered   bool  // it was sent a response since: the server is not missing anything
	end        ending
	urgent     mark

	// --- what the reader of its bytes keeps

	half half
}

// An ending is a FIN or a RST that was seen ahead of its turn.
type ending struct {
	seen  bool
	reset bool  // it is a RST
	at    seq   // the sequence number behind the last byte
	time  int64 // when it was seen
}

// A mark is where the one byte of urgent data is that a client has announced.
type mark struct {
	set bool
	at  seq
}

const streamBytes = 512 // what a stream takes, and what refers to it

// isWaiting reports whether something waits for bytes that are missing.
func (st *stream) isWaiting() bool { return st.outOfOrder.len() > 0 || st.end.seen }

// streams are those in use, ordered by their last packet, and those of them
// that wait for missing bytes or for a proof.
type streams struct {
	all            []*stream // by number, from 1
	idle           []uint32
	newest, oldest *stream
	live           int
	limit          int // how many there may be in use
	waiting        []*stream
	turn           int // which of these was looked at last
}

func (s *streams) isFull() bool { return s.live >= s.limit }

func (s *streams) get(conn uint32, now int64) *stream {
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

// put takes back a stream whose buffers were given back.
func (s *streams) put(st *stream) {
	s.live--
	s.unlink(st)
	s.rest(st)
	ranges := st.outOfOrder.ranges[:0]
	if cap(ranges) > 64 {
		ranges = nil
	}
	*st = stream{at: st.at, outOfOrder: sorter{ranges: ranges}}
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

// wait puts st among those that wait.
func (s *streams) wait(st *stream) {
	if st.waiting == 0 {
		s.waiting = append(s.waiting, st)
		st.waiting = len(s.waiting)
	}
}

// nextWaiting returns those that wait one after the other, again and again; nil
// where there is none.
func (s *streams) nextWaiting() *stream {
	if len(s.waiting) == 0 {
		return nil
	}
	if s.turn == 0 || s.turn > len(s.waiting) {
		s.turn = len(s.waiting)
	}
	s.turn--
	return s.waiting[s.turn]
}

// rest takes st out of those that wait.
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
