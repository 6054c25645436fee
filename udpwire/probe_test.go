package udpwire

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// startReplayer runs a Receiver on loopback until the test ends.
func startReplayer(t *testing.T, cfg ReceiverConfig) (*Receiver, string) {
	t.Helper()
	cfg.Addr = "127.0.0.1:0"
	recv, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- recv.Run(ctx, func(*Message) {}) }()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return recv, recv.Addr().String()
}

// one is what a probe finds out of the one address of a replayer.
func one(t *testing.T, replayer, secret string) Probed {
	t.Helper()
	began := time.Now()
	all, err := Probe(t.Context(), replayer, []byte(secret))
	if err != nil || len(all) != 1 {
		t.Fatalf("%+v, %v", all, err)
	}
	if d := time.Since(began); d > 2500*time.Millisecond {
		t.Errorf("it took %v", d)
	}
	return all[0]
}

// TestProbe names what is there, and what is not.
func TestProbe(t *testing.T) {
	const secret, other = "0123456789abcdef", "fedcba9876543210"
	for _, tt := range []struct {
		name         string
		theirs, ours string
		allow        string // whom they hear; "": everybody
		want         Reaction
	}{
		{"no secret", "", "", "", Welcomed},
		{"the same secret", secret, secret, "", Welcomed},
		{"another secret", secret, other, "", Deaf},
		{"a secret there alone", secret, "", "", Deaf},
		{"a secret here alone", "", secret, "", Unsealed},
		{"not heard", "", "", "10.9.9.9/32", Deaf},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cfg := ReceiverConfig{Secret: []byte(tt.theirs), Self: func() Status {
				return Status{Version: "v9", Host: "staging-1", Accounts: []Account{{"targets", 3}}}
			}}
			if tt.allow != "" {
				cfg.Allow = []netip.Prefix{netip.MustParsePrefix(tt.allow)}
			}
			recv, addr := startReplayer(t, cfg)
			got := one(t, addr, tt.ours)
			if got.Addr.String() != addr || got.Reaction != tt.want || got.Err != nil {
				t.Fatalf("%+v", got)
			}
			if tt.want == Welcomed {
				if got.Self == nil || got.Self.Version != "v9" || got.Self.Host != "staging-1" || !slices.Equal(got.Self.Accounts, []Account{{"targets", 3}}) {
					t.Errorf("it says of itself %+v", got.Self)
				}
				if got.RoundTrip <= 0 || got.RoundTrip > time.Second || got.Instance == 0 || got.Window == 0 || got.Largest != got.Best || got.Best < 1452 {
					t.Errorf("%+v", got)
				}
			}
			if s := recv.Stats(); s.Sessions != 0 || len(recv.Listeners()) != 0 {
				t.Errorf("it has begun a session: %+v", s)
			}
		})
	}
}

// A replayer that says nothing of itself is one that did not learn to.
func TestProbeWithoutSelf(t *testing.T) {
	for _, secret := range []string{"", "0123456789abcdef"} {
		_, addr := startReplayer(t, ReceiverConfig{Secret: []byte(secret)})
		if got := one(t, addr, secret); got.Reaction != Welcomed || got.Self != nil {
			t.Errorf("%+v", got)
		}
	}
}

// TestProbeNobody: who is not there, and who is silent without being there to say so.
func TestProbeNobody(t *testing.T) {
	mute, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	if got := one(t, mute.LocalAddr().String(), ""); got.Reaction != Deaf {
		t.Errorf("somebody mute: %+v", got)
	}
	gone, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	if got := one(t, gone.LocalAddr().String(), ""); got.Reaction != Refused {
		t.Errorf("nobody: %+v", got)
	}
	if _, err := Probe(t.Context(), "no.such.name.invalid:28020", nil); err == nil || !strings.Contains(err.Error(), "no.such.name.invalid") {
		t.Errorf("a name without addresses: %v", err)
	}
}

// A response that is to another HELLO, or none of ours, is not believed.
func TestProbeForged(t *testing.T) {
	liar, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer liar.Close()
	go func() {
		forged := (*keyring)(nil).finish(kindWelcome, (&welcome{session: 7, instance: 8, window: 9}).append(make([]byte, headerSize)), randomBytes)
		buf := make([]byte, 2048)
		for {
			_, from, err := liar.ReadFrom(buf)
			if err != nil {
				return
			}
			liar.WriteTo(forged, from)
			liar.WriteTo(forged[:30], from)
			liar.WriteTo(nil, from)
		}
	}()
	if got := one(t, liar.LocalAddr().String(), ""); got.Reaction != Deaf || got.Instance != 0 {
		t.Errorf("%+v", got)
	}
}
