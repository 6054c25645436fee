package udpwire

import (
	"bytes"
	"testing"
)

// counting fills with bytes that never repeat within a test.
func counting() func([]byte) {
	next := byte(0)
	return func(b []byte) {
		for i := range b {
			next++
			b[i] = next
		}
	}
}

// A handshaking is an initiator and a responder that know each other's secret, and one HELLO between them.
type handshaking struct {
	initiator initiator
	responder responder
	sessions  sessionTable
}

func newHandshaking(t *testing.T, secret string) *handshaking {
	h := &handshaking{initiator: initiator{keys: keyringOf(t, secret), rand: counting()},
		responder: responder{keys: keyringOf(t, secret), rand: counting()}, sessions: newSessionTable(1 << 20)}
	h.initiator.restart(ms)
	return h
}

// respond returns the WELCOME to a HELLO; nil: it was refused.
func (h *handshaking) respond(t *testing.T, d []byte) []byte {
	t.Helper()
	head, _, ok := parseHeader(d)
	if !ok {
		t.Fatal("not a datagram")
	}
	var ask hello
	if why, ok := h.responder.parse(head, bytes.Clone(d), &ask); !ok {
		t.Fatalf("refused: %s", why)
	}
	shake := h.responder.offer(head.session, &ask, &h.sessions, func() bool { return false })
	w := welcome{asked: ask.random, public: shake.random, session: shake.session, instance: 1}
	return h.responder.welcome(head, &w, nil)
}

// accept gives the initiator a WELCOME.
func (h *handshaking) accept(d []byte) (w welcome, why reason, ok bool) {
	head, why, ok := parseHeader(d)
	if ok {
		why, ok = h.initiator.accept(head, bytes.Clone(d), &w)
	}
	return w, why, ok
}

// TestHandshake: both ends come to the same session and the same keys.
func TestHandshake(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		d := bytes.Clone(h.initiator.datagram(0))
		response := h.respond(t, d)
		if len(d) != maxControl || len(response) > len(d) {
			t.Errorf("a HELLO of %d bytes, a WELCOME of %d", len(d), len(response))
		}
		w, why, ok := h.accept(response)
		if !ok || w.session == 0 {
			t.Fatalf("%t, %s, %+v", ok, why, w)
		}
		seal, _, err := h.initiator.sealers(&w)
		if err != nil {
			t.Fatal(err)
		}
		out := newOutgoing(w.session, seal)
		first := out.finishControl(kindHeartbeat, append(make([]byte, headerSize), "body"...))
		head, _, _ := parseHeader(first)
		s, shake, why := h.responder.begin(head)
		if s == nil || shake == nil {
			t.Fatalf("no session: %s", why)
		}
		if body, _, ok := s.open(head, first); !ok || string(body) != "body" {
			t.Errorf("%t, %q", ok, body)
		}
	})
}

func TestInitiatorRefuses(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		h := newHandshaking(t, secret)
		early := h.respond(t, bytes.Clone(h.initiator.datagram(0)))
		h.initiator.restart(2 * ms)
		if _, why, ok := h.accept(early); ok || why != rejectUnknownSession {
			t.Errorf("a WELCOME to nothing: %t, %s", ok, why)
		}
		late := h.respond(t, bytes.Clone(h.initiator.datagram(0)))
		if _, why, ok := h.accept(early); ok || why != rejectUnknownSession {
			t.Errorf("a WELCOME to another HELLO: %t, %s", ok, why)
		}
		if secret != "" {
			for name, d := range map[string][]byte{"changed": changed(late, headerSize, late[headerSize]+1), "not sealed": changed(late, 5, 0)} {
				if _, why, ok := h.accept(d); ok || why != rejectAuth {
					t.Errorf("%s: %t, %s", name, ok, why)
				}
			}
		} else {
			if _, why, ok := h.accept(changed(late, headerSize, late[headerSize]+1)); ok || why != rejectReplayed {
				t.Errorf("made for another HELLO: %t, %s", ok, why)
			}
			if _, why, ok := h.accept(late[:len(late)-1]); ok || why != rejectMalformed {
				t.Errorf("cut off: %t, %s", ok, why)
			}
		}
		if _, why, ok := h.accept(late); !ok {
			t.Errorf("the true one: %s", why)
		}
	})
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

