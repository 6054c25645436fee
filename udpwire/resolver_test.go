package udpwire

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Addresses are taken as they are, zone and all, without asking anybody.
func TestLookUpLiterals(t *testing.T) {
	for _, tt := range []struct{ host, want string }{
		{"10.0.0.1:28020", "10.0.0.1:28020"},
		{"[::1]:5", "[::1]:5"},
		{"[fe80::1%eth0]:28020", "[fe80::1%eth0]:28020"},
		{"[::ffff:10.0.0.1]:5", "10.0.0.1:5"},
	} {
		got, err := lookUp(t.Context(), tt.host)
		if err != nil || len(got) != 1 || got[0] != netip.MustParseAddrPort(tt.want) || !isLiteral(tt.host) {
			t.Errorf("%s is %v, %v; a literal: %t", tt.host, got, err, isLiteral(tt.host))
		}
	}
	for _, host := range []string{"localhost:28020", "fe80:28020", "replay", "[::1]"} {
		if isLiteral(host) {
			t.Errorf("%s is taken for an address", host)
		}
	}
	for _, host := range []string{"replay", "[::1]", "10.0.0.1:no-such-service"} {
		if got, err := lookUp(t.Context(), host); err == nil {
			t.Errorf("%s is %v", host, got)
		}
	}
}

// Zones survive the way from the command line.
func TestZoneOnTheCommandLine(t *testing.T) {
	for _, tt := range []struct{ arg, want string }{
		{"fe80::1%eth0", "[fe80::1%eth0]:28020"},
		{"[fe80::1%eth0]", "[fe80::1%eth0]:28020"},
		{"[fe80::1%eth0]:5", "[fe80::1%eth0]:5"},
	} {
		if got, err := withDefaultPort(tt.arg); err != nil || got != tt.want {
			t.Errorf("-r %s is %q, %v", tt.arg, got, err)
		}
	}
}

// The order in which a name server lists addresses changes nothing, and IPv4 ones come first.
func TestAddrPorts(t *testing.T) {
	all := []netip.Addr{netip.MustParseAddr("::1"), netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.1"),
		netip.MustParseAddr("::ffff:10.0.0.2")}
	want := []netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:7"), netip.MustParseAddrPort("10.0.0.2:7"), netip.MustParseAddrPort("[::1]:7")}
	if got := addrPorts(all, 7); !slices.Equal(got, want) || countIPv4(got) != 2 {
		t.Errorf("%v", got)
	}
	slices.Reverse(all)
	if got := addrPorts(all, 7); !slices.Equal(got, want) {
		t.Errorf("in another order: %v", got)
	}
}

// A name is looked up for ever, also after failures; at first IPv6 addresses wait for the IPv4 ones, and the end of the
// context ends it at once.
func TestResolver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		four, six := netip.MustParseAddrPort("10.0.0.1:7"), netip.MustParseAddrPort("[::1]:7")
		broken := errors.New("broken")
		type found struct {
			at    time.Duration
			addrs int
			err   error
		}
		var got []found
		start, n := time.Now(), 0
		r := resolver{host: "replay:7", every: 5 * time.Second,
			look: func(context.Context, string) ([]netip.AddrPort, error) {
				if n++; n == 2 {
					return nil, broken
				}
				return []netip.AddrPort{four, six}, nil
			},
			found: func(addrs []netip.AddrPort, err error) { got = append(got, found{time.Since(start), len(addrs), err}) }}
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		defer cancel()
		r.run(ctx)
		want := []found{{0, 1, nil}, {ipv4Advantage, 2, nil}, {ipv4Advantage + 5*time.Second, 0, broken}, {ipv4Advantage + 10*time.Second, 2, nil}}
		if !slices.Equal(got, want) || time.Since(start) != 12*time.Second {
			t.Errorf("found %v, and ended after %v", got, time.Since(start))
		}
	})
}

// A name that nobody knows, and a port where nobody is, fail nothing: whoever is there gets everything. localhost is one
// replayer, though it has two addresses.
func TestDialWithoutWaiting(t *testing.T) {
	recv, err := Listen(ReceiverConfig{Addr: "[::]:0"})
	if err != nil {
		t.Skip("no IPv6 here: ", err)
	}
	got := 0
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- recv.Run(ctx, func(*Message) { got++ }) }()
	port := netip.MustParseAddrPort(recv.Addr().String()).Port()
	start := time.Now()
	s, err := Dial(SenderConfig{Replayers: []string{"no-such-name.invalid:1", "127.0.0.1:1", netip.AddrPortFrom(netip.MustParseAddr("::1"), port).String(),
		netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String()}})
	if err != nil || time.Since(start) > 5*time.Second {
		t.Fatalf("after %v: %v", time.Since(start), err)
	}
	const count = 1000
	for i := range count {
		if err := s.Send(&Message{User: uint64(i), Time: time.Now().UnixNano(), Body: make([]byte, 100)}); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(20 * time.Second); s.Stats().MessagesReceived < count && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.Flush()
	}
	if st := s.Stats(); st.ReplayersUp != 1 || len(s.spread.view.members) != 1 {
		t.Errorf("%d replayers up", st.ReplayersUp)
	}
	limit, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	if err := s.Close(limit); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil || got != count {
		t.Errorf("%d of %d messages arrived, %v", got, count, err)
	}
}
