package udpwire

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
)

// A stranger speaks to a reception and keeps account of who gets what from it.
type stranger struct {
	t        *testing.T
	recv     *reception
	sent     map[netip.AddrPort]int // Bytes, by the address they seem to come from.
	got      map[netip.AddrPort]int // Bytes that went there.
	last     []byte                 // What the replayer sent last.
	messages int                    // Handed on.
}

func newStranger(t *testing.T, cfg ReceiverConfig, secret string) *stranger {
	s := &stranger{t: t, sent: map[netip.AddrPort]int{}, got: map[netip.AddrPort]int{}}
	cfg.check()
	recv := newReception(cfg, keyringOf(t, secret), 4<<20, func(d []byte, to *source) error {
		s.got[to.addr] += len(d)
		s.last = bytes.Clone(d)
		return nil
	})
	recv.responder = newResponder(keyringOf(t, secret), seeded())
	recv.setTime(1e18)
	recv.handle = func(*Message) { s.messages++ }
	s.recv = &recv
	return s
}

// say sends d from an address and returns the response; nil: there is none.
func (s *stranger) say(d []byte, from source) []byte {
	s.last = nil
	s.sent[from.addr] += len(d)
	countsOnce(s.t, s.recv.counted, d, func() { s.recv.datagram(bytes.Clone(d), from) })
	return s.last
}

// shake makes a whole handshake from an address and returns the listener's direction of the session, or false.
func (s *stranger) shake(from source, random func([]byte)) (out outgoing, ok bool) {
	i := initiator{keys: s.recv.responder.keys.clone(), rand: random}
	var w welcome
	for range 2 {
		d := s.say(i.datagram(0), from)
		if d == nil {
			return out, false
		}
		h, _, _ := parseHeader(d)
		if h.kind == kindRetry {
			i.retry(s.recv.now, h, d)
		} else if why, ok := i.accept(h, d, &w); !ok {
			s.t.Fatal(why)
		}
	}
	seal, _, err := i.sealers(&w)
	if err != nil {
		s.t.Fatal(err)
	}
	out = newOutgoing(w.session, seal, s.recv.now)
	first := i.begin()
	first.beat = heartbeat{time: 1, oldest: 1}
	s.say(out.finishControl(kindBegin, first.append(make([]byte, headerSize, maxControl))), from)
	return out, s.recv.sessions.byID[w.session] != nil
}

// data is a DATA datagram that holds one message.
func (s *stranger) data(out *outgoing, number, id uint64) []byte {
	d := append(make([]byte, dataOffset), messageFrame(&Message{Body: []byte("GET / HTTP/1.1\r\n\r\n")})...)
	putBase(d, id)
	if out.seal != nil {
		d = append(d, make([]byte, tagSize)...)
	}
	out.finishData(d, number)
	return d
}

// fair checks that nobody got more than it sent but those who have shown where they are.
func (s *stranger) fair(but ...source) {
	s.t.Helper()
	for _, b := range but {
		delete(s.got, b.addr)
	}
	for to, n := range s.got {
		if n > s.sent[to] {
			s.t.Errorf("%s sent %d bytes and got %d", to, s.sent[to], n)
		}
	}
}

// seeded fills with random bytes, the same in each run.
func seeded() func([]byte) {
	rng := rand.NewChaCha8([32]byte{})
	return func(b []byte) { rng.Read(b) }
}

// place is one of many addresses.
func place(i int) source {
	return source{addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 1111)}
}

// TestHelloFlood: between any two steps of an honest handshake come 1,000 HELLOs, from everywhere and from one address
// whose owner answers. The honest one succeeds each time, and nothing is kept of the others.
func TestHelloFlood(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		s := newStranger(t, ReceiverConfig{}, secret)
		random := seeded()
		before := heapInUse()
		i := 0
		flood := func() {
			i := i
			real := initiator{keys: s.recv.responder.keys.clone(), rand: random}
			forged := initiator{keys: s.recv.responder.keys.clone(), rand: random}
			d := forged.datagram(0)
			for range 500 {
				i++
				s.recv.setTime(s.recv.now + ms/100)
				s.say(d, place(i))
				if d := s.say(real.datagram(0), elsewhere); d != nil {
					h, _, _ := parseHeader(d)
					real.retry(s.recv.now, h, d)
				}
			}
		}
		honest := 0
		for range 10 {
			s.recv.tick()
			_, ok := s.shake(listenerAt, func(b []byte) { flood(); random(b) })
			if ok {
				honest++
			}
			i += 500
		}
		if grown := heapInUse() - before; honest != 10 || len(s.recv.sessions.byID) != 10 || grown > 4<<20 {
			t.Errorf("%d of 10 handshakes, %d sessions, %d bytes more", honest, len(s.recv.sessions.byID), grown)
		}
		s.fair(listenerAt)
	})
}

