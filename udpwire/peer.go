package udpwire

import (
	"encoding/binary"
	"log/slog"
	"time"
)

// A peer is what a listener knows of one replayer: whether it answers, the session with it, and the totals of past
// ones. It is driven with the time and does no I/O but the outbox's write. Not safe for concurrent use.
type peer struct {
	// Fixed.
	name string
	keys *keyring // nil: no secret
	rand func([]byte)
	log  *slog.Logger

	out   outbox
	state peerState
	up    bool  // messages may be trusted to it: it answers, or has not had the time to
	sizes []int // datagram sizes to try, largest first
	size  int   // of a full datagram on this path

	// Handshake.
	hello   hello
	helloID uint64
	asked   bool    // a HELLO with this hello is out
	tries   int     // HELLOs since the last answer
	helloAt int64   // when the next is due
	seekAt  int64   // when seeking began
	refused bool    // by the kernel of the other machine: nobody listens there
	warned  bool    // about the missing answer
	met     bool    // has answered once
	heard   int64   // when it last answered
	replies *sealer // opens what the replayer sends
	seenCtl replayWindow

	closing bool
	byes    int // BYEs sent
	byeAt   int64
	byeDone bool

	dropped func() uint64 // messages the listener had no room for
	past    peerTotals    // of sessions that ended
	rejects Rejects
	answers uint64
	body    [maxDatagram]byte // scratch for HELLO
	in      report            // scratch
}

type peerTotals struct {
	received, lost, unconfirmed                uint64
	receivedBytes, lostBytes, unconfirmedBytes uint64
	sessions                                   uint64
}

// peerState is where a peer stands.
type peerState uint8

const (
	peerSeeking peerState = iota // no session; HELLO goes out
	peerLive                     // in session, answering
	peerSilent                   // in session, not answering; HELLO asks whether it still knows the session
	peerOneWay                   // never answered: sent to without recovery
)

// Pace of the handshake.
const (
	helloFirst  = int64(20 * time.Millisecond) // between the first HELLOs, doubled each time up to
	helloLast   = int64(500 * time.Millisecond)
	oneWayStart = int64(3 * time.Second) // without any answer, if there is no secret
	warnAfter   = int64(3 * time.Second) // without any answer
	silentAfter = int64(2 * time.Second) // without an answer to heartbeats
	byeEvery    = int64(50 * time.Millisecond)
	maxByes     = 10
	oneWayByes  = 3
)

// seek drops what is known of the handshake and starts a new one.
func (p *peer) seek(now int64) {
	p.asked, p.tries, p.helloAt, p.seekAt = false, 0, now, now
}

// tick does what time brings: HELLO, HEARTBEAT, BYE, and what can be sent now.
func (p *peer) tick(now int64) {
	if p.byeDone {
		return
	}
	switch p.state {
	case peerSeeking, peerOneWay:
		p.sayHello(now)
		if p.state == peerSeeking && p.keys == nil && !p.met && !p.refused && now-p.seekAt >= oneWayStart {
			p.startOneWay()
		}
	case peerLive:
		if now-p.heard > silentAfter {
			p.silent(now)
		} else if p.out.exhausted() && !p.out.unsettled() { // the next session has numbers again
			p.out.heartbeat(now, kindBye, p.dropped())
			p.endSession(now)
		}
	case peerSilent:
		p.sayHello(now)
	}
	p.checkRefused(now)
	p.drain(now)
	if p.state == peerLive || p.state == peerSilent {
		if now >= p.out.beat() {
			p.beat(now)
		}
	} else if p.state == peerOneWay && now >= p.out.beatAt+beatIdle {
		p.beat(now)
	}
	if p.closing && p.finished() && !p.byeDone && now >= p.byeAt {
		p.bye(now)
	}
}

// due is when tick is to be called next.
func (p *peer) due() int64 {
	due := never
	if p.byeDone {
		return due
	}
	switch p.state {
	case peerSeeking, peerOneWay, peerSilent:
		due = p.helloAt
		if p.state != peerSeeking {
			due = min(due, p.out.beat())
		}
	case peerLive:
		due = p.out.beat()
	}
	if p.closing && !p.byeDone && p.state != peerSeeking {
		due = min(due, max(p.byeAt, p.out.lastSent))
	}
	return due
}

func (p *peer) beat(now int64) {
	p.out.heartbeat(now, kindHeartbeat, p.dropped())
}

// drain sends what is pending, if it may.
func (p *peer) drain(now int64) {
	if p.state != peerLive && p.state != peerOneWay {
		return
	}
	p.out.drain(now) // what does not get out now stays, and is tried again with the next tick
	p.checkRefused(now)
}

