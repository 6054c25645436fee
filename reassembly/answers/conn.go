package answers

import (
	"unsafe"

	"gor/capture"
)

// A pair is the two ends of a connection.
type pair struct{ client, server capture.Endpoint }

// A phase is what the next byte of a server is.
type phase uint8

const (
	lost    phase = iota // nobody knows: what is asked has no answer until a question says where its own begins
	before               // the first of the next answer
	inHead               // one of a head, or behind an interim response
	inBody               // one of a body
	unknown              // part of an answer of which nobody can know where it ends
	over                 // none: the server has ended the connection, or it is a tunnel
)

// A conn is what is known of a connection that answers are looked for on.
type conn struct {
	pair         pair
	newer, older *conn // by their last question or segment
	active       int64 // when that was
	waiting      int   // its place among those that wait, from 1; 0: it does not

	// --- what the client asked

	client client
	asked  []Question // not answered yet, in order

	// --- what the server said

	phase     phase
	cut       bool   // in phase unknown: bytes were on the wire that were not captured
	guess     bool   // the client is trusted in that the next answer begins there
	at        uint32 // the sequence number of the next byte; in phase unknown, of one that lies in the answer or behind it
	kept      []span // ahead of their turn, in order
	keptBytes int
	end       ending
	heard     int64  // when a segment came last; 0: never
	woke      int64  // when the first came that did so after a silence
	top       uint32 // behind the last byte that was seen
	acks      acks
	reply     reply
}

// A client is what is known of the one that asks.
type client struct {
	known bool
	conn  uint64 // Question.Conn
	end   uint32 // behind the question asked last
	ack   uint32 // its Question.Ack
	// pipelines says that it has sent a request before it had the answer to the one
	// before: then only the end of an answer says where the next one begins.
	pipelines bool
	// broken says that a request may lie between those that were asked and the next
	// one, of which nothing is known.
	broken bool

	// trial says that it is not certain where its answers begin, which are read as if it
	// waited for each (trial.go). passed is how many were there, one after the other.
	trial  bool
	passed uint8
	// waited is how many it was seen to wait for where it was certain.
	waited uint8
	// fresh says that its next answer is taken to begin where its question says: that it
	// does says nothing of the client.
	fresh bool
}

// An ending is a FIN or a RST of the server.
type ending struct {
	seen, reset bool
	at          uint32 // behind the last byte
}

// quiet is for how long both sides have to be silent until a request is taken to have
// no unanswered one before it.
const quiet = int64(3e9)

// minus is how many bytes the sequence number a is behind b; negative where it is before it.
func minus(a, b uint32) int { return int(int32(a - b)) }

// hear is told of what the server sends.
func (c *conn) hear(in *span) {
	if c.heard == 0 || in.time-c.heard >= quiet {
		c.woke = in.time
	}
	behind := minus(in.seq, c.top)
	in.again = c.heard != 0 && behind < 0 && behind >= -window
	if !in.again || minus(in.end(), c.top) > 0 {
		c.top = in.end()
	}
	c.heard = max(c.heard, in.time)
	c.acks.note(in.ack, in.time)
}

// silentBefore reports whether the server had been silent for a while at a time, as
// far as anybody has heard.
func (c *conn) silentBefore(t int64) bool {
	return c.heard == 0 || t-c.heard >= quiet || c.woke >= t
}

// acks are what the server had acknowledged lately, and when that was seen first.
type acks struct {
	at [8]struct {
		ack  uint32
		time int64 // 0: nothing was
	}
	last int
}

// note is told what a segment acknowledges.
func (a *acks) note(ack uint32, now int64) {
	switch ahead := minus(ack, a.at[a.last].ack); {
	case a.at[a.last].time == 0:
	case ahead > window || ahead < -window: // another connection's
		*a = acks{}
	case ahead <= 0:
		return
	}
	a.last = (a.last + 1) % len(a.at)
	a.at[a.last].ack, a.at[a.last].time = ack, now
}

// before reports whether the server was seen to acknowledge the byte with a number
// before a time.
func (a *acks) before(seq uint32, t int64) bool {
	for _, e := range a.at {
		if ahead := minus(e.ack, seq); e.time != 0 && e.time < t && ahead > 0 && ahead <= behind {
			return true
		}
	}
	return false
}

