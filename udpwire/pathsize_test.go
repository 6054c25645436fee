package udpwire

import (
	"net/netip"
	"slices"
	"testing"
)

func TestNewPathSize(t *testing.T) {
	far, here := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		name       string
		mtu, path  int
		to         netip.Addr
		best, full int
	}{
		{"ethernet", 0, 1500, far, 1452, safeDatagram},
		{"jumbo frames", 0, 9000, far, 8952, safeDatagram},
		{"the least of IPv6", 0, 1280, far, 1232, safeDatagram},
		{"the least of IPv4", 0, 576, far, 528, 528},
		{"less than that", 0, 300, far, minDatagram, minDatagram},
		{"loopback on Linux", 0, 65536, here, largeDatagram, safeDatagram},
		{"loopback elsewhere", 0, 0, here, 9168, safeDatagram},
		{"nothing known", 0, 0, far, 1452, safeDatagram},
		{"told", 1400, 1500, far, 1352, safeDatagram},
		{"told too little", 500, 1500, far, minDatagram, minDatagram},
		{"told as much as can be", 65535, 1500, far, largeDatagram, safeDatagram},
	} {
		s := newPathSize(c.mtu, c.path, c.to)
		if s.best != c.best || s.full != c.full || s.nextAt != never {
			t.Errorf("%s: best %d, begins with %d, searches at %d; want %d, %d and never", c.name, s.best, s.full, s.nextAt, c.best, c.full)
		}
	}
}

// TestPathSizeSearch: three bursts of what is not proven, then one each ten seconds until the best is, or has grown.
func TestPathSizeSearch(t *testing.T) {
	s := newPathSize(0, 1500, netip.MustParseAddr("192.0.2.1"))
	if got := s.probes(nil, 1, 1500); got != nil {
		t.Errorf("probes of %d before there is a session", got)
	}
	s.search()
	now := int64(1)
	all := []int{1452, 1444, 1372, 1352, 1232}
	for i := range burstsAtOnce {
		if got := s.probes(nil, now, 1500); !slices.Equal(got, all) {
			t.Fatalf("burst %d: %d, want %d", i, got, all)
		}
		if got := s.probes(nil, now, 1500); got != nil {
			t.Fatalf("burst %d once more at once: %d", i, got)
		}
		now = s.nextAt
	}
	if now < searchEvery {
		t.Errorf("the fourth burst after %d ms", now/ms)
	}
	if s.proven(1372); s.full != 1372 {
		t.Errorf("%d bytes", s.full)
	}
	if got := s.probes(nil, now, 1500); !slices.Equal(got, []int{1452, 1444}) {
		t.Errorf("%d", got)
	}
	if s.proven(1200); s.full != 1372 {
		t.Errorf("%d bytes once a smaller one has arrived", s.full)
	}
	if s.proven(1 << 30); s.full != 1452 {
		t.Errorf("%d bytes, as a replayer without sense says", s.full)
	}
	if got := s.probes(nil, s.nextAt, 1500); len(got) != 0 {
		t.Errorf("%d though the best is proven", got)
	}
	if got := s.probes(nil, s.nextAt, 9000); !slices.Equal(got, []int{8952}) {
		t.Errorf("%d once the interface has grown", got)
	}
	if s.rest(); s.probes(nil, now+100*searchEvery, 9000) != nil {
		t.Error("a search that rests goes on")
	}
}

// TestPathSizeShrinks: by what the kernel knows, else from the least on; what the kernel says of a probe, or once more,
// changes nothing.
func TestPathSizeShrinks(t *testing.T) {
	s := newPathSize(0, 1500, netip.MustParseAddr("192.0.2.1"))
	s.proven(1452)
	s.nextAt = never
	if s.tooLarge(1500) || s.full != 1452 || s.nextAt != never {
		t.Errorf("smaller by a refusal of what the kernel carries: %d", s.full)
	}
	if !s.tooLarge(1280) || s.full != 1232 || s.nextAt != 0 {
		t.Errorf("%d bytes at an MTU of 1280, searches at %d", s.full, s.nextAt)
	}
	if s.tooLarge(1280) || s.full != 1232 {
		t.Errorf("%d bytes when the kernel says it again", s.full)
	}
	if !s.tooLarge(100) || s.full != minDatagram {
		t.Errorf("%d bytes at an MTU of 100", s.full)
	}
	if s.tooLarge(100) {
		t.Error("smaller than the least")
	}
	s.proven(1452)
	if !s.tooLarge(0) || s.full != minDatagram {
		t.Errorf("%d bytes when the kernel knows nothing", s.full)
	}
	s.proven(1452)
	if !s.least() || s.full != minDatagram || s.least() {
		t.Errorf("%d bytes of all that may be", s.full)
	}
	s.proven(1452)
	if s.doubt(5); s.full != minDatagram {
		t.Errorf("%d bytes in doubt", s.full)
	}
	s.proven(1452)
	if s.doubt(6); s.full != 1452 {
		t.Errorf("%d bytes in doubt of what was just proven", s.full)
	}
	s.least()
	if got := s.probes(nil, 1, 1500); len(got) != len(steps)+1 {
		t.Errorf("sought by %d", got)
	}
}

// TestPathSizeFixed: what the user says is best stays so, and is still lowered by evidence.
func TestPathSizeFixed(t *testing.T) {
	s := newPathSize(1300, 1500, netip.MustParseAddr("192.0.2.1"))
	s.search()
	if got := s.probes(nil, 1, 9000); !slices.Equal(got, []int{1252, 1232}) {
		t.Errorf("%d", got)
	}
	s.proven(1252)
	if s.doubt(1); s.full != minDatagram {
		t.Errorf("%d", s.full)
	}
}
