package reassembly

import (
	"slices"
	"testing"

	"gor/capture"
)

// TestEndings: which bytes the server's kernel reads before a FIN, which byte it
// takes out as urgent, and that a SYN changes nothing for an open connection.
func TestEndings(t *testing.T) {
	a, b, d := get(1), get(2), get(3)
	type piece struct {
		at     int
		flags  capture.Flags
		data   string
		urgent uint16
	}
	behind := func(s ...string) (n int) {
		for _, text := range s {
			n += len(text)
		}
		return n
	}
	for _, tt := range []struct {
		name   string
		pieces []piece
		want   []string
	}{
		{"a FIN behind a hole, then what was missing", []piece{{at: behind(a), flags: capture.FIN, data: b}, {data: a}}, []string{a, b}},
		{"data behind a FIN", []piece{{data: a, flags: capture.FIN}, {at: behind(a), data: b}, {at: behind(a) + 1, data: b}}, []string{a}},
		{"data waits behind a FIN that comes in order", []piece{{at: behind(a, b), data: d}, {data: a}, {at: behind(a), flags: capture.FIN, data: b}}, []string{a, b}},
		{"data waits across a FIN that comes in order", []piece{{at: behind(a) - 2, data: a[len(a)-2:] + b}, {data: a, flags: capture.FIN}}, []string{a}},
		{"data waits where a FIN is that waits", []piece{{at: behind(a), flags: capture.FIN, data: b[:9]}, {at: behind(a) + 9, data: b[9:]}, {data: a}}, []string{a}},
		{"urgent, in a later segment", []piece{{data: a, flags: capture.URG, urgent: uint16(behind(a) + 6)}, {at: behind(a), data: "GET /!2" + b[len("GET /2"):]}}, []string{a, b}},
		{"announced by an old copy", []piece{{data: a}, {flags: capture.URG, data: a[:3], urgent: uint16(behind(a) + 6)}, {at: behind(a), data: b}}, []string{a, b}},
		{"a SYN inside of the window", []piece{{data: a}, {at: behind(a) + 4, flags: capture.SYN}, {at: behind(a), data: b[:5]}, {at: behind(a) + 5, data: b[5:]}}, []string{a, b}},
		{"a SYN where the next byte is", []piece{{data: a + b[:5]}, {at: behind(a) + 4, flags: capture.SYN}, {at: behind(a) + 5, data: b[5:]}}, []string{a, b}},
		{"a SYN just behind the next byte", []piece{{data: a + b[:9]}, {at: behind(a) + 4, flags: capture.SYN}, {at: behind(a) + 5, data: b[5:]}}, []string{a, b}},
		{"a SYN with data for an open connection", []piece{{data: a}, {at: behind(a) - 1, flags: capture.SYN, data: d}, {at: behind(a), data: b}}, []string{a, b}},
		{"a SYN with data, from elsewhere", []piece{{data: a}, {at: 1 << 29, flags: capture.SYN, data: d}, {at: behind(a), data: b}}, []string{a, b}},
	} {
		for _, isn := range []uint32{1, 0xffff_fff0} {
			c, k := newCollector(Config{}), newClient(1, isn)
			c.push(k.syn())
			for _, p := range tt.pieces {
				s := k.at(k.seq+uint32(p.at), capture.ACK|p.flags, p.data)
				s.Urgent = p.urgent
				c.push(s)
			}
			if c.finish(t); !slices.Equal(c.requests, tt.want) {
				t.Errorf("%s: %q, want %q", tt.name, c.requests, tt.want)
			}
		}
	}
}
