package reassembly

import (
	"math/rand/v2"
	"testing"
	"time"

	"gor/capture"
)

// A placed is where a request was.
type placed struct {
	seq, end, ack uint32
	rest          time.Duration
	opens         bool
}

// places pushes segments and returns where each request was that came out.
func placesOf(t *testing.T, segs ...capture.Segment) (all []placed) {
	t.Helper()
	a := New(Config{}, func(r *Request) Fate {
		all = append(all, placed{r.Seq, r.End, r.Ack, time.Duration(r.Rest).Round(time.Second), r.Opens})
		if r.End-r.Seq != uint32(len(r.Raw)) {
			t.Errorf("%d bytes from %d to %d", len(r.Raw), r.Seq, r.End)
		}
		return Sent
	})
	for i := range segs {
		a.Push(&segs[i])
	}
	a.Close()
	return all
}

// TestPlaces: a request says where it stands in the client's stream, what the client
// had acknowledged there, for how long it had been silent, and whether it opens the
// connection, however it came.
func TestPlaces(t *testing.T) {
	const isn = 0xffffffff - 40 // the numbers wrap
	first := uint32(isn) + 1
	g := uint32(len(get(1)))
	for _, tt := range []struct {
		name string
		segs func(c *client) []capture.Segment
		want []placed
	}{
		{"one by one", func(c *client) []capture.Segment {
			all := []capture.Segment{c.syn(), c.data(get(1))}
			c.respond()
			c.wait(9 * time.Second)
			return append(all, c.data(get(2)))
		}, []placed{{first, first + g, 1, 0, true}, {first + g, first + 2*g, 301, 9 * time.Second, false}}},
		{"two in a segment", func(c *client) []capture.Segment {
			all := []capture.Segment{c.syn(), c.data(get(1))}
			c.respond()
			c.wait(9 * time.Second)
			return append(all, c.data(get(2)+get(3)))
		}, []placed{{first, first + g, 1, 0, true}, {first + g, first + 2*g, 301, 9 * time.Second, false}, {first + 2*g, first + 3*g, 301, 0, false}}},
		{"empty lines before it", func(c *client) []capture.Segment {
			return []capture.Segment{c.syn(), c.data(get(1)), c.data("\r\n\r\n" + get(2))}
		}, []placed{{first, first + g, 1, 0, true}, {first + g + 4, first + 2*g + 4, 1, 0, false}}},
		{"in pieces", func(c *client) []capture.Segment {
			all := []capture.Segment{c.syn(), c.data(get(1)[:9])}
			c.respond() // an early answer
			return append(all, c.data(get(1)[9:]+get(2)[:3]), c.data(get(2)[3:]))
		}, []placed{{first, first + g, 1, 0, true}, {first + g, first + 2*g, 301, 0, false}}},
		{"behind a hole", func(c *client) []capture.Segment {
			all := []capture.Segment{c.syn(), c.data(get(1))}
			c.respond()
			late := c.data(get(2))
			c.respond()
			c.wait(time.Second)
			return append(all, c.data(get(3)), late)
		}, []placed{{first, first + g, 1, 0, true}, {first + g, first + 2*g, 301, 0, false}, {first + 2*g, first + 3*g, 601, 0, false}}},
		{"the beginning is missing", func(c *client) []capture.Segment {
			all := []capture.Segment{c.syn()}
			c.data(get(1))
			all = append(all, c.data(get(2)))
			c.wait(2 * time.Minute)
			return append(all, c.data(get(3)))
		}, []placed{{first + g, first + 2*g, 1, 0, false}, {first + 2*g, first + 3*g, 1, 2 * time.Minute, false}}},
		{"joined in the middle", func(c *client) []capture.Segment {
			c.syn()
			all := []capture.Segment{c.data("the end of a body")}
			c.wait(5 * time.Second)
			c.respond()
			all = append(all, c.data(get(1)))
			c.wait(5 * time.Second)
			c.respond()
			return append(all, c.data(get(2)))
		}, []placed{{first + 17, first + 17 + g, 301, 5 * time.Second, false}, {first + 17 + g, first + 17 + 2*g, 601, 5 * time.Second, false}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := placesOf(t, tt.segs(newClient(40000, isn))...)
			if len(got) != len(tt.want) {
				t.Fatalf("%+v\nwant %+v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("request %d: %+v\nwant %+v", i, got[i], tt.want[i])
				}
			}
		})
	}
}

// TestOpens: nothing but the first request of a connection opens it, also where the
// first one was not handed on.
func TestOpens(t *testing.T) {
	for _, first := range []string{
		"POST / HTTP/1.1\r\nContent-Length: 300\r\n\r\n" + string(make([]byte, 300)),
		"GET /x HTTP/1.1\r\nX: " + string(make([]byte, 300)) + "\r\n\r\n",
	} {
		c := newClient(40000, rand.Uint32())
		opened := 0
		a := New(Config{MaxRequest: 200}, func(r *Request) Fate {
			if r.Opens {
				opened++
			}
			return Sent
		})
		for _, s := range []capture.Segment{c.syn(), c.data(first + get(2)), c.data(get(3))} {
			a.Push(&s)
		}
		if a.Close(); opened != 0 {
			t.Errorf("%.30q: %d requests open the connection", first, opened)
		}
	}
}