// TestInitiatorRepeats: until a WELCOME comes it is one HELLO under several numbers.
func TestInitiatorRepeats(t *testing.T) {
	i := initiator{rand: counting()}
	i.restart(ms)
	large := bytes.Clone(i.datagram(0))
	small := bytes.Clone(i.datagram(5))
	var a, b hello
	if !a.parse(large[headerSize:]) || !b.parse(small[headerSize:]) || a != b || a.current != 0 {
		t.Errorf("%+v, then %+v", a, b)
	}
	first, _, _ := parseHeader(large)
	second, _, _ := parseHeader(small)
	if first.session != second.session || first.number == second.number {
		t.Errorf("%+v, then %+v", first, second)
	}
	if i.restart(2 * ms); !a.parse(i.datagram(5)[headerSize:]) || a.random == b.random || a.current != 5 {
		t.Errorf("not a new one: %+v", a)
	}
}

func TestResponderRefuses(t *testing.T) {
	plain, sealed := newHandshaking(t, ""), newHandshaking(t, "secret")
	good, secret := bytes.Clone(plain.initiator.datagram(0)), bytes.Clone(sealed.initiator.datagram(0))
	for _, c := range []struct {
		name string
		to   *handshaking
		d    []byte
		why  reason
		ok   bool
	}{
		{"good", plain, good, 0, true},
		{"shorter than the WELCOME", plain, good[:headerSize+welcomeSize+tagSize-1], rejectShort, false},
		{"sealed to who has no secret", plain, secret, rejectAuth, false},
		{"versions not spoken", plain, changed(good, headerSize+72, Version+1), rejectMalformed, false},
		{"good and sealed", sealed, secret, 0, true},
		{"plain to who has a secret", sealed, good, rejectAuth, false},
		{"changed", sealed, changed(secret, 400, 1), rejectAuth, false},
		{"cut off", sealed, secret[:maxControl-1], rejectAuth, false},
	} {
		h, _, _ := parseHeader(c.d)
		if why, ok := c.to.responder.parse(h, bytes.Clone(c.d), new(hello)); ok != c.ok || !ok && why != c.why {
			t.Errorf("%s: %t, %s", c.name, ok, why)
		}
	}
}

func TestResponderOffers(t *testing.T) {
	h := newHandshaking(t, "")
	room := func() bool { return false }
	full := func() bool { return true }
	ask := hello{random: [32]byte{1}}
	first := h.responder.offer(1, &ask, &h.sessions, room)
	if again := h.responder.offer(1, &ask, &h.sessions, full); again != first {
		t.Error("not the same for a HELLO that was repeated")
	}
	if h.responder.offer(2, &ask, &h.sessions, full) != nil {
		t.Error("an offer without room")
	}
	other := h.responder.offer(1, &hello{random: [32]byte{2}}, &h.sessions, room)
	if other == first || other.session == first.session {
		t.Error("the same for two listeners")
	}
	h.sessions.add(&session{id: first.session})
	if next := h.responder.offer(1, &ask, &h.sessions, room); next == first || next.session == first.session {
		t.Error("a session in use is offered again")
	}
	for i := range uint64(maxHandshakes) { // strangers
		h.responder.offer(100+i, &hello{}, &h.sessions, room)
	}
	if h.responder.handshakes.bySession(other.session) != nil && other.asked == [32]byte{2} {
		t.Error("the oldest did not make room")
	}
}

func TestResponderBegins(t *testing.T) {
	plain, sealed := newHandshaking(t, ""), newHandshaking(t, "secret")
	for _, c := range []struct {
		name string
		to   *handshaking
		h    header
		why  reason
	}{
		{"DATA of a session not known", plain, header{kind: kindData, session: 7, number: 1}, rejectUnknownSession},
		{"plain though there is a secret", sealed, header{kind: kindData, session: 7, number: 1}, rejectAuth},
		{"sealed, not known", sealed, header{kind: kindData, flags: flagSealed, session: 7, number: 1}, rejectUnknownSession},
	} {
		s, shake, why := c.to.responder.begin(c.h)
		if s != nil || shake != nil || why != c.why {
			t.Errorf("%s: %v, %s", c.name, s != nil, why)
		}
	}
}
