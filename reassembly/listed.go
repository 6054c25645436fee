package reassembly

import (
	"gor/capture"
	"gor/reassembly/http1"
)

// A Listed is a request that came whole, in a list of requests, and not as
// packets. The list says whose it is.
type Listed struct {
	Conn, Index, User uint64
	Client, Server    capture.Endpoint // zero: not known
	Time              int64            // when it was complete, nanoseconds since the Unix epoch; 0: not known
	Raw               []byte
}

// PushListed takes a request from a list, as Push takes segments: it is read like
// one that came on a connection of its own, gets a fate, and is in the accounts.
// What is not one request from its first byte to its last is not handed on.
func (a *Assembler) PushListed(l *Listed) Fate {
	a.Advance(l.Time)
	raw := l.Raw[http1.EmptyLines(l.Raw):]
	m := &a.reader.direct.Message
	*m = http1.Message{}
	fate := a.readListed(m, raw)
	if fate == Sent {
		q := &a.reader.req
		*q = Request{
			Index: l.Index, Client: l.Client, Server: l.Server, First: l.Time, Last: l.Time,
			Raw: raw, head: m, listed: l,
		}
		fate = a.reader.emit(q)
		*q = Request{}
	}
	a.stats.Captured++
	a.stats.Fates[fate]++
	if fate != Sent && a.reader.explain.on {
		a.reader.explainListed(l, m, raw, fate)
	}
	return fate
}

// readListed says what becomes of a listed request as far as its bytes tell.
func (a *Assembler) readListed(m *http1.Message, raw []byte) Fate {
	if int64(len(raw)) > a.cfg.MaxRequest {
		return TooLarge
	}
	v, n := m.Head(raw, a.cfg.LoopHeader), 0
	if v == http1.Whole {
		n, v = m.Body(raw[m.HeadLen:])
		n += m.HeadLen
	}
	switch {
	case v == http1.More:
		return Aborted
	case v == http1.Unsupported:
		return Unsupported
	case v != http1.Whole || n != len(raw):
		return Malformed
	case m.Watched:
		return Loop
	}
	return Sent
}
