package capture

import "testing"

// TestSpot reads packets, and any beginning of them.
func TestSpot(t *testing.T) {
	for _, tt := range []struct {
		name    string
		b       []byte
		ether   uint16
		port    uint16
		payload string
	}{
		{"IPv4", ip4Bytes(6, 0, 1, tcpBytes(80, ACK, "GET / ")), etherIP4, 80, "GET / "},
		{"IPv6", v6(6, tcpBytes(443, ACK, "hello")), etherIP6, 443, "hello"},
	} {
		s := newSpotter()
		seen, ok := s.spot(tt.b, tt.ether, true)
		if !ok || seen.Dst.Port != tt.port || string(seen.Payload) != tt.payload {
			t.Errorf("%s: %+v, %v", tt.name, seen, ok)
		}
		if seen, ok := s.spot(tt.b[:len(tt.b)-2], tt.ether, false); !ok || string(seen.Payload) != tt.payload[:len(tt.payload)-2] {
			t.Errorf("%s, cut: %+v, %v", tt.name, seen, ok)
		}
		for n := range tt.b {
			s.spot(tt.b[:n], tt.ether, false) // ends, without reading beyond
		}
	}
	for _, b := range [][]byte{nil, {0x45}, make([]byte, 100)} {
		if seen, ok := newSpotter().spot(b, etherIP4, true); ok {
			t.Errorf("%x: %+v", b, seen)
		}
	}
}