// TestSessionFlood: one that can be reached begins sessions as fast as it likes. Those who use theirs keep them, and
// another listener still finds room.
func TestSessionFlood(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		s := newStranger(t, ReceiverConfig{MaxSessions: 64}, secret)
		random := seeded()
		out, ok := s.shake(listenerAt, random)
		if !ok {
			t.Fatal("no session")
		}
		for number := uint64(1); number <= 1000; number++ {
			s.say(s.data(&out, number, number), listenerAt)
			if _, ok := s.shake(elsewhere, random); !ok {
				t.Fatalf("no session after %d", number)
			}
			s.recv.setTime(s.recv.now + ms)
			s.recv.tick()
		}
		if s.messages != 1000 || s.recv.sessions.byID[out.session] == nil || len(s.recv.sessions.byID) != 64 {
			t.Errorf("%d messages, %d sessions", s.messages, len(s.recv.sessions.byID))
		}
		if len(s.recv.ended.order) > maxTombs || len(s.recv.ended.byID) != len(s.recv.ended.order) {
			t.Errorf("%d tombstones", len(s.recv.ended.order))
		}
	})
}

// TestFarNumbers: two datagrams with numbers far ahead in each of many sessions take little memory; what they take is
// counted; and when somebody takes too much, it is their session that ends.
func TestFarNumbers(t *testing.T) {
	s := newStranger(t, ReceiverConfig{}, "")
	random := seeded()
	before := heapInUse()
	var outs []outgoing
	for i := range DefaultSessions - 1 {
		out, ok := s.shake(place(i), random)
		if !ok {
			t.Fatal("no session")
		}
		s.say(s.data(&out, farthest/2, 1<<16), place(i))
		s.say(s.data(&out, farthest-1, 1<<20), place(i))
		outs = append(outs, out)
	}
	grown := heapInUse() - before
	total, _ := s.recv.sessions.held()
	if grown > 24<<20 || total < grown/2 || total > grown {
		t.Errorf("%d sessions: %d bytes more, %d counted", len(outs), grown, total)
	}
	honest, ok := s.shake(listenerAt, random)
	if !ok {
		t.Fatal("no room for an honest listener")
	}
	s.say(s.data(&honest, 1, 1), listenerAt)
	s.recv.cfg.MaxHeld = total + 1<<20
	for i := range 10 { // a page each
		for n := uint64(2); n < farthest; n += pageSize {
			s.say(s.data(&outs[i], n, 1<<16+n), place(i))
		}
	}
	s.recv.setTime(s.recv.now + 2*idleTick)
	s.recv.tick()
	if total, _ := s.recv.sessions.held(); total > s.recv.cfg.MaxHeld {
		t.Errorf("%d bytes held", total)
	}
	if s.recv.sessions.byID[honest.session] == nil || s.recv.sessions.byID[outs[500].session] == nil || len(s.recv.sessions.byID) == DefaultSessions {
		t.Errorf("%d sessions left, the honest one: %t", len(s.recv.sessions.byID), s.recv.sessions.byID[honest.session] != nil)
	}
	s.say(s.data(&honest, 2, 2), listenerAt)
	if s.messages < 2 {
		t.Error("the honest listener's messages do not come")
	}
}

