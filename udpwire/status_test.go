package udpwire

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestStatus(t *testing.T) {
	full := Status{Version: strings.Repeat("v", statusText), Host: strings.Repeat("h", statusText)}
	for i := range 20 {
		full.Accounts = append(full.Accounts, Account{fmt.Sprintf("%0*d", statusName, i), uint64(i) << 60})
	}
	for _, s := range []Status{{}, {Version: "v1.2", Host: "web7"}, {Host: "web7", Accounts: []Account{{"sent", 1}, {"", 1<<64 - 1}}}, full} {
		b := s.append(nil)
		if len(b) > statusRoom {
			t.Fatalf("%d bytes, more than a control datagram has room for", len(b))
		}
		var got Status
		if !got.parse(b) || got.Version != s.Version || got.Host != s.Host || len(got.Accounts) > len(s.Accounts) {
			t.Fatalf("%+v came out as %+v", s, got)
		}
		if len(s.Accounts) > 0 && (len(got.Accounts) == 0 || !reflect.DeepEqual(got.Accounts, s.Accounts[:len(got.Accounts)])) {
			t.Errorf("accounts %v came out as %v", s.Accounts, got.Accounts)
		}
		for n := range len(b) {
			if got.parse(b[:n]) {
				t.Errorf("%d of %d bytes are taken for a whole one", n, len(b))
			}
		}
	}
}

// TestStatusTwice: two values of one name, or two listeners at one address, would make metrics that tools refuse.
func TestStatusTwice(t *testing.T) {
	var got Status
	b := (&Status{Accounts: []Account{{"sent", 1}, {"lost", 2}, {"sent", 3}}}).append(nil)
	if !got.parse(b) || !reflect.DeepEqual(got.Accounts, []Account{{"sent", 1}, {"lost", 2}}) {
		t.Errorf("%+v", got)
	}
	if got.parse(append(b, make([]byte, maxControl)...)) {
		t.Error("larger than a STATUS may be")
	}
	s := newStranger(t, ReceiverConfig{}, "")
	random := seeded()
	for i, host := range []string{"old", "new", "newest"} { // the sessions of one that gave up the ones before
		out, ok := s.shake(listenerAt, random)
		if !ok {
			t.Fatal("no session")
		}
		s.say(out.finishControl(kindStatus, (&Status{Host: host}).append(make([]byte, headerSize))), listenerAt)
		if i == 0 {
			out, _ = s.shake(elsewhere, random)
			s.say(out.finishControl(kindStatus, (&Status{Host: "other"}).append(make([]byte, headerSize))), elsewhere)
		}
		s.recv.setTime(s.recv.now + ms)
	}
	all := (&Receiver{core: *s.recv}).Listeners()
	if len(all) != 2 || all[0].Addr == all[1].Addr || !slices.ContainsFunc(all, func(l Listener) bool { return l.Host == "newest" }) {
		t.Errorf("%+v", all)
	}
}

// A listener tells each replayer at once, and again every few seconds.
func TestStatusArrives(t *testing.T) {
	w := harbour(t, 2)
	st := Status{Version: "v2", Host: "web7", Accounts: []Account{{"sent", 1}}}
	w.send.fleet.say(st.append(nil))
	w.run(100 * ms)
	check := func(sent uint64) {
		t.Helper()
		for i := range 2 {
			for _, s := range w.host(seaAddr(i + 1)).recv.sessions.byID {
				if s.status == nil || s.status.Host != "web7" || s.status.Version != "v2" || s.status.Accounts[0].Value != sent {
					t.Errorf("replayer %d knows %+v", i, s.status)
				}
			}
		}
	}
	check(1)
	st.Accounts[0].Value = 2
	w.send.fleet.say(st.append(nil))
	w.run(6000 * ms)
	check(2)
	w.kill(seaAddr(1), true)
	w.run(1000 * ms)
	w.start(seaAddr(1), 0)
	w.run(1000 * ms)
	check(2)
}

// What is shown to people holds nothing that could fool a terminal or a metric's format.
func TestStatusIsPrintable(t *testing.T) {
	s := Status{Version: "a\x1b[2Jb", Host: "w\n\"\x00é" + strings.Repeat("x", 100), Accounts: []Account{{"n\n", 1}}}
	b := s.append(nil)
	var got Status
	if !got.parse(b) || got.Version != "a?[2Jb" || !strings.HasPrefix(got.Host, `w?"???xx`) || len(got.Host) != statusText || got.Accounts[0].Name != "n?" {
		t.Errorf("%+v", got)
	}
	for i, c := range b {
		if printable(c) && c != 1 {
			bad := append([]byte(nil), b...)
			if bad[i] = '\n'; i != 0 && got.parse(bad) && strings.Contains(got.Version+got.Host+got.Accounts[0].Name, "\n") {
				t.Fatalf("byte %d: %+v", i, got)
			}
		}
	}
}

func FuzzStatus(f *testing.F) {
	f.Add((&Status{Version: "v1", Host: "web", Accounts: []Account{{"sent", 7}}}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again Status
		if !s.parse(b) {
			return
		}
		if c := s.append(nil); len(b) <= statusRoom && (!again.parse(c) || again.Host != s.Host || len(again.Accounts) != len(s.Accounts)) {
			t.Errorf("%+v became %+v", s, again)
		}
	})
}
