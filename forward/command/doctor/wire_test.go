package doctor

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gor/capture/doctor"
	"gor/forward/command"
	"gor/udpwire"
)

// there is a replayer that is as it should be, but for what change says.
func there(change func(*udpwire.Probed)) udpwire.Probed {
	p := udpwire.Probed{
		Addr: netip.MustParseAddrPort("10.0.0.5:28020"), RoundTrip: 312345 * time.Nanosecond, Instance: 7, Window: 1 << 20,
		Self:    &udpwire.Status{Version: command.Version(), Host: "staging-1", Accounts: []udpwire.Account{{Name: udpwire.SelfTargets, Value: 2}, {Name: udpwire.SelfUnreached}}},
		Largest: 1452, Best: 1452,
	}
	if change != nil {
		change(&p)
	}
	return p
}

// TestWire names what is wrong with a replayer, and nothing else.
func TestWire(t *testing.T) {
	is := func(r udpwire.Reaction) []udpwire.Probed {
		return []udpwire.Probed{there(func(p *udpwire.Probed) { p.Reaction, p.Err = r, errors.New("no route to host") })}
	}
	other := there(func(p *udpwire.Probed) {
		p.Addr, p.Reaction = netip.MustParseAddrPort("[fd00::5]:28020"), udpwire.Refused
	})
	for _, tt := range []struct {
		name   string
		secret bool
		all    []udpwire.Probed
		err    error
		cause  string // "": all is ok
		said   string // a part of it all
	}{
		{"healthy", false, []udpwire.Probed{there(nil)}, nil, "", "replay.local:28020 (10.0.0.5:28020), host staging-1, version " + command.Version() + ", no secret on either side, answers in 310µs, room for 1024 KiB"},
		{"healthy, with a secret", true, []udpwire.Probed{there(nil)}, nil, "", "the same secret"},
		{"by two addresses", false, []udpwire.Probed{there(nil), there(nil)}, nil, "", "reached all"},
		{"by IPv4 alone", false, []udpwire.Probed{there(nil), other}, nil, "", "staging-1"},
		{"by IPv6 alone, and not there", false, []udpwire.Probed{other}, nil, "replayer down", "[fd00::5]:28020"},
		{"one of two is not there", false, append(is(udpwire.Refused), there(nil)), nil, "replayer down", "staging-1"},
		{"no name", false, nil, errors.New("no such host"), "replayer's name", "no such host"},
		{"another secret", true, is(udpwire.Deaf), nil, "wrong secret", "--allow"},
		{"a secret there alone", false, is(udpwire.Deaf), nil, "secret there alone", "--allow"},
		{"a secret here alone", true, is(udpwire.Unsealed), nil, "secret here alone", "no secret"},
		{"down", false, is(udpwire.Refused), nil, "replayer down", "UDP port 28020"},
		{"silent", false, is(udpwire.Silent), nil, "no answer", "firewall"},
		{"no way", false, is(udpwire.Unsent), nil, "no way", "no route to host"},
		{"an older one", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Self = nil })}, nil, "", "no secret on either side"},
		{"another version", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Self.Version = "v0.1" })}, nil, "", "version v0.1 (here " + command.Version() + ")"},
		{"targets away", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Self.Accounts[1].Value = 1 })}, nil, "target refused", "1 of its 2"},
		{"accounts that are not known", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Self.Accounts = nil })}, nil, "", "staging-1"},
		{"a black hole", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Largest = 1232 })}, nil, "mtu", "1232"},
		{"a tunnel that says so", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Largest, p.Best = 1372, 1372 })}, nil, "", "1372"},
		{"a narrow interface", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Largest, p.Best = 952, 952 })}, nil, "mtu", "952"},
		{"a jumbo interface", false, []udpwire.Probed{there(func(p *udpwire.Probed) { p.Largest, p.Best = 1444, 8952 })}, nil, "", "1444"},
	} {
		findings := judge("replay.local:28020", tt.secret, tt.all, tt.err)
		var bad []string
		var text strings.Builder
		for _, f := range findings {
			if f.Level != doctor.OK {
				bad = append(bad, f.Cause)
			}
			text.WriteString(f.Seen + " " + f.Type + "\n")
		}
		if strings.Join(bad, ", ") != tt.cause || !strings.Contains(text.String(), tt.said) {
			t.Errorf("%s: %q, want %q and %q:\n%s", tt.name, bad, tt.cause, tt.said, text.String())
		}
		if err := verdict(findings); (err != nil) != (doctor.Worst(findings) == doctor.Problem) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if err := verdict(make([]doctor.Finding, 3)); err != nil {
		t.Error(err)
	}
	three := []doctor.Finding{{Level: doctor.Problem}, {Level: doctor.Warning}, {Level: doctor.Problem}}
	if err := verdict(three); err == nil || err.Error() != "2 problems" {
		t.Error(err)
	}
}