// TestNotAuthenticFirst: what is not authentic is nothing else: no duplicate, not replayed, of no session to be asked about.
func TestNotAuthenticFirst(t *testing.T) {
	s := newStranger(t, ReceiverConfig{}, "secret")
	out, ok := s.shake(listenerAt, seeded())
	if !ok {
		t.Fatal("no session")
	}
	d := s.data(&out, 1, 1)
	s.say(d, listenerAt)
	session := s.recv.sessions.byID[out.session]
	before, rejected := session.inbox.stats, s.recv.past.Rejected
	s.recv.setTime(s.recv.now + 1000*ms)
	s.recv.tick()
	heard := session.heard
	forged := [][]byte{changed(d, len(d)-1, d[len(d)-1]+1), changed(d, 5, 0)} // of a number that has arrived
	for _, k := range []kind{kindBegin, kindHeartbeat, kindGone, kindBye} {   // of a number that was seen
		f := bytes.Clone(d)
		header{kind: k, flags: flagSealed, session: out.session, number: 1}.put(f)
		forged = append(forged, f)
	}
	other := changed(d, 8, d[8]+1) // of no session, and in clear
	other[5] = 0
	forged = append(forged, other)
	for _, f := range forged {
		if got := s.say(f, elsewhere); got != nil {
			t.Errorf("a response to %x", f[:headerSize])
		}
	}
	rejected[rejectAuth] += uint64(len(forged))
	if session.inbox.stats != before || s.recv.past.Rejected != rejected || session.heard != heard || session.where.proven != listenerAt {
		t.Errorf("%+v, before %+v, rejected %v", session.inbox.stats, before, s.recv.past.Rejected)
	}
	if s.recv.tick(); s.got[elsewhere.addr] > 0 {
		t.Errorf("%d bytes went to who knows no secret", s.got[elsewhere.addr])
	}
}

// TestUnknownHint: who speaks in a session that is not known is told so, in no more bytes, and not too often.
func TestUnknownHint(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		s := newStranger(t, ReceiverConfig{}, secret)
		out, ok := s.shake(listenerAt, seeded())
		if !ok {
			t.Fatal("no session")
		}
		d := s.data(&out, 5, 1)
		binary.BigEndian.PutUint64(d[8:], 99) // another session
		got := s.say(d, elsewhere)
		h, _, _ := parseHeader(got)
		body, ok := s.recv.responder.keys.clone().open(h, got)
		var u unknown
		if !ok || h.kind != kindUnknown || !u.parse(body) || u != (unknown{session: 99, number: 5}) || len(got) > len(d) {
			t.Errorf("%x in response to %d bytes", got, len(d))
		}
		if s.say(d[:len(got)-1], elsewhere) != nil {
			t.Error("a response longer than what it responds to")
		}
		sent := 0
		for i := range 100000 { // within a second
			s.recv.setTime(s.recv.now + 1000*ms/100000)
			if s.say(d, place(i)) != nil {
				sent++
			}
		}
		if sent < 1000 || sent > 1000+hintBurst {
			t.Errorf("%d in a second", sent)
		}
		s.fair(listenerAt)
	})
}

// TestUnknownBelieved: a listener that is told that its session is not known asks, and ends nothing: whoever may have said
// that. Of another session, of a number it has not sent, or by one without the secret, it is not believed.
func TestUnknownBelieved(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		for _, c := range []struct {
			name   string
			u      unknown // session 0: the present one
			secret string
			ok     bool
		}{
			{"true", unknown{number: 1}, secret, true},
			{"another session", unknown{session: 99, number: 1}, secret, false},
			{"a number not sent", unknown{number: 1 << 40}, secret, false},
			{"no number", unknown{}, secret, false},
			{"with another secret", unknown{number: 1}, secret + "another", false},
		} {
			n := newNetwork(t, 1, secret)
			n.load(200)
			if c.u.session == 0 {
				c.u.session = n.peer.out.channel.session
			}
			hellos := 0
			n.tap = func(_ bool, d []byte) {
				if kind(d[4]) == kindHello {
					hellos++
				}
			}
			n.peer.datagram(n.now, keyringOf(t, c.secret).finish(kindUnknown, c.u.append(make([]byte, headerSize)), seeded()))
			n.load(200)
			if hellos > 0 != c.ok {
				t.Errorf("%s: %d HELLOs", c.name, hellos)
			}
			n.finish(10000 * ms)
			n.allArrived()
			n.balanced()
			if n.peer.accounts.sessions != 1 {
				t.Errorf("%s: %d sessions", c.name, n.peer.accounts.sessions)
			}
		}
	})
}
