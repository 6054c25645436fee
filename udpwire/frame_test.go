package udpwire

import (
	"bytes"
	"testing"
)

func TestFrameHead(t *testing.T) {
	b := append(appendFrameHead(nil, 9, [3]byte{1, 2, 3}, 5), "12345"...)
	if want := []byte("\x09\x01\x02\x03\x00\x00\x00\x0512345"); !bytes.Equal(b, want) {
		t.Errorf("%x, want %x", b, want)
	}
	prefixes(t, b, len(b), func(b []byte) bool { n, ok := parseFrameHead(b); return ok && n == 13 })
	if _, ok := parseFrameHead(changed(b, 4, 0xFF)); ok {
		t.Error("longer than anything, and believed")
	}
}

// TestUnknownFrames: a frame of a type that is not known is skipped wherever it stands, counted, and has no id.
func TestUnknownFrames(t *testing.T) {
	unknown := append(appendFrameHead(nil, 3, [3]byte{1, 2, 3}, 5), "12345"...)
	last := appendFrameHead(nil, 255, [3]byte{}, 0)
	one, two := messageFrame(&Message{Index: 1, Body: []byte("one")}), messageFrame(&Message{Index: 2, Body: []byte("two")})
	long := messageFrame(&Message{Index: 3, Body: make([]byte, 100)})
	begin := append(appendFragmentHead(nil, 90, 0, len(long)), long[:90]...)
	end := append(appendFragmentHead(nil, len(long)-90, 90, len(long)), long[90:]...)
	id := func(n byte) []byte { return []byte{7: n} }
	for _, c := range []struct {
		name      string
		datagrams [][]byte
		ok        bool // the last one
		messages  int
		skipped   uint64
	}{
		{"in front, between and behind", [][]byte{bytes.Join([][]byte{id(1), unknown, one, last, two, unknown}, nil)}, true, 2, 3},
		{"nothing else", [][]byte{bytes.Join([][]byte{id(1), last}, nil)}, true, 0, 1},
		{"before the padding", [][]byte{bytes.Join([][]byte{id(1), one, unknown, make([]byte, 9)}, nil)}, true, 1, 1},
		{"around the pieces of a message", [][]byte{bytes.Join([][]byte{id(1), begin, unknown}, nil),
			bytes.Join([][]byte{id(1), unknown, end, one}, nil)}, true, 2, 2},
		{"cut off", [][]byte{bytes.Join([][]byte{id(1), one, unknown[:12]}, nil)}, false, 1, 0},
		{"a message behind one that goes on", [][]byte{bytes.Join([][]byte{id(1), begin, unknown, one}, nil)}, false, 0, 1},
	} {
		var in inbox
		got := 0
		in.start(func(*Message) { got++ })
		ok := false
		for i, d := range c.datagrams {
			ok = in.data(1, uint64(i+1), d)
		}
		if ok != c.ok || got != c.messages || in.stats.skipped != c.skipped {
			t.Errorf("%s: %t, %d messages, %d skipped", c.name, ok, got, in.stats.skipped)
		}
	}
}

// messageFrame is the MESSAGE frame of m.
func messageFrame(m *Message) []byte { return append(appendHead(nil, m, 0), m.Body...) }

// TestUnknownMessages: a message of a kind that the consumer does not expect is received, counted and not handed on.
func TestUnknownMessages(t *testing.T) {
	r, _ := lonely(t)
	var got []uint64
	r.handle = func(m *Message) { got = append(got, m.Index) }
	s := r.sessions.byID[7]
	s.inbox.order.handle = func(m *Message) { r.handOn(s, m) }
	d := make([]byte, dataOffset)
	header{kind: kindData, session: 7, number: 1}.put(d)
	putBase(d, 1)
	for i, k := range []uint8{KindRequest, KindResponse, 255, KindRequest} {
		d = append(d, messageFrame(&Message{Kind: k, Index: uint64(i)})...)
	}
	r.datagram(d, source{})
	r.close(2)
	if st := r.past; len(got) != 2 || got[0] != 0 || got[1] != 3 || st.MessagesUnknown != 2 || st.MessagesReceived != 4 || st.MessagesLost != 0 {
		t.Errorf("%v handed on, %+v", got, st)
	}
}
