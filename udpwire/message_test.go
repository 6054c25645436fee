package udpwire

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
)

var (
	noAddr = netip.AddrPort{}
	addr4  = netip.MustParseAddrPort("192.0.2.1:40000")
	addr6  = netip.MustParseAddrPort("[2001:db8::1]:65535")
)

func TestMessage(t *testing.T) {
	for _, src := range []netip.AddrPort{noAddr, addr4, addr6} {
		for _, dst := range []netip.AddrPort{noAddr, addr4, addr6} {
			for _, size := range []int{0, 1, 700} {
				t.Run(fmt.Sprintf("%s to %s, %d bytes", src, dst, size), func(t *testing.T) {
					far := map[int]uint32{0: 0, 1: 1<<32 - 1, 700: 300}[size]
					want := Message{Kind: 1, Proto: 2, User: 1<<63 + 5, Crowd: size == 1, Answered: size == 700, Conn: 1<<64 - 1, Index: ^uint64(far), Time: -4, Src: src, Dst: dst,
						Body: bytes.Repeat([]byte{7}, size)}
					b := append(appendHead([]byte("before"), &want, far), want.Body...)[len("before"):]
					var got Message
					n, back, ok := parseMessage(append(b, 1, 2, 3), &got)
					if !ok || n != len(b) || back != far {
						t.Fatalf("%t, %d bytes, %d back", ok, n, back)
					}
					if fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%v, want %v", got, want)
					}
					if cap(got.Body) != size {
						t.Error("what is appended to the body would overwrite what follows")
					}
					prefixes(t, b, len(b), func(b []byte) bool { _, _, ok := parseMessage(b, new(Message)); return ok })
				})
			}
		}
	}
}

func TestMessageRefused(t *testing.T) {
	m := Message{Src: addr4, Dst: addr6, Body: []byte("body")}
	good := append(appendHead(nil, &m, 0), m.Body...)
	for _, c := range []struct {
		name string
		b    []byte
		ok   bool
	}{
		{"good", good, true},
		{"another type", changed(good, 0, frameFragment), false},
		{"source of no family", changed(good, 3, 3|familyIPv6<<2), false},
		{"destination of no family", changed(good, 3, familyIPv4|3<<2), false},
		{"a crowd", changed(good, 3, familyIPv4|familyIPv6<<2|flagCrowd), true},
		{"a response is to follow", changed(good, 3, familyIPv4|familyIPv6<<2|flagAnswered), true},
		{"a reserved bit", changed(good, 3, familyIPv4|familyIPv6<<2|1<<6), false},
		{"another reserved bit", changed(good, 3, familyIPv4|familyIPv6<<2|1<<7), false},
		{"shorter than its head", changed(good, 7, messageLeast-frameHead+4+16-1), false},
		{"without a body", changed(good, 7, messageLeast-frameHead+4+16), true},
		{"numbers that take its addresses", changed(changed(good, messageFixed, 0x80), messageFixed+1, 0x80), true},
		{"longer than there is", changed(good, 7, good[7]+1), false},
		{"a body longer than any", changed(good, 4, 0xFF), false},
	} {
		if _, _, ok := parseMessage(c.b, new(Message)); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
	}
}

// TestMessageNumbers: the numbers of 7 bits to a byte, at their ends and where they are none.
func TestMessageNumbers(t *testing.T) {
	m := Message{Body: bytes.Repeat([]byte{0xFF}, 30)}
	head := appendHead(nil, &m, 0)[:messageFixed]
	for _, c := range []struct {
		name    string
		numbers []byte
		back    uint32
		index   uint64
		ok      bool
	}{
		{"least", []byte{0, 0}, 0, 0, true},
		{"one byte", []byte{0x7F, 0x7E}, 127, 126, true},
		{"two bytes", []byte{0x80, 1, 0xFF, 0x7F}, 128, 1<<14 - 1, true},
		{"longer than need be", []byte{0x81, 0x80, 0, 0x82, 0}, 1, 2, true},
		{"largest", []byte{0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1}, 1<<32 - 1, 1<<64 - 1, true},
		{"back too large", []byte{0x80, 0x80, 0x80, 0x80, 0x10, 0}, 0, 0, false},
		{"back without an end", bytes.Repeat([]byte{0x80}, 20), 0, 0, false},
		{"index too large", []byte{0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2}, 0, 0, false},
		{"index without an end", append([]byte{0}, bytes.Repeat([]byte{0x80}, 20)...), 0, 0, false},
	} {
		b := append(append(bytes.Clone(head), c.numbers...), "body"...)
		b[7] = byte(len(b) - frameHead)
		var got Message
		n, back, ok := parseMessage(b, &got)
		if ok != c.ok || ok && (n != len(b) || back != c.back || got.Index != c.index || string(got.Body) != "body") {
			t.Errorf("%s: %t, %d bytes, %d back, index %d, body %q", c.name, ok, n, back, got.Index, got.Body)
		}
	}
}

// The messages of a crowd keep the order of their connections, those of another
// user the order of the user; and a bit says which, where others stay zero.
func TestCrowdOrder(t *testing.T) {
	one, crowd := Message{User: 1, Conn: 2}, Message{User: 1, Conn: 2, Crowd: true}
	if one.orderedBy() != 1 || crowd.orderedBy() != 2 {
		t.Errorf("ordered by %d and %d, want the user 1 and the connection 2", one.orderedBy(), crowd.orderedBy())
	}
	a, b := appendHead(nil, &one, 1<<32-1), appendHead(nil, &crowd, 1<<32-1)
	if b[3] != a[3]|flagCrowd || !bytes.Equal(changed(b, 3, a[3]), a) {
		t.Errorf("the heads differ in more than a bit of byte 3:\n%x\n%x", a, b)
	}
	p := packer{hand: func(*chunk) *chunk { return &chunk{buf: make([]byte, 0, chunkSize)} }, size: func() int { return 1400 }}
	var backs []uint32
	for _, m := range []Message{{User: 1, Conn: 2}, {User: 1, Conn: 3}, {User: 1, Conn: 4, Crowd: true}, {User: 1, Conn: 5, Crowd: true}, {User: 1, Conn: 4, Crowd: true}} {
		at := 0
		if p.c != nil {
			at = len(p.c.buf)
		}
		p.add(&m)
		if at == 0 {
			at = dataOffset
		}
		_, back, ok := parseMessage(p.c.buf[at:], new(Message))
		if !ok {
			t.Fatal("no message")
		}
		backs = append(backs, back)
	}
	if want := []uint32{0, 1, 0, 0, 2}; !slices.Equal(backs, want) {
		t.Errorf("back %d, want %d", backs, want)
	}
}
