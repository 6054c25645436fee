package udpwire

import (
	"bytes"
	"net/netip"
	"testing"
)

// counting fills with bytes that never repeat within a test.
func counting() func([]byte) {
	next := uint32(0)
	return func(b []byte) {
		for i := range b {
			next++
			b[i] = byte(next ^ next>>8*7 ^ next>>16*13)
		}
	}
}

// A handshaking is a listener's initiator and a replayer's reception that know each other's secret.
type handshaking struct {
	t         *testing.T
	initiator initiator
	recv      reception
	sent      []byte // What the replayer sent last; nil: nothing.
}

func newHandshaking(t *testing.T, secret string) *handshaking {
	h := &handshaking{t: t, initiator: initiator{keys: keyringOf(t, secret), rand: counting()}}
	cfg := ReceiverConfig{}
	cfg.check()
	h.recv = newReception(cfg, keyringOf(t, secret), 1<<20, func(d []byte, _ *source) error { h.sent = bytes.Clone(d); return nil })
	h.recv.responder = newResponder(keyringOf(t, secret), counting())
	h.recv.now = ms
	h.recv.handle = func(*Message) {}
	h.initiator.restart(ms)
	return h
}

// hello is the HELLO that is out.
func (h *handshaking) hello() []byte { return bytes.Clone(h.initiator.datagram(0)) }

// respond returns what the replayer sends when it gets d from an address; nil: nothing.
func (h *handshaking) respond(d []byte, from source) []byte {
	h.sent = nil
	h.recv.datagram(bytes.Clone(d), from)
	return h.sent
}

// retry brings the cookie of a response to the initiator.
func (h *handshaking) retry(d []byte) {
	h.t.Helper()
	head, _, _ := parseHeader(d)
	if why, ok := h.initiator.retry(ms, head, bytes.Clone(d)); head.kind != kindRetry || !ok {
		h.t.Fatalf("not a RETRY: %d, %s", head.kind, why)
	}
}

// accept gives the initiator a WELCOME.
func (h *handshaking) accept(d []byte) (w welcome, why reason, ok bool) {
	head, why, ok := parseHeader(d)
	if ok {
		why, ok = h.initiator.accept(head, bytes.Clone(d), &w)
	}
	return w, why, ok
}

// welcomed makes the handshake from an address up to the WELCOME.
func (h *handshaking) welcomed(from source) (w welcome) {
	h.t.Helper()
	h.retry(h.respond(h.hello(), from))
	w, why, ok := h.accept(h.respond(h.hello(), from))
	if !ok {
		h.t.Fatalf("no WELCOME: %s", why)
	}
	return w
}

// begin is the BEGIN that follows a WELCOME.
func (h *handshaking) begin(w welcome) []byte {
	h.t.Helper()
	seal, _, err := h.initiator.sealers(&w)
	if err != nil {
		h.t.Fatal(err)
	}
	out := newOutgoing(w.session, seal, 0)
	first := h.initiator.begin()
	first.beat = heartbeat{time: 5, oldest: 1}
	return bytes.Clone(out.finishControl(kindBegin, first.append(make([]byte, headerSize, 1000))))
}

var elsewhere = source{addr: netip.MustParseAddrPort("10.0.0.2:1111")}

// TestHandshake: both ends come to the same session and the same keys, and until then the replayer keeps nothing and sends
// less than it gets.
func TestHandshake(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		d := h.hello()
		response := h.respond(d, listenerAt)
		if len(d) != maxControl || len(response) == 0 || len(response) >= len(d) {
			t.Errorf("a HELLO of %d bytes, a RETRY of %d", len(d), len(response))
		}
		h.retry(response)
		response = h.respond(h.hello(), listenerAt)
		w, why, ok := h.accept(response)
		if !ok || w.session == 0 || w.instance != h.recv.responder.instance || len(response) >= len(d) {
			t.Fatalf("%t, %s, %+v in %d bytes", ok, why, w, len(response))
		}
		if len(h.recv.sessions.byID) != 0 {
			t.Error("a session before BEGIN")
		}
		first := h.begin(w)
		h.respond(first, listenerAt)
		s := h.recv.sessions.byID[w.session]
		if s == nil || s.inbox.reporter.echo != 5 || s.inbox.reporter.size != uint32(len(first)) {
			t.Fatalf("%+v", h.recv.past)
		}
		if h.recv.tick(); len(h.sent) == 0 || kind(h.sent[4]) != kindReport {
			t.Error("no REPORT")
		}
	})
}

