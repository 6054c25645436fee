package udpwire

import (
	"net/netip"
	"slices"
	"testing"
)

func TestDatagramSizes(t *testing.T) {
	far, here := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("127.0.0.1")
	for _, c := range []struct {
		name      string
		mtu, path int
		to        netip.Addr
		want      []int
	}{
		{"ethernet", 0, 1500, far, []int{1452, 1372, 1200}},
		{"jumbo frames", 0, 9000, far, []int{8952, 8872, 1200}},
		{"a narrow path", 0, 1280, far, []int{1232, 1200}},
		{"narrower than is safe", 0, 576, far, []int{1200}},
		{"loopback on Linux", 0, 65536, here, []int{60000, 1200}},
		{"loopback elsewhere", 0, 0, here, []int{9168, 9088, 1200}},
		{"nothing known", 0, 0, far, []int{1452, 1372, 1200}},
		{"told", 1400, 1500, far, []int{1352}},
		{"told too little", 500, 1500, far, []int{minDatagram}},
		{"told as much as can be", 65535, 1500, far, []int{largeDatagram}},
	} {
		if got := datagramSizes(c.mtu, c.path, c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestPathSizeProven(t *testing.T) {
	s := newPathSize(0, 1500, netip.MustParseAddr("192.0.2.1"))
	if s.full != 1200 {
		t.Errorf("%d bytes before anything is proven", s.full)
	}
	if s.proven(1372); s.full != 1372 {
		t.Errorf("%d bytes", s.full)
	}
	if s.proven(1200); s.full != 1372 {
		t.Errorf("%d bytes once a smaller one has arrived", s.full)
	}
	if s.proven(1 << 30); s.full != 1452 {
		t.Errorf("%d bytes, as a replayer without sense says", s.full)
	}
	if s.begin(); s.full != 1200 {
		t.Errorf("%d bytes", s.full)
	}
}
