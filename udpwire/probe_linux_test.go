package udpwire

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// TestProbePath: what a path loses for its size alone is found out, also where nobody says so; and an address where
// nobody is is silent.
func TestProbePath(t *testing.T) {
	for _, tt := range []struct {
		name          string
		rule          string // of what gets lost
		mtu           string // of the cable
		largest, best int
	}{
		{"whole", "", "", 1452, 1452},
		{"a path that loses what is large", "udp length > 1300", "", 1232, 1452},
		{"a path that loses what is middling", "udp length > 600", "", 528, 1452},
		{"a narrow interface", "", "1000", 952, 952},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNamespaces(t)
			n.segmented()
			if tt.mtu != "" {
				n.run("ip", "-n", n.names[0], "link", "set", "cable", "mtu", tt.mtu)
			}
			n.rule(tt.rule)
			var recv *Receiver
			n.in(1, func() {
				var err error
				if recv, err = Listen(ReceiverConfig{Addr: replayerIP + ":28020"}); err != nil {
					t.Error(err)
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- recv.Run(ctx, func(*Message) {}) }()
			defer func() { cancel(); <-ended }()
			n.in(0, func() {
				p := probeOf(t, replayerIP+":28020")
				if p.found.Reaction != Welcomed || p.found.Largest != tt.largest || p.found.Best != tt.best {
					t.Errorf("%+v", p.found)
				}
				began := time.Now()
				p = probeOf(t, "10.77.31.9:28020")
				if r := p.found.Reaction; r != Silent && r != Unsent {
					t.Errorf("where nobody is: %+v", p.found)
				}
				if d := time.Since(began); d > 2*time.Second {
					t.Errorf("that took %v", d)
				}
			})
		})
	}
}

// probeOf asks one address, on this goroutine, which is in a namespace.
func probeOf(t *testing.T, addr string) *probe {
	to := netip.MustParseAddrPort(addr)
	p := &probe{ctx: t.Context(), clock: newClock(), found: Probed{Addr: to, Reaction: Unsent}}
	p.run(to)
	return p
}
