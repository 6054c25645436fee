package users

import (
	"net/netip"
	"testing"
)

func TestParseNode(t *testing.T) {
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1:80": "192.0.2.1", "192.0.2.1:": "192.0.2.1", "2001:db8::1": "2001:db8::1",
		"[2001:db8::1]": "2001:db8::1", "[2001:db8::1]:80": "2001:db8::1", "::": "::", "::1": "::1", "1::": "1::",
		"1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4": "1:2:3:4:5:6:102:304", "::ffff:1.2.3.4": "1.2.3.4", "A::F": "a::f",
		"1::3:4:5:6:7:8": "1:0:3:4:5:6:7:8",

		"": "", "unknown": "", "_x": "", "1.2.3": "", "1.2.3.4.5": "", "01.2.3.4": "", "256.1.1.1": "", "1.2.3.4 ": "", "1.2.3.x": "",
		":": "", ":::": "", "1:2": "", "1::2::3": "", "12345::": "", "1:2:3:4:5:6:7:8:9": "", "1:2:3:4:5:6:7": "", "::1.2.3": "", "[::1": "",
		"[]": "", "1:": "", ":1": "", "fe80::1%eth0": "", "1:2:3:4:5:6:7:1.2.3.4": "", "::1:2:3:4:5:6:7:8": "", "g::": "",
	} {
		addr, ok := parseNode([]byte(s))
		got := ""
		if ok {
			got = netip.AddrFrom16(addr).Unmap().String()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
}

// FuzzAddress: an address is one where the standard library says so, and the same.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "2001:db8::1", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "::", "1::", "1:2:3:4:5:6:1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := netip.ParseAddr(s)
		got, ok := parse6([]byte(s))
		if err == nil && want.Is4() {
			got, ok = parse4([]byte(s))
		}
		if good := err == nil && want.Zone() == ""; ok != good && !(ok && netip.AddrFrom16(got).Is4In6()) {
			t.Fatalf("%q: %t, want %t", s, ok, good)
		}
		if ok && err == nil && netip.AddrFrom16(got).Unmap() != want.Unmap() {
			t.Fatalf("%q: %v, want %v", s, netip.AddrFrom16(got), want)
		}
	})
}
