package doctor

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// The interfaces of the scenes below.
const (
	lo, eth0, eth1, br0 = 1, 2, 3, 4
)

// A sight is what a test says was seen; the zero values are a request that arrives at
// port 80 by eth0.
type sight struct {
	port      uint16
	from      uint16 // the client's port
	payload   string
	iface     int
	seq       uint32
	leaving   bool
	otherHost bool
}

const (
	plainGet  = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	replayed  = "GET / HTTP/1.1\r\nHost: a\r\nGor-Replayed: 1\r\n\r\n"
	upgrading = "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"
	aHello    = "\x16\x03\x01\x02\x00\x01\x00"
)

func (s sight) sighting(i int) capture.Sighting {
	if s.port == 0 {
		s.port = 80
	}
	if s.from == 0 {
		s.from = uint16(40000 + i)
	}
	if s.iface == 0 {
		s.iface = eth0
	}
	if s.payload == "" {
		s.payload = plainGet
	}
	return capture.Sighting{
		Src: capture.EndpointOf(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.7"), s.from)),
		Dst: capture.EndpointOf(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), s.port)),
		Seq: s.seq, Payload: []byte(s.payload), Iface: s.iface, Leaving: s.leaving, OtherHost: s.otherHost,
	}
}

// scene is one of a machine with a server on port 80 and these sights.
func scene(change func(*Scene), sights ...sight) *Scene {
	s := &Scene{
		Question: Question{Ports: []uint16{80}, Interfaces: []string{"any"}},
		Arriving: []uint16{80},
		Links: []Link{
			{Index: lo, Name: "lo", Up: true, Carrier: true, Loopback: true}, {Index: eth0, Name: "eth0", Up: true, Carrier: true},
			{Index: eth1, Name: "eth1"}, {Index: br0, Name: "br0", Kind: "bridge", Up: true, Carrier: true},
		},
		Look:    &capture.Look{Wanted: make([]capture.Sample, 1), Elapsed: 2 * time.Second},
		Servers: []Server{{Process{12, "nginx"}, netip.MustParseAddrPort("0.0.0.0:80"), "", 1}},
	}
	if change != nil {
		change(s)
	}
	for i, one := range sights {
		seen := one.sighting(i)
		sample := &s.Look.Elsewhere
		if slices.Contains(s.Question.Ports, seen.Dst.Port) {
			sample = &s.Look.Wanted[0]
		}
		sample.Seen = append(sample.Seen, seen)
		sample.Total++
	}
	return s
}

// bad are the findings that are not ok, each as "level cause: type".
func bad(findings []Finding) string {
	var all []string
	for _, f := range findings {
		if f.Level != OK {
			all = append(all, fmt.Sprintf("%s %s: %s", f.Level, f.Cause, f.Type))
		}
	}
	return strings.Join(all, "; ")
}

