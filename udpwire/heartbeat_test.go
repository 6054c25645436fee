package udpwire

import "testing"

func TestHeartbeat(t *testing.T) {
	for _, want := range []heartbeat{
		{},
		{time: 1, oldest: 2, highest: 3, messages: 4, bytes: 5, dropped: 6, answer: 7},
		{time: -1, oldest: maxNumber, highest: maxNumber - 1, messages: 1<<64 - 1, bytes: 1<<64 - 1, dropped: 1<<64 - 1},
	} {
		b := want.append(nil)
		if len(b) != heartbeatSize {
			t.Fatalf("%d bytes, want %d", len(b), heartbeatSize)
		}
		var got heartbeat
		if !got.parse(b) || got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		prefixes(t, b, heartbeatSize, func(b []byte) bool { return new(heartbeat).parse(b) })
	}
}

func TestHeartbeatRefused(t *testing.T) {
	for _, c := range []struct {
		name            string
		oldest, highest uint64
		ok              bool
	}{
		{"nothing sent", 1, 0, true},
		{"all settled", 8, 7, true},
		{"one not settled", 7, 7, true},
		{"settled beyond what was sent", 9, 7, false},
		{"the last number", 1, maxNumber - 1, true},
		{"beyond the last number", 1, maxNumber, false},
		{"the highest of all", 1, 1<<64 - 1, false},
	} {
		b := (&heartbeat{oldest: c.oldest, highest: c.highest}).append(nil)
		if ok := new(heartbeat).parse(b); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
	}
}