// TestHandshakeRepeated: the same question has the same answer; a BEGIN that comes again begins nothing.
func TestHandshakeRepeated(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		w := h.welcomed(listenerAt)
		again, why, ok := h.accept(h.respond(h.hello(), listenerAt))
		if !ok || again != w {
			t.Errorf("%t, %s, %+v, first %+v", ok, why, again, w)
		}
		d := h.begin(w)
		h.respond(d, listenerAt)
		s := h.recv.sessions.byID[w.session]
		h.respond(d, listenerAt)
		if h.recv.sessions.byID[w.session] != s || len(h.recv.sessions.byID) != 1 || h.recv.past.Rejected[rejectReplayed] != 1 {
			t.Errorf("%d sessions, %+v", len(h.recv.sessions.byID), h.recv.past)
		}
	})
}

// TestHandshakeFromElsewhere: a cookie, and a BEGIN, are worth nothing from another address.
func TestHandshakeFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		w := h.welcomed(listenerAt)
		if got := h.respond(h.hello(), elsewhere); len(got) == 0 || kind(got[4]) != kindRetry {
			t.Error("a cookie is believed from another address")
		}
		h.respond(h.begin(w), elsewhere)
		if len(h.recv.sessions.byID) != 0 || h.recv.past.Rejected[rejectUnknownSession] != 1 {
			t.Errorf("%d sessions, %+v", len(h.recv.sessions.byID), h.recv.past)
		}
	})
}

// TestHandshakeTooLate: what a replayer said is worth nothing after two minutes, or when it was started again.
func TestHandshakeTooLate(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		for _, c := range []struct {
			name string
			wait int64
			ok   bool
		}{{"at once", 0, true}, {"with the key before", localFresh, true}, {"too late", localLife, false}} {
			h := newHandshaking(t, secret)
			w := h.welcomed(listenerAt)
			if h.recv.now += c.wait; c.wait == localFresh {
				h.recv.responder.local.turn(h.recv.now)
			}
			if got := h.respond(h.hello(), listenerAt); (kind(got[4]) == kindWelcome) != c.ok {
				t.Errorf("%s: kind %d in response to a HELLO", c.name, got[4])
			}
			if h.respond(h.begin(w), listenerAt); (h.recv.sessions.byID[w.session] != nil) != c.ok {
				t.Errorf("%s: %d sessions", c.name, len(h.recv.sessions.byID))
			}
		}
		h := newHandshaking(t, secret)
		w := h.welcomed(listenerAt)
		old := h.begin(w)
		h.recv.responder.local.forget()
		if h.respond(old, listenerAt); len(h.recv.sessions.byID) != 0 {
			t.Error("a BEGIN for the process before is believed")
		}
	})
}

func TestInitiatorRefuses(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		first := h.respond(h.hello(), listenerAt)
		h.initiator.restart(2 * ms)
		head, _, _ := parseHeader(first)
		if why, ok := h.initiator.retry(ms, head, bytes.Clone(first)); ok || why != rejectReplayed {
			t.Errorf("a RETRY to nothing: %t, %s", ok, why)
		}
		h.retry(h.respond(h.hello(), listenerAt))
		early := h.respond(h.hello(), listenerAt)
		h.initiator.restart(3 * ms)
		if _, why, ok := h.accept(early); ok || why != rejectReplayed {
			t.Errorf("a WELCOME to nothing: %t, %s", ok, why)
		}
		late := h.respond(h.hello(), listenerAt)
		if _, why, ok := h.accept(early); ok || why != rejectReplayed {
			t.Errorf("a WELCOME to another HELLO: %t, %s", ok, why)
		}
		for name, d := range map[string][]byte{"changed": changed(late, headerSize, late[headerSize]+1), "sealed or not": changed(late, 5, late[5]^1)} {
			_, why, ok := h.accept(d)
			want := rejectAuth
			if secret == "" && name == "changed" {
				want = rejectReplayed // made for another HELLO
			}
			if ok || why != want {
				t.Errorf("%s: %t, %s", name, ok, why)
			}
		}
		if _, why, ok := h.accept(late[:len(late)-1]); ok || why != rejectMalformed && secret == "" {
			t.Errorf("cut off: %t, %s", ok, why)
		}
		if _, why, ok := h.accept(late); !ok {
			t.Errorf("the true one: %s", why)
		}
	})
}

// TestInitiatorNoHalf: a replayer that contributes nothing to the keys is not believed.
func TestInitiatorNoHalf(t *testing.T) {
	h := newHandshaking(t, "secret")
	w := h.welcomed(listenerAt)
	w.public = [32]byte{}
	if _, _, err := h.initiator.sealers(&w); err == nil {
		t.Error("keys from one side alone")
	}
}

// TestInitiatorPace: HELLOs come at 0, 20, 60, 140, 300 ms and then each half second.
func TestInitiatorPace(t *testing.T) {
	i := initiator{rand: counting()}
	i.restart(ms)
	now := ms
	for try, want := range []int64{20, 40, 80, 160, 320, 500, 500, 500} {
		i.said(now)
		if i.nextAt != now+want*ms {
			t.Errorf("after try %d: %d ms, want %d", try, (i.nextAt-now)/ms, want)
		}
		now = i.nextAt
	}
}