// TestJudge names the cause, and it alone.
func TestJudge(t *testing.T) {
	wrong := func(s *Scene) {
		s.Question.Ports, s.Arriving, s.Leaving = []uint16{8181}, []uint16{8181}, []uint16{8181}
	}
	on := func(names ...string) func(*Scene) { return func(s *Scene) { s.Question.Interfaces = names } }
	remote := netip.MustParseAddrPort("10.0.0.7:40000")
	for _, tt := range []struct {
		name   string
		change func(*Scene)
		sights []sight
		want   string // what bad says begins with this; "": nothing is bad
	}{
		{"healthy", nil, []sight{{}, {}, {port: 443, payload: aHello}, {port: 9000}}, ""},
		{"healthy, and a replayer here", nil, []sight{{}, {payload: replayed, leaving: true, port: 8000}}, ""},
		{"healthy, two ports, one quiet", func(s *Scene) {
			s.Question.Ports, s.Arriving = []uint16{80, 81}, []uint16{80, 81}
			s.Servers = append(s.Servers, Server{Process{13, "app"}, netip.MustParseAddrPort("[::]:81"), "", 2})
		}, []sight{{}, {port: 8080}}, "warning silence: ask again while this runs in another terminal: while sleep 1; do curl -s 'http://[::1]:81/'; done"},
		{"another port", wrong, []sight{{}, {}, {port: 9000}}, "problem wrong port: -p 80"},
		{"another port by TLS", wrong, []sight{{port: 443, payload: aHello}}, "problem tls: listen where TLS ends"},
		{"TLS, plain behind", nil, []sight{{payload: aHello}, {port: 8080, iface: lo}}, "problem tls: -p 8080"},
		{"TLS that ends here", nil, []sight{{payload: aHello}}, "problem tls: listen where TLS ends"},
		{"TLS, and a replayer's requests", nil, []sight{{payload: aHello}, {port: 8000, payload: replayed, leaving: true}}, "problem tls: listen where TLS ends"},
		{"TLS, a Unix socket behind", func(s *Scene) { s.UnixHops = []UnixHop{{Path: "/run/app.sock", To: Process{5, "app"}, Used: true}} },
			[]sight{{payload: aHello}}, "problem unix socket: "},
		{"nothing, and a Unix socket", func(s *Scene) {
			s.UnixHops, s.Servers = []UnixHop{{Path: "/run/app.sock", To: Process{5, "app"}}}, nil
		}, nil, "problem unix socket: "},
		{"HTTP/2", nil, []sight{{payload: "PRI * HTTP/2.0\r\n\r\n"}}, "problem http2: "},
		{"HTTP/2 in the middle", nil, []sight{{payload: string(frame(1, 3, 20))}}, "problem http2: "},
		{"WebSocket", nil, []sight{{payload: string(masked(1, 5))}}, "problem websocket: "},
		{"WebSocket's beginnings", nil, []sight{{payload: upgrading}}, "problem websocket: "},
		{"leaving", nil, []sight{{leaving: true}}, "problem leaving: --direction out"},
		{"a replayer's leaving alone", nil, []sight{{leaving: true, payload: replayed}}, "warning silence: "},
		{"leaving is captured", func(s *Scene) { s.Leaving = []uint16{80} }, []sight{{leaving: true}}, ""},
		{"arriving", func(s *Scene) { s.Arriving, s.Leaving = nil, []uint16{80} }, []sight{{}}, "problem arriving: --direction in"},
		{"others' frames", nil, []sight{{otherHost: true}}, "problem other machines: --promisc"},
		{"others' frames are captured", func(s *Scene) { s.Question.Promiscuous = true }, []sight{{otherHost: true}}, ""},
		{"another interface", on("br0"), []sight{{}}, "problem other interface: -i eth0"},
		{"that interface", on("eth0"), []sight{{}}, ""},
		{"an interface that is down", on("eth1"), []sight{{}}, "problem interface down: ip link set eth1 up"},
		{"without carrier", func(s *Scene) { s.Links[1].Carrier = false; on("eth0")(s) }, nil, "problem interface down: ip -br link"},
		{"one of two down", on("eth0", "eth1"), []sight{{}}, "problem interface down: ip link set eth1 up"},
		{"a loop", nil, []sight{{}, {payload: replayed}}, "problem loop: on the replayer"},
		{"a loop alone", nil, []sight{{payload: replayed}}, "problem loop: on the replayer"},
		{"copies", nil, []sight{{seq: 5, from: 9}, {seq: 5, from: 9, iface: br0}}, "warning copies: -i br0"},
		{"sent again", nil, []sight{{seq: 5, from: 9}, {seq: 5, from: 9}}, ""},
		{"DNAT, by a connection", func(s *Scene) {
			s.Question.Ports, s.Arriving, s.Servers = []uint16{8585}, []uint16{8585}, nil
			s.Connections = []Connection{{Local: netip.MustParseAddrPort("10.0.0.1:8585"), Remote: remote}}
		}, []sight{{from: 40000}}, "problem dnat: -p 80"},
		{"DNAT, by who listens", func(s *Scene) {
			s.Question.Ports, s.Arriving = []uint16{8585}, []uint16{8585}
			s.Servers[0].Addr = netip.MustParseAddrPort("[::]:8585")
		}, []sight{{}}, "problem dnat: -p 80"},
		{"a container's, beside a quiet server", func(s *Scene) {
			s.Question.Ports, s.Arriving = []uint16{8585}, []uint16{8585}
			s.Servers[0].Addr = netip.MustParseAddrPort("[::]:8585")
		}, []sight{{}, {leaving: true}}, "problem wrong port: -p 80"},
		{"another namespace", func(s *Scene) {
			s.Servers, s.Elsewhere = nil, []Server{{Process{99, "nginx"}, netip.MustParseAddrPort("0.0.0.0:80"), "web", 3}}
		}, nil, "problem namespace: sudo nsenter --net=/proc/99/ns/net gor listen -p 80"},
		{"another namespace whose traffic passes", func(s *Scene) {
			s.Servers, s.Elsewhere = nil, []Server{{Process{99, "nginx"}, netip.MustParseAddrPort("0.0.0.0:80"), "web", 3}}
		}, []sight{{}}, ""},
		{"XDP", func(s *Scene) {
			s.Links[1].XDP = true
			s.Connections = []Connection{{Local: netip.MustParseAddrPort("10.0.0.1:80"), Remote: remote, Received: 700}}
		}, nil, "problem xdp: "},
		{"XDP that keeps all", func(s *Scene) { s.Links[1].XDP = true }, nil, "warning xdp: ip -d link show dev eth0"},
		{"XDP that keeps all of nobody's", func(s *Scene) { s.Links[1].XDP, s.Servers = true, nil }, nil, "warning xdp: ip -d link show dev eth0"},
		{"XDP that lets through", func(s *Scene) { s.Links[1].XDP = true }, []sight{{}}, ""},
		{"XDP, and the middle of something", func(s *Scene) { s.Links[1].XDP = true }, []sight{{payload: strings.Repeat("0123456789", 10)}}, "warning no request: "},
		{"XDP where it is not captured", func(s *Scene) { s.Links[1].XDP, s.Question.Interfaces = true, []string{"br0"} }, nil, "warning silence: "},
		{"received unseen", func(s *Scene) {
			s.Connections = []Connection{{Local: netip.MustParseAddrPort("10.0.0.1:80"), Remote: remote, Received: 700}}
		}, nil, "problem unseen: "},
		{"an idle connection", func(s *Scene) {
			s.Connections = []Connection{{Local: netip.MustParseAddrPort("10.0.0.1:80"), Remote: remote}}
		}, nil, "warning silence: "},
		{"a body's middle", nil, []sight{{payload: strings.Repeat("0123456789", 10)}}, "warning no request: "},
		{"nobody", func(s *Scene) { s.Servers = nil }, nil, "problem nobody: "},
		{"no privilege", func(s *Scene) { s.Look, s.Rights = nil, Rights{UID: 1000, Forbidden: true} }, nil, "problem privilege: sudo"},
		{"root in a container", func(s *Scene) { s.Look, s.Rights = nil, Rights{Forbidden: true} }, nil, "problem privilege: in a container"},
		{"seccomp", func(s *Scene) { s.Look, s.Rights = nil, Rights{Forbidden: true, NetRaw: true, Seccomp: true} }, nil, "problem privilege: let the filter"},
		{"policy", func(s *Scene) { s.Look, s.Rights = nil, Rights{Forbidden: true, NetRaw: true} }, nil, "problem privilege: allow it there"},
		{"seccomp that lets through", func(s *Scene) { s.Rights.Seccomp = true }, []sight{{}}, ""},
		{"another failure", func(s *Scene) { s.Look, s.Rights = nil, Rights{Other: errors.New("no memory")} }, nil, "problem capture: "},
		{"blind", func(s *Scene) { s.Blind = []string{"processes"} }, []sight{{}}, ""},
	} {
		findings := Judge(scene(tt.change, tt.sights...))
		got := bad(findings)
		if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) || strings.Contains(got, ";") && !strings.Contains(tt.want, ";") && strings.Count(got, "problem")+strings.Count(got, "warning ") > 1 {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		for _, f := range findings {
			if f.About == "" || f.Cause == "" || f.Seen == "" || strings.HasSuffix(f.Seen, ".") {
				t.Errorf("%s: %+v", tt.name, f)
			}
		}
	}
}