// checkRefused acts on a refusal, the only error of a socket that says something about the replayer: whatever else
// does not get out is lost on the way and asked for again.
func (p *peer) checkRefused(now int64) {
	if !p.out.refused {
		return
	}
	p.out.refused = false
	if !p.refused {
		p.refused = true
		if p.state == peerSeeking {
			p.log.Warn("no replayer there yet, messages are kept as far as the buffer goes", "replayer", p.name)
		}
	}
	switch p.state {
	case peerLive:
		p.silent(now)
	case peerOneWay:
		p.endSession(now)
	}
	p.up = false
}

// lostFor is how long the replayer has not been there.
func (p *peer) lostFor(now int64) int64 {
	if p.state == peerLive {
		return 0
	}
	return now - p.seekAt
}

func (p *peer) silent(now int64) {
	p.state, p.up = peerSilent, false
	p.log.Warn("replayer does not answer any more, messages are kept as far as the buffer goes", "replayer", p.name)
	p.seek(now)
	p.hello.current = p.out.session
}

// sayHello sends a HELLO when one is due.
func (p *peer) sayHello(now int64) {
	if now < p.helloAt {
		return
	}
	if !p.asked {
		p.rand(p.hello.random[:])
		p.helloID = p.random64()
		p.hello.current = 0
		if p.state == peerSilent {
			p.hello.current = p.out.session
		}
		p.asked = true
	}
	size := p.sizes[p.tries%len(p.sizes)]
	h := header{kind: kindHello, session: p.helloID, number: p.random64()}
	if p.keys != nil {
		h.flags = flagSealed
	}
	h.put(p.body[:])
	d := p.hello.append(p.body[:headerSize])
	used := len(d)
	d = d[:size]
	clear(d[used:])
	if p.keys != nil {
		p.keys.sealHandshake(d)
	}
	_, err := p.out.send(d, size)
	wait := helloLast
	if p.tries < 6 {
		wait = min(helloFirst<<p.tries, helloLast)
	}
	if p.tries++; err != nil && p.tries < len(p.sizes) {
		wait = 0 // too large for the interface: try the next size at once
	}
	p.helloAt = now + wait
	if !p.warned && p.state == peerSeeking && now-p.seekAt >= warnAfter && !p.refused {
		p.warned, p.up = true, false
		if p.keys != nil {
			p.log.Warn("no answer: is gor replay running there with the same secret?", "replayer", p.name)
		} else {
			p.log.Warn("no answer: is gor replay running there?", "replayer", p.name)
		}
	}
}

func (p *peer) random64() uint64 {
	var b [8]byte
	p.rand(b[:])
	return binary.BigEndian.Uint64(b[:])
}

// startOneWay begins to send without ever having had an answer.
func (p *peer) startOneWay() {
	p.log.Warn("no answer, sending without recovery: what is lost on the way stays lost, and nobody can tell",
		"replayer", p.name)
	p.state, p.up = peerOneWay, true
	p.size = p.sizes[len(p.sizes)-1]
	p.past.sessions++
	p.out.begin(p.random64()|1, flagOneWay, nil, p.lastID())
	p.out.window = 1 << 62
}

// lastID is the id before the first message not yet sent.
func (p *peer) lastID() uint64 { return p.out.last }

// datagram takes in what came from the replayer's address.
func (p *peer) datagram(now int64, d []byte) {
	h, why, ok := parseHeader(d)
	if !ok {
		p.rejects[why]++
		return
	}
	switch h.kind {
	case kindWelcome:
		p.welcome(now, h, d)
	case kindReport, kindBye:
		p.report(now, h, d)
	default:
		p.rejects[rejectKind]++
	}
}

func (p *peer) welcome(now int64, h header, d []byte) {
	if !p.asked || h.session != p.helloID {
		p.rejects[rejectUnknownSession]++
		return
	}
	body := d[headerSize:]
	if p.keys != nil {
		ok := h.flags&flagSealed != 0
		if ok {
			body, ok = p.keys.openHandshake(d)
		}
		if !ok {
			p.rejects[rejectAuth]++
			return
		}
	}
	var w welcome
	if !w.parse(body) {
		p.rejects[rejectMalformed]++
		return
	}
	if w.asked != p.hello.random {
		p.rejects[rejectReplayed]++
		return
	}
	p.answers++
	if p.state == peerSilent && w.session == p.hello.current {
		p.alive(now)
		return
	}
	if p.state == peerSilent || p.state == peerOneWay {
		p.endSession(now)
	}
	var seal [2]*sealer
	if p.keys != nil {
		var err error
		if seal, err = p.keys.session(w.asked, w.random); err != nil {
			p.log.Error("no keys for the session", "replayer", p.name, "err", err)
			return
		}
	}
	p.size = max(int(w.arrived), minDatagram)
	p.past.sessions++
	p.out.begin(w.session, 0, seal[0], p.lastID())
	p.replies = seal[1]
	p.seenCtl = replayWindow{}
	p.out.window = int64(w.window)
	p.state = peerLive
	p.alive(now)
	p.beat(now) // proves to the replayer that its answer arrived, and measures the round trip
	p.drain(now)
}

