package answers

import (
	"gor/reassembly/http1"

	"gor/reassembly/memory"
)

// A ledger keeps the accounts of questions, each of which is told once what became of
// its answer, and what is held for them.
type ledger struct {
	cfg   Config
	emit  func(*Answer)
	out   Answer // lent to emit
	conns conns
	pool  memory.Pool
	stats Stats
}

// A reply is the answer of a connection that is being read.
type reply struct {
	q    Question
	open bool // it is to be handed on; what is read of others is only where they end
	msg  http1.Message
	at   int64 // when its first byte was seen

	head []byte // in a buffer of the pool, as is body
	body []byte // the content, as far as it is kept

	size   int64  // of the content that was seen
	torn   bool   // bytes of it are missing
	hash   uint64 // of the first bytes of the content, where there is more than is kept
	hashed int64  // how many
}

// method is the request's, as far as the end of its answer depends on it.
func (q *Question) method() string {
	switch {
	case q.Head:
		return "HEAD"
	case q.Connect:
		return "CONNECT"
	}
	return "GET"
}

// take is given the next bytes of the content.
func (l *ledger) take(y *reply, content []byte) {
	y.size += int64(len(content))
	if y.torn {
		return
	}
	if n := min(l.cfg.Body-len(y.body), len(content)); n > 0 {
		y.body = l.pool.Append(y.body, content[:n])
		content = content[n:]
	}
	if len(content) == 0 || y.size > l.cfg.Hash {
		return
	}
	if y.hashed == 0 {
		y.hash, y.hashed = fnv1a(fnvBasis, y.body), int64(len(y.body))
	}
	y.hash = fnv1a(y.hash, content)
	y.hashed += int64(len(content))
}

// hasEnough reports whether more of the body would say nothing more that is wanted.
func (l *ledger) hasEnough(y *reply) bool {
	return y.torn || l.cfg.Body == 0 && l.cfg.Hash == 0 || y.size > max(int64(l.cfg.Body), l.cfg.Hash)
}

// deliver hands on the answer that is being read, if that was not done, with the
// length of its content, which is -1 where it is not known, and the time of its end,
// which is 0 where that was not seen.
func (l *ledger) deliver(c *conn, length, ended int64) {
	y := &c.reply
	if !y.open {
		return
	}
	y.open = false
	l.stats.Answered++
	if c.client.trial {
		l.stats.Believed++
	}
	l.stats.Waiting--
	l.out = Answer{Question: y.q, At: y.at, Ended: ended, Status: y.msg.Status, Head: y.head, Body: y.body, BodyLen: length}
	switch {
	case length < 0 || y.torn || y.size != length:
	case y.size == int64(len(y.body)):
		l.out.Whole = true
	case y.hashed == length:
		l.out.Hash = y.hash
	}
	l.emit(&l.out)
	l.free(y)
}

// announced is the length of the content as the head says it; -1: it does not.
func (y *reply) announced() int64 {
	if left, known := y.msg.Left(); known {
		return y.msg.BodyLen + left
	}
	return -1
}

// free gives the buffers of an answer back.
func (l *ledger) free(y *reply) {
	l.pool.Put(y.head)
	l.pool.Put(y.body)
	y.head, y.body = nil, nil
}

// miss is told that the answer to a question cannot be had.
func (l *ledger) miss(q *Question) {
	if q.Unwanted {
		return
	}
	l.stats.Missing++
	l.stats.Waiting--
	l.out = Answer{Question: *q, Missing: true}
	l.emit(&l.out)
}

// missAll is told so of the first n questions.
func (l *ledger) missAll(c *conn, n int) {
	for i := range n {
		l.miss(&c.asked[i])
	}
	c.answered(n)
}

// answered takes the first n questions out.
func (c *conn) answered(n int) {
	c.asked = c.asked[:copy(c.asked, c.asked[n:])]
}

// FNV-1a with 64 bits.
const (
	fnvBasis = 14695981039346656037
	fnvPrime = 1099511628211
)

func fnv1a(h uint64, b []byte) uint64 {
	for _, c := range b {
		h = (h ^ uint64(c)) * fnvPrime
	}
	return h
}