// TestVisit: the address that is to be asked is one where the server listens, and by
// which requests come to where they are captured.
func TestVisit(t *testing.T) {
	terminal, machine := "ask again while this runs in another terminal: while sleep 1; do curl -s ", "ask again while this runs on another machine: while sleep 1; do curl -s "
	const none = "see that something asks it, and ask again meanwhile"
	for _, tt := range []struct{ server, iface, want string }{
		{"0.0.0.0:80", "any", terminal + "http://127.0.0.1:80/; done"},
		{"[::]:80", "any", terminal + "'http://[::1]:80/'; done"},
		{"127.0.0.1:80", "any", terminal + "http://127.0.0.1:80/; done"},
		{"127.0.0.53:80", "lo", terminal + "http://127.0.0.53:80/; done"},
		{"10.0.0.1:80", "any", terminal + "http://10.0.0.1:80/; done"},
		{"10.0.0.1:80", "eth0", machine + "http://10.0.0.1:80/; done"},
		{"0.0.0.0:80", "eth0", machine + "http://10.0.0.1:80/; done"},
		{"0.0.0.0:80", "br0", none}, // it has no address
		{"127.0.0.1:80", "eth0", none},
	} {
		findings := Judge(scene(func(s *Scene) {
			s.Question.Interfaces = []string{tt.iface}
			s.Servers[0].Addr = netip.MustParseAddrPort(tt.server)
			s.Links[1].Addr = netip.MustParseAddr("10.0.0.1")
		}))
		if got := bad(findings); got != "warning silence: "+tt.want {
			t.Errorf("%s on %s: %q, want %q", tt.server, tt.iface, got, tt.want)
		}
	}
}

