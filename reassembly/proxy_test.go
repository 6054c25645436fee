package reassembly

import (
	"fmt"
	"strings"
	"testing"

	"gor/capture"
)

// proxy2 is a header of version 2 of the PROXY protocol.
func proxy2(command, family byte, addrs string) string {
	return proxy2Magic + string([]byte{command, family, byte(len(addrs) >> 8), byte(len(addrs))}) + addrs
}

const (
	addrs4 = "\xc0\x00\x02\x01\xc0\x00\x02\x02\x12\x67\x00\x50" // 192.0.2.1:4711 to 192.0.2.2:80
	addrs6 = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01" + "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02" + "\x12\x67\x00\x50"
)

// proxyHeaders are headers and whom they name; "": nobody.
var proxyHeaders = []struct{ name, header, want string }{
	{"version 1, IPv4", "PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n", "192.0.2.1:4711"},
	{"version 1, IPv6", "PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n", "[2001:db8::1]:4711"},
	{"version 1, unknown", "PROXY UNKNOWN\r\n", ""},
	{"version 1, unknown with addresses", "PROXY UNKNOWN 192.0.2.1 192.0.2.2 4711 80\r\n", ""},
	{"version 1, another family", "PROXY TCP4 2001:db8::1 2001:db8::2 4711 80\r\n", ""},
	{"version 1, a zone", "PROXY TCP6 fe80::1%eth0 fe80::2 4711 80\r\n", ""},
	{"version 1, no port", "PROXY TCP4 192.0.2.1 192.0.2.2 x 80\r\n", ""},
	{"version 1, a port too many", "PROXY TCP4 192.0.2.1 192.0.2.2 65536 80\r\n", ""},
	{"version 1, too few", "PROXY TCP4 192.0.2.1 192.0.2.2\r\n", ""},
	{"version 2, IPv4", proxy2(0x21, 0x11, addrs4), "192.0.2.1:4711"},
	{"version 2, IPv6", proxy2(0x21, 0x21, addrs6), "[2001:db8::1]:4711"},
	{"version 2, more behind the addresses", proxy2(0x21, 0x11, addrs4+"\x04\x00\x02ab"), "192.0.2.1:4711"},
	{"version 2, local", proxy2(0x20, 0x11, addrs4), ""},
	{"version 2, local without addresses", proxy2(0x20, 0x00, ""), ""},
	{"version 2, UDP", proxy2(0x21, 0x12, addrs4), ""},
	{"version 2, a Unix socket", proxy2(0x21, 0x31, strings.Repeat("/", 216)), ""},
	{"version 2, too short", proxy2(0x21, 0x11, addrs4[:11]), ""},
	{"version 2, no addresses", proxy2(0x21, 0x21, ""), ""},
	{"none", "", ""},
}

// The client is whom the header names, in every request of the connection, however
// the stream is cut; where it names nobody, it is who sent the packets.
func TestProxiedClient(t *testing.T) {
	for _, tt := range proxyHeaders {
		t.Run(tt.name, func(t *testing.T) {
			in := tt.header + get(1) + post(2, "body")
			for cut := range len(in) {
				var origins []string
				a := New(Config{}, func(r *Request) Fate {
					origins = append(origins, r.Origin().String())
					if r.Client != endpoint(1, 1000) {
						t.Errorf("packets from %v", r.Client)
					}
					return Sent
				})
				cl := newClient(1000, 5000)
				for _, s := range []capture.Segment{cl.syn(), cl.data(in[:cut]), cl.data(in[cut:])} {
					a.Push(&s)
				}
				want := tt.want
				if want == "" {
					want = cl.src.String()
				}
				if fmt.Sprint(origins) != fmt.Sprint([]string{want, want}) {
					t.Fatalf("cut at %d: %v, want %s twice", cut, origins, want)
				}
			}
		})
	}
}

// What a header said is forgotten with its connection: the next one with the same
// addresses, or in its record, is nobody's but its own.
func TestProxiedIsForgotten(t *testing.T) {
	var origins []string
	a := New(Config{}, func(r *Request) Fate {
		origins = append(origins, r.Origin().String())
		return Sent
	})
	first := newClient(1000, 5000)
	for _, s := range []capture.Segment{first.syn(), first.data(proxyHeaders[0].header + get(1)), first.fin()} {
		a.Push(&s)
	}
	again := newClient(1000, 900_000_000)
	again.now = first.now
	for _, s := range []capture.Segment{again.syn(), again.data(get(2))} {
		a.Push(&s)
	}
	if want := []string{"192.0.2.1:4711", first.src.String()}; fmt.Sprint(origins) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", origins, want)
	}
}

// The memory for what headers say is in the accounts, and there is none without.
func TestProxiedIsAccounted(t *testing.T) {
	held := func(header string) int64 {
		a := New(Config{}, func(*Request) Fate { return Sent })
		for i := range 3000 {
			cl := newClient(uint16(1000+i), 5000)
			for _, s := range []capture.Segment{cl.syn(), cl.data(header + get(1))} {
				a.Push(&s)
			}
		}
		return a.conns.recs.bytes()
	}
	if extra, want := held(proxyHeaders[0].header)-held(""), int64(3*slabBlock*originBytes); extra != want {
		t.Errorf("%d bytes more, want %d", extra, want)
	}
}

// FuzzProxied: whatever a header looks like, it names one client or none, and takes
// as many bytes as it says.
func FuzzProxied(f *testing.F) {
	for _, h := range proxyHeaders {
		f.Add([]byte(h.header + get(1)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, _, n := classify(b)
		client, ok := proxied(b)
		if v == isProxy && n < len(proxy1Magic) {
			t.Fatalf("a header of %d bytes", n)
		}
		if ok && client.AddrPort().Addr().Zone() != "" {
			t.Fatalf("%v", client)
		}
		if again := capture.EndpointOf(client.AddrPort()); ok && again != client {
			t.Fatalf("%v became %v", client, again)
		}
	})
}