// TestInitiatorHurries: a RETRY is followed at once, but not one RETRY after another.
func TestInitiatorHurries(t *testing.T) {
	h := newHandshaking(t, "")
	now, sent := ms, 0
	for at := int64(0); at < 2000*ms; at += ms {
		for now = at; h.initiator.nextAt <= now; sent++ {
			d := h.hello()
			h.initiator.said(now)
			from := elsewhere
			from.addr = netip.AddrPortFrom(from.addr.Addr(), uint16(1000+sent)) // as a translator without memory would do it
			d = h.respond(d, from)
			head, _, _ := parseHeader(d)
			if why, ok := h.initiator.retry(now, head, d); !ok {
				t.Fatal(why)
			}
		}
	}
	if sent < 10 || sent > 20 {
		t.Errorf("%d HELLOs in two seconds", sent)
	}
}

// TestInitiatorRepeats: until a WELCOME comes it is one HELLO under several numbers.
func TestInitiatorRepeats(t *testing.T) {
	i := initiator{rand: counting(), flags: helloPatient}
	i.restart(ms)
	one := bytes.Clone(i.datagram(0))
	two := bytes.Clone(i.datagram(5))
	var a, b hello
	if !a.parse(one[headerSize:]) || !b.parse(two[headerSize:]) || a != b || a.current != 0 || a.flags != helloPatient {
		t.Errorf("%+v, then %+v", a, b)
	}
	first, _, _ := parseHeader(one)
	second, _, _ := parseHeader(two)
	if first.session == second.session || first.number == second.number {
		t.Errorf("%+v, then %+v", first, second)
	}
	if i.restart(2 * ms); !a.parse(i.datagram(5)[headerSize:]) || a.random == b.random || a.current != 5 {
		t.Errorf("not a new one: %+v", a)
	}
}

func TestResponderRefuses(t *testing.T) {
	plain, sealed := newHandshaking(t, ""), newHandshaking(t, "secret")
	good, secret := plain.hello(), sealed.hello()
	for _, c := range []struct {
		name string
		to   *handshaking
		d    []byte
		why  reason
		ok   bool
	}{
		{"good", plain, good, 0, true},
		{"shorter than others", plain, good[:maxControl-1], rejectShort, false},
		{"sealed to who has no secret", plain, secret, rejectAuth, false},
		{"versions not spoken", plain, changed(good, headerSize+72, Version+1), rejectMalformed, false},
		{"good and sealed", sealed, secret, 0, true},
		{"plain to who has a secret", sealed, good, rejectAuth, false},
		{"changed", sealed, changed(secret, 400, 1), rejectAuth, false},
		{"cut off", sealed, secret[:maxControl-1], rejectAuth, false},
	} {
		h, _, _ := parseHeader(c.d)
		if why, ok := c.to.recv.responder.parse(h, bytes.Clone(c.d), new(hello)); ok != c.ok || !ok && why != c.why {
			t.Errorf("%s: %t, %s", c.name, ok, why)
		}
	}
}

// TestResponderBegins: nothing but a BEGIN that a WELCOME was given for begins a session.
func TestResponderBegins(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		w := h.welcomed(listenerAt)
		good := h.begin(w)
		for _, c := range []struct {
			name string
			d    []byte
			why  reason
		}{
			{"another kind", changed(good, 4, byte(kindHeartbeat)), rejectUnknownSession},
			{"another session", changed(good, 15, good[15]+1), rejectUnknownSession},
			{"another random", changed(good, headerSize, good[headerSize]+1), rejectUnknownSession},
			{"another half of the keys", changed(good, headerSize+32, good[headerSize+32]+1), rejectUnknownSession},
			{"sealed or not", changed(good, 5, good[5]^1), rejectAuth},
			{"cut off", good[:headerSize+beginClear-1], rejectShort},
		} {
			before := h.recv.past.Rejected[c.why]
			if h.respond(c.d, listenerAt); len(h.recv.sessions.byID) != 0 || h.recv.past.Rejected[c.why] != before+1 {
				t.Errorf("%s: %d sessions, %v", c.name, len(h.recv.sessions.byID), h.recv.past.Rejected)
			}
		}
		if secret != "" {
			for name, d := range map[string][]byte{"changed": changed(good, 100, good[100]+1), "cut off": good[:len(good)-1], "another epoch": changed(good, 7, 1)} {
				before := h.recv.past.Rejected[rejectAuth]
				if h.respond(d, listenerAt); len(h.recv.sessions.byID) != 0 || h.recv.past.Rejected[rejectAuth] != before+1 {
					t.Errorf("%s: %d sessions, %v", name, len(h.recv.sessions.byID), h.recv.past.Rejected)
				}
			}
		}
		if h.respond(good, listenerAt); len(h.recv.sessions.byID) != 1 {
			t.Error("the true one is refused")
		}
	})
}
