package reassembly

import (
	"log/slog"
	"slices"
)

// A ledger keeps the accounts of requests: each that begins is counted once, and
// gets one fate. It is what hands requests on.
type ledger struct {
	emit    func(*Request) Fate
	stats   *Stats
	log     *slog.Logger
	req     Request             // lent to emit
	explain explainer           // tells of those that are not handed on
	warned  [protocols][]uint16 // the ports whose protocol was logged

	repeats repeats
}

// count puts a request into the accounts and numbers it. One that carries the
// mark and leaves this machine is a replayer's here, no user's: it is counted
// apart, and has no fate.
func (l *ledger) count(f *flow, m *message) {
	m.begun, m.index = true, f.c.http.nextIndex()
	if m.own = f.leaving && m.Watched; m.own {
		l.stats.Own++
		return
	}
	l.stats.Captured++
	l.stats.Open++
}

// decide gives a request its fate; nothing is kept of it from now on.
func (l *ledger) decide(f *flow, m *message, fate Fate) {
	if m.discard {
		return
	}
	if !m.begun {
		l.count(f, m)
	}
	m.discard = true
	if m.own {
		return
	}
	l.stats.Open--
	l.stats.Fates[fate]++
	if fate != Sent && l.explain.on {
		l.explainFate(f, m, fate)
	}
}

// handOn hands a whole request on, which ended with a packet seen at last.
func (l *ledger) handOn(f *flow, m *message, raw []byte, last int64) {
	h := &f.c.http
	fate := Loop
	switch {
	case m.Watched:
	case l.repeats.has(f, &m.Message, raw):
		fate = Repeated
	default:
		q := &l.req
		q.Client, q.Server, q.origin = *f.client, *f.server, originOf(f)
		q.whose = whose{}
		q.Index, q.birth = m.index, uint64(h.birth)<<32|uint64(f.c.first)
		q.First, q.Last = m.first-f.a.clock.ahead, last-f.a.clock.ahead
		q.Seq, q.End, q.Ack = uint32(m.at), uint32(m.at.plus(len(raw))), uint32(m.ack)
		q.Rest, q.Opens, q.Answered = int64(m.rest)*int64(tick), m.opens && m.index == 0, false
		q.Raw, q.head = raw, &m.Message
		fate = l.emit(q)
		q.Raw = nil
	}
	if l.explain.on {
		l.explain.direct = raw
	}
	l.decide(f, m, fate)
	h.flags = h.flags&^(fresh|upgraded) | proved
	switch {
	case m.Upgrade:
		h.flags |= upgraded
	case string(m.Method(raw)) == "CONNECT":
		l.other(f, Tunnel)
	}
}

// other marks a stream as not HTTP/1.
func (l *ledger) other(f *flow, p Protocol) {
	f.c.state = ignored
	l.stats.Streams[p]++
	port := f.server.Port
	if slices.Contains(l.warned[p], port) {
		return
	}
	l.warned[p] = append(l.warned[p], port)
	l.log.Warn(p.advice(port), "protocol", p.String(), "client", f.client.String())
}
