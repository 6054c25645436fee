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
					want := Message{Kind: 1, Proto: 2, User: 1<<63 + 5, Crowd: size == 1, Conn: 1<<64 - 1, Index: 3, Time: -4, Src: src, Dst: dst,
						Body: bytes.Repeat([]byte{7}, size)}
					b := append(appendHead(nil, &want, 5), want.Body...)
					var got Message
					n, back, ok := parseMessage(append(b, 1, 2, 3), &got)
					if !ok || n != len(b) || back != 5 {
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
		{"reserved bits", changed(good, 3, familyIPv4|familyIPv6<<2|1<<4), false},
		{"shorter than its head", changed(good, 7, messageFixed-frameHead+4+16-1), false},
		{"without a body", changed(good, 7, messageFixed-frameHead+4+16), true},
		{"longer than there is", changed(good, 7, good[7]+1), false},
		{"not zero where zero is ignored", changed(changed(good, 15, 1), 55, 1), true},
		{"a body longer than any", changed(good, 4, 0xFF), false},
	} {
		if _, _, ok := parseMessage(c.b, new(Message)); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
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
	if b[12] != 1 || !bytes.Equal(changed(b, 12, 0), a) {
		t.Errorf("the heads differ in more than a bit of byte 12:\n%x\n%x", a, b)
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