// alive notes that the replayer answered.
func (p *peer) alive(now int64) {
	switch {
	case p.state == peerSilent:
		p.state = peerLive
		p.log.Info("replayer answers again", "replayer", p.name)
	case p.asked && p.met:
		p.log.Info("replayer is back, a new session begins", "replayer", p.name)
	case p.asked:
		p.log.Info("replayer answers", "replayer", p.name, "datagram_bytes", p.size, "sealed", p.keys != nil)
	}
	p.heard, p.asked, p.met, p.up, p.refused, p.warned = now, false, true, true, false, false
}

// report takes in a REPORT or BYE.
func (p *peer) report(now int64, h header, d []byte) {
	if p.state != peerLive && p.state != peerSilent || h.session != p.out.session {
		p.rejects[rejectUnknownSession]++
		return
	}
	if !p.seenCtl.fresh(h.number) {
		p.rejects[rejectReplayed]++
		return
	}
	body := d[headerSize:]
	if p.replies != nil {
		ok := h.flags&flagSealed != 0
		if ok {
			body, ok = p.replies.open(d)
		}
		if !ok {
			p.rejects[rejectAuth]++
			return
		}
	}
	if !p.in.parse(body) || !p.out.report(now, &p.in) {
		p.rejects[rejectMalformed]++
		return
	}
	p.seenCtl.mark(h.number)
	p.answers++
	if h.kind == kindBye {
		if p.closing && p.byes > 0 {
			p.byeDone = true
		} else {
			p.log.Warn("replayer has gone, messages are kept as far as the buffer goes", "replayer", p.name)
		}
		p.endSession(now)
		return
	}
	p.alive(now)
	p.drain(now)
}

// endSession closes the accounts of the session: what was sent and not confirmed is lost, or, without answers,
// unknown. What was not sent yet waits for the next session.
func (p *peer) endSession(now int64) {
	o := &p.out
	if c := o.pending.first; c != nil && c.numbered {
		o.pending.pop()
		o.settle(o.next)
	} else {
		o.settle(o.next)
	}
	received, bytes := o.answered.messages, o.answered.bytes
	if p.state == peerOneWay {
		p.past.unconfirmed += o.messages()
		p.past.unconfirmedBytes += o.bytes
	} else {
		received, bytes = min(received, o.messages()), min(bytes, o.bytes)
		p.past.received += received
		p.past.receivedBytes += bytes
		p.past.lost += o.messages() - received
		p.past.lostBytes += o.bytes - bytes
	}
	p.dropTail()
	last, lastControl := o.last, o.control
	o.begin(0, 0, nil, last)
	o.control = lastControl
	p.state, p.up = peerSeeking, false
	p.seek(now)
}

// dropTail forgets pending datagrams that only go on with a message begun in the session that ended: it is lost.
func (p *peer) dropTail() {
	o := &p.out
	for c := o.pending.first; c != nil && c.last <= o.last; c = o.pending.first {
		o.pool.put(o.pending.pop())
	}
}

// finished reports whether nothing is left to send or to be confirmed.
func (p *peer) finished() bool {
	return p.out.pending.first == nil && !p.out.unsettled()
}

// abandon ends the session without waiting for anything that is missing: the replayer is told the totals once.
func (p *peer) abandon(now int64) {
	if p.state != peerSeeking {
		p.out.heartbeat(now, kindBye, p.dropped())
		p.endSession(now)
	}
	p.byeDone = true
}

func (p *peer) bye(now int64) {
	if p.state == peerSeeking || p.byes >= maxByes || p.state == peerOneWay && p.byes >= oneWayByes {
		p.byeDone = true
		if p.state != peerSeeking {
			p.endSession(now)
		}
		return
	}
	p.byes++
	p.byeAt = now + byeEvery
	p.out.heartbeat(now, kindBye, p.dropped())
}
