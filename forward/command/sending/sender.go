package sending

import (
	"errors"
	"sync/atomic"

	"gor/reassembly"
	"gor/reassembly/answers"
	"gor/udpwire"
)

// A Wire takes messages, whose bytes it copies; a udpwire.Sender is one.
type Wire interface {
	Send(*udpwire.Message) error
	Flush()
}

// A Sender is the wire as the consumer of a sniffer. All but Stats belongs to the
// sniffer's goroutine.
type Sender struct {
	wire Wire
	end  func() // ends the run
	msg  udpwire.Message
	body []byte // of an answer's message

	sent, queueFull, tooLarge, skipped, unwanted atomic.Uint64
}

// New makes one. end is called when there is nobody to send to, and the source is one
// that can wait.
func New(wire Wire, end func()) *Sender { return &Sender{wire: wire, end: end} }

// Take sends a request.
func (s *Sender) Take(r *reassembly.Request) reassembly.Fate {
	s.msg = udpwire.Message{
		User: r.User(), Crowd: r.Crowd(), Conn: r.Conn(), Index: r.Index, Answered: r.Answered, Time: r.Last,
		Src: r.Origin().AddrPort(), Dst: r.Server.AddrPort(), Body: r.Raw,
	}
	return s.send()
}

// send sends the message, and says what became of it.
func (s *Sender) send() reassembly.Fate {
	switch err := s.wire.Send(&s.msg); {
	case err == nil:
		return reassembly.Sent
	case errors.Is(err, udpwire.ErrTooLarge):
		return reassembly.TooLarge
	case errors.Is(err, udpwire.ErrUnwanted):
		return reassembly.Filtered
	case errors.Is(err, udpwire.ErrNobody):
		s.end()
		return reassembly.Skipped
	default:
		return reassembly.QueueFull
	}
}

// Flush hands on what the wire has gathered. What becomes of it is in the wire's own
// accounts.
func (s *Sender) Flush() { s.wire.Flush() }

// Answer sends what was answered to a request that Take has sent, or that nobody knows.
func (s *Sender) Answer(a *answers.Answer) {
	response := udpwire.Response{Missing: a.Missing, BodyLen: -1}
	at := a.Time
	if !a.Missing {
		at = a.At
		response = udpwire.Response{Whole: a.Whole, BodyLen: a.BodyLen, Hash: a.Hash, Head: a.Head, Body: a.Body}
	}
	s.body = response.AppendTo(s.body[:0])
	s.msg = udpwire.Message{
		Kind: udpwire.KindResponse, User: a.User, Crowd: a.Crowd, Conn: a.Conn, Index: a.Index, Time: at,
		Src: a.Client.AddrPort(), Dst: a.Server.AddrPort(), Body: s.body,
	}
	switch s.send() {
	case reassembly.Sent:
		s.sent.Add(1)
	case reassembly.TooLarge:
		s.tooLarge.Add(1)
		s.body = (&udpwire.Response{Missing: true, BodyLen: -1}).AppendTo(s.body[:0])
		s.msg.Body = s.body
		s.send() // so that nobody waits for it; what becomes of that no account has room for
	case reassembly.Skipped:
		s.skipped.Add(1)
	case reassembly.Filtered:
		s.unwanted.Add(1)
	default:
		s.queueFull.Add(1)
	}
}

// Stats are the accounts of the responses. What is sent is among the wire's messages.
type Stats struct {
	Sent      uint64 `name:"sent" unit:"responses" help:"Production's responses that were sent, those included that only say that one could not be had."`
	QueueFull uint64 `name:"queue_full" unit:"responses" help:"Responses dropped because the buffer for the wire was full: their requests are not compared." trouble:"yes"`
	TooLarge  uint64 `name:"too_large" unit:"responses" help:"Responses dropped because they can never be sent with this buffer."`
	Skipped   uint64 `name:"skipped" unit:"responses" help:"Responses of a recording that were not sent because there was nobody to send them to."`
	Unwanted  uint64 `name:"unwanted" unit:"responses" help:"Responses that were not sent because the replayer does not compare with production, or is too old for that."`
}

// Stats returns the accounts. Any goroutine may call it.
func (s *Sender) Stats() Stats {
	return Stats{Sent: s.sent.Load(), QueueFull: s.queueFull.Load(), TooLarge: s.tooLarge.Load(), Skipped: s.skipped.Load(), Unwanted: s.unwanted.Load()}
}
