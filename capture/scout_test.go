package capture

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSight reads packets, and any beginning of them.
func TestSight(t *testing.T) {
	hello := "\x16\x03\x01\x00\x05hello"
	for _, tt := range []struct {
		name string
		b    []byte
		port uint16
		tls  bool
	}{
		{"IPv4", ip4Bytes(6, 0, 1, seg), 80, false},
		{"IPv6", v6(6, seg), 80, false},
		{"TLS", ip4Bytes(6, 0, 1, tcpBytes(443, ACK, hello)), 443, true},
		{"TLS over IPv6", v6(6, tcpBytes(443, ACK, hello)), 443, true},
	} {
		var s sighting
		if !s.sight(tt.b) || s.port != tt.port || s.tls != tt.tls {
			t.Errorf("%s: %+v", tt.name, s)
		}
		for n := range tt.b {
			s.sight(tt.b[:n]) // ends, without reading beyond
		}
	}
	for _, b := range [][]byte{nil, {0x45}, make([]byte, 100), ip4Bytes(6, 5, 1, nil)} {
		if s := (sighting{}); s.sight(b) {
			t.Errorf("%x: %+v", b, s)
		}
	}
}

// many is n sightings like s.
func many(n int, s sighting) []sighting { return slices.Repeat([]sighting{s}, n) }

// TestOtherWay names what goes the way that is not captured, by the ports it goes to.
func TestOtherWay(t *testing.T) {
	for _, tt := range []struct {
		name      string
		direction Direction
		l         look
		want      string
	}{
		{"nothing", In, look{elapsed: time.Second}, ""},
		{"leaving", In, look{seen: many(10, sighting{port: 80, leaving: true}), total: 1234, elapsed: time.Second},
			"about 1,200 requests/s to port 80 leave this machine: --direction out takes these, --direction both all"},
		{"arriving", Out, look{seen: many(1, sighting{port: 80}), total: 1, elapsed: 2 * time.Second},
			"less than a request/s to port 80 arrive at this machine: --direction in takes these, --direction both all"},
		{"two ports", In, look{seen: []sighting{{port: 81, leaving: true}, {port: 80, leaving: true}}, total: 50, elapsed: time.Second},
			"about 50 requests/s to ports 80, 81 leave this machine: --direction out takes these, --direction both all"},
		{"what is captured", Both, look{seen: many(3, sighting{port: 80, leaving: true}), total: 3, elapsed: time.Second}, ""},
		{"other ports, TLS and others' frames", In, look{seen: []sighting{
			{port: 82, leaving: true}, {port: 80, leaving: true, tls: true}, {port: 80, leaving: true, otherHost: true},
		}, total: 3, elapsed: time.Second}, ""},
	} {
		ports := []uint16{80, 81}
		sc := scouting{ports: ports, ways: tt.direction.ways(ports, &portSet{})}
		if got, rate := sc.otherWay(&tt.l); got != tt.want || rate > 0 != (tt.want != "") {
			t.Errorf("%s: %q and %v, want %q", tt.name, got, rate, tt.want)
		}
	}
}

// TestInstead: of all that is seen instead of requests the most telling is said.
func TestInstead(t *testing.T) {
	const hour = time.Hour
	for _, tt := range []struct {
		name     string
		seen     []sighting
		segments uint64
		want     string
	}{
		{"nothing", nil, 0, "in the second of looking there is no web traffic at any port"},
		{"segments alone", nil, 7, "7 segments to port 80 were captured"},
		{"TLS elsewhere", many(1, sighting{port: 443, tls: true}), 0, "the only web traffic is TLS"},
		{"TLS at the port", many(1, sighting{port: 80, tls: true}), 7, "what comes to port 80 is TLS"},
		{"another port", slices.Concat(many(2, sighting{port: 8080}), many(9, sighting{port: 8081}), many(1, sighting{port: 443, tls: true})), 0,
			"port 8081 (less than a request/s: -p 8081), port 8080 (less than a request/s: -p 8080)"},
		{"another port beside segments", many(2, sighting{port: 8080}), 7, "-p 8080"},
		{"another interface", slices.Concat(many(2, sighting{port: 8080}), many(1, sighting{port: 80, iface: 5})), 0, "interface eth5: -i eth5"},
		{"others' frames", slices.Concat(many(2, sighting{port: 8080}), many(1, sighting{port: 80, otherHost: true, iface: 1})), 0, "--promisc"},
		{"the other way", slices.Concat(many(9, sighting{port: 8080}), many(1, sighting{port: 80, leaving: true})), 0, "--direction out"},
	} {
		ports := []uint16{80}
		sc := scouting{ports: ports, ways: In.ways(ports, &portSet{}), ifaces: []int{1, 0}, name: func(i int) string { return "eth" + string(rune('0'+i)) }}
		for i := range tt.seen {
			if tt.seen[i].iface == 0 {
				tt.seen[i].iface = 1
			}
		}
		l := look{seen: tt.seen, total: uint64(len(tt.seen)), elapsed: hour}
		if got := sc.instead(&l, tt.segments); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q in it", tt.name, got, tt.want)
		}
	}
}

func TestAbout(t *testing.T) {
	for rate, want := range map[float64]string{
		0.4: "less than a request/s", 1: "about 1 requests/s", 9.6: "about 10 requests/s", 99: "about 99 requests/s",
		123: "about 120 requests/s", 999.9: "about 1,000 requests/s", 1249: "about 1,200 requests/s", 98_765_432: "about 99,000,000 requests/s",
	} {
		if got := about(rate); got != want {
			t.Errorf("%v: %q, want %q", rate, got, want)
		}
	}
}
