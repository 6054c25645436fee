package udpwire

import (
	"net/netip"
	"testing"
)

func TestLocalKeys(t *testing.T) {
	l := localKeys{rand: counting()}
	if l.reached(&[16]byte{}, listenerAt) {
		t.Error("zeros are a cookie before there is a key")
	}
	now := 5 * localFresh
	l.turn(now)
	if l.reached(&[16]byte{}, listenerAt) {
		t.Error("zeros are a cookie")
	}
	cookie := l.keys[0].cookie(listenerAt)
	random, public := [32]byte{1}, [32]byte{2}
	id := l.keys[0].session(&random, &public, listenerAt)
	good := func() bool { return l.reached(&cookie, listenerAt) }
	if !good() || l.maker(id, &random, &public, listenerAt) != &l.keys[0] || id == 0 {
		t.Error("the key does not know its own")
	}
	otherPort, otherAddr := listenerAt, listenerAt
	otherPort.addr = netip.AddrPortFrom(listenerAt.addr.Addr(), listenerAt.addr.Port()+1)
	otherAddr.addr = netip.AddrPortFrom(listenerAt.addr.Addr().Next(), listenerAt.addr.Port())
	for _, from := range []source{otherPort, otherAddr} {
		if l.reached(&cookie, from) || l.maker(id, &random, &public, from) != nil {
			t.Errorf("good from %s as well", from.addr)
		}
	}
	if l.maker(id, &public, &random, listenerAt) != nil || l.maker(id+1, &random, &public, listenerAt) != nil {
		t.Error("another session is known")
	}
	mapped := source{addr: netip.AddrPortFrom(netip.AddrFrom16(listenerAt.addr.Addr().As16()), listenerAt.addr.Port())}
	if !l.reached(&cookie, mapped) {
		t.Error("an IPv4 address in IPv6 is another")
	}
}

// TestLocalKeysAge: a key is used for a minute and believed for two, however seldom anybody asks; a clock that is set back
// ends it.
func TestLocalKeysAge(t *testing.T) {
	const start = 100 * localFresh
	for _, c := range []struct {
		name        string
		at          []int64 // Asked then.
		fresh, good bool    // The last time: the same key is used; it is believed.
	}{
		{"at once", []int64{0}, true, true},
		{"within a minute", []int64{localFresh - 1}, true, true},
		{"after a minute", []int64{localFresh}, false, true},
		{"just before two", []int64{localFresh, localLife - 1}, false, true},
		{"after two", []int64{localFresh, localLife}, false, false},
		{"late in the first, then late", []int64{localLife - 1, localLife + 1}, false, false},
		{"not for two", []int64{localLife}, false, false},
		{"earlier", []int64{-1}, false, false},
	} {
		l := localKeys{rand: counting()}
		l.turn(start)
		cookie := l.keys[0].cookie(listenerAt)
		for _, at := range c.at {
			l.turn(start + at)
		}
		if fresh, good := l.keys[0].cookie(listenerAt) == cookie, l.reached(&cookie, listenerAt); fresh != c.fresh || good != c.good {
			t.Errorf("%s: the same key %t, believed %t", c.name, fresh, good)
		}
	}
	l := localKeys{rand: counting()}
	l.turn(start)
	cookie := l.keys[0].cookie(listenerAt)
	if l.forget(); l.reached(&cookie, listenerAt) {
		t.Error("what was forgotten is believed")
	}
}
