package sniffer

import (
	"bytes"
	"time"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/answers"
)

// Answers says what a Sniffer does with what servers send.
type Answers struct {
	// Share tells whether the answers to a client are wanted; nil: all are.
	Share func(client *capture.Endpoint) bool

	// Reader bounds memory and times, and says how much of a body is wanted.
	Reader answers.Config

	// Take is lent each answer for the call, in the Sniffer's loop, once what the
	// consumers made of its request is known. Those requests that were sent, and are
	// marked as Answered, have one each; one that could not be had says so.
	Take func(*answers.Answer)
}

// An asker brings requests and what servers send together. It belongs to the
// Sniffer's loop.
type asker struct {
	told    int64 // the time of the last segment from a server, of a live source
	share   func(client *capture.Endpoint) bool
	reader  *answers.Reader // nil: what servers send is recorded, and nothing else
	patient bool            // nobody can say that there are no answers: they come live

	asked, seen uint64 // requests and servers' segments so far
}

func newAsker(cfg *Answers, live bool) *asker {
	if cfg == nil {
		return &asker{}
	}
	a := &asker{share: cfg.Share, reader: answers.New(cfg.Reader, cfg.Take), patient: live}
	if a.share == nil {
		a.share = func(*capture.Endpoint) bool { return true }
	}
	return a
}

// silent is how many requests of a recording without anything from a server show
// that it has no answers.
const silent = 1000

// mark marks a request whose answer is looked for.
func (a *asker) mark(r *reassembly.Request) {
	r.Answered = a.reader != nil && !r.Listed() && a.share(&r.Client) && (a.patient || a.seen > 0 || a.asked < silent)
}

// ask asks for the answer to a request that was marked. Where that was not sent, it has
// an answer all the same, which is not to be taken for another's.
func (a *asker) ask(r *reassembly.Request, fate reassembly.Fate) {
	if !r.Answered {
		return
	}
	a.asked++
	a.reader.Ask(&answers.Question{
		Client: r.Client, Server: r.Server, Conn: r.Conn(), Index: r.Index, User: r.User(), Crowd: r.Crowd(),
		Seq: r.Seq, End: r.End, Ack: r.Ack, First: r.First, Time: r.Last, Rest: r.Rest, Opens: r.Opens,
		Head: bytes.Equal(r.Method(), methodHead), Connect: bytes.Equal(r.Method(), methodConnect),
		Unwanted: fate != reassembly.Sent,
	})
}

var methodHead, methodConnect = []byte("HEAD"), []byte("CONNECT")

// push reads servers' segments, those of the share.
func (a *asker) push(segs []capture.Segment) {
	if a.reader == nil {
		return
	}
	for i := range segs {
		if s := &segs[i]; a.share(&s.Dst) {
			a.seen++
			a.reader.Push(s)
		}
	}
}

// sameSide is how many of the segments, the first included, come from the side that
// it comes from.
func sameSide(segs []capture.Segment) (n int) {
	for n < len(segs) && segs[n].FromServer == segs[0].FromServer {
		n++
	}
	return n
}

// advance tells the reader what time it is.
func (a *asker) advance(now int64) {
	if a.reader != nil {
		a.reader.Advance(now)
	}
}

// close gives up what is still waited for.
func (a *asker) close() {
	if a.reader != nil {
		a.reader.Close()
	}
}

// stats are the accounts of the answers.
func (a *asker) stats() (s answers.Stats) {
	if a.reader != nil {
		s = a.reader.Stats()
	}
	return s
}

// linger is how long a live source is read for answers alone, once requests are no
// longer taken: those under way in its ring come by then.
const linger = 100 * time.Millisecond

// lingers reports whether answers are still to come after a stop.
func (s *Sniffer) lingers(now time.Time) bool {
	return s.asker != nil && now.UnixNano() < s.stopAt.Load()+int64(linger)
}