// TestShares: what a port carries is told of its own sample, however busy another is.
func TestShares(t *testing.T) {
	s := scene(func(s *Scene) {
		s.Question.Ports, s.Arriving = []uint16{80, 81}, []uint16{80, 81}
		quiet := sight{port: 81}.sighting(0)
		s.Look.Wanted = append(s.Look.Wanted, capture.Sample{Seen: []capture.Sighting{quiet, quiet}, Total: 2})
	}, sight{}, sight{}, sight{})
	s.Look.Wanted[0].Total = 40_000
	var said []string
	for _, f := range Judge(s) {
		if strings.HasPrefix(f.About, "port ") {
			rate, _, _ := strings.Cut(f.Seen, ",")
			said = append(said, f.About+": "+f.Level.String()+" "+rate)
		}
	}
	if want := "port 80: ok about 20, port 81: ok about 1 request/s"; strings.Join(said, ", ") != want {
		t.Errorf("%q, want %q", said, want)
	}
}

// TestOthers names the busiest ports, with what they carry.
func TestOthers(t *testing.T) {
	all := []sight{{}}
	for i := range 6 {
		for range i + 1 {
			all = append(all, sight{port: uint16(9000 + i)})
		}
	}
	all = append(all, sight{port: 443, payload: aHello})
	var said string
	for _, f := range Judge(scene(nil, all...)) {
		if f.About == "other ports" {
			said = f.Seen
		}
	}
	if !strings.HasPrefix(said, "9005: HTTP/1, about 3 requests/s; 9004: ") || strings.Contains(said, "9000") {
		t.Error(said)
	}
}

func TestAbout(t *testing.T) {
	for rate, want := range map[float64]string{
		0.4: "less than a request/s", 1: "about 1 request/s", 1.6: "about 2 requests/s", 9.6: "about 10 requests/s", 99: "about 99 requests/s",
		123: "about 120 requests/s", 999.9: "about 1,000 requests/s", 1249: "about 1,200 requests/s", 98_765_432: "about 99,000,000 requests/s",
	} {
		if got := about(rate); got != want {
			t.Errorf("%v: %q, want %q", rate, got, want)
		}
	}
}