// isReading reports whether it is known what the server's next byte is, and that it
// comes.
func (c *conn) isReading() bool {
	return c.phase == before && len(c.asked) > 0 || c.phase == inHead || c.phase == inBody
}

// missing is how many bytes are missing before those that are kept; 0: none.
func (c *conn) missing() int {
	if len(c.kept) == 0 || !c.isReading() {
		return 0
	}
	return max(minus(c.kept[0].seq, c.at), 0)
}

// patience is for how long the missing bytes are waited for: not long where something was asked
// by who has had them.
func (c *conn) patience() int64 {
	if n := len(c.asked); n > 0 && minus(c.asked[n-1].Ack, c.at) > 0 {
		return impatience
	}
	return patience
}

// conns are all connections that are known.
type conns struct {
	all            map[pair]*conn
	newest, oldest *conn
	waiting        []*conn // those that wait for an answer, or for bytes of one
	spare          []*conn
	queued         int // questions that there is room for
	spans          int // likewise
}

const (
	connBytes  = int64(unsafe.Sizeof(conn{})) + int64(unsafe.Sizeof(pair{})) + 4*8 // and its place in the map and in the lists
	maxSpare   = 1 << 10
	smallQueue = 16 // questions, or spans, that a connection keeps room for
)

func (cs *conns) bytes() int64 {
	return int64(len(cs.all)+len(cs.spare))*connBytes + int64(cs.queued)*int64(unsafe.Sizeof(Question{})) + int64(cs.spans)*int64(unsafe.Sizeof(span{}))
}

// add makes a record.
func (cs *conns) add(key pair) *conn {
	var c *conn
	if n := len(cs.spare); n > 0 {
		c = cs.spare[n-1]
		cs.spare = cs.spare[:n-1]
	} else {
		c = &conn{}
	}
	c.pair = key
	cs.all[key] = c
	cs.link(c)
	return c
}

// remove forgets a connection, of which nothing is kept any more.
func (cs *conns) remove(c *conn) {
	cs.unlink(c)
	cs.rest(c)
	delete(cs.all, c.pair)
	if asked, kept := c.asked[:0], c.kept[:0]; len(cs.spare) < maxSpare && cap(asked) <= smallQueue && cap(kept) <= smallQueue {
		*c = conn{asked: asked, kept: kept}
		cs.spare = append(cs.spare, c)
		return
	}
	cs.queued -= cap(c.asked)
	cs.spans -= cap(c.kept)
}

// drop leaves the records that are not in use to the collector.
func (cs *conns) drop() {
	for _, c := range cs.spare {
		cs.queued -= cap(c.asked)
		cs.spans -= cap(c.kept)
	}
	clear(cs.spare)
	cs.spare = cs.spare[:0]
}

// touch makes c the newest.
func (cs *conns) touch(c *conn, now int64) {
	c.active = now
	if c != cs.newest {
		cs.unlink(c)
		cs.link(c)
	}
}

func (cs *conns) link(c *conn) {
	c.newer, c.older = nil, cs.newest
	if cs.newest != nil {
		cs.newest.newer = c
	} else {
		cs.oldest = c
	}
	cs.newest = c
}

func (cs *conns) unlink(c *conn) {
	if c.newer != nil {
		c.newer.older = c.older
	} else {
		cs.newest = c.older
	}
	if c.older != nil {
		c.older.newer = c.newer
	} else {
		cs.oldest = c.newer
	}
}

// wait puts c among those that wait, or takes it out.
func (cs *conns) wait(c *conn) {
	switch waits := len(c.asked) > 0 || len(c.kept) > 0 || c.reply.open; {
	case !waits:
		cs.rest(c)
	case c.waiting == 0:
		cs.waiting = append(cs.waiting, c)
		c.waiting = len(cs.waiting)
	}
}

// rest takes c out of those that wait.
func (cs *conns) rest(c *conn) {
	if c.waiting == 0 {
		return
	}
	n := len(cs.waiting) - 1
	last := cs.waiting[n]
	cs.waiting[c.waiting-1] = last
	last.waiting = c.waiting
	cs.waiting[n] = nil
	cs.waiting = cs.waiting[:n]
	c.waiting = 0
}
