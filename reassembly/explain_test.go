package reassembly

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gor/capture"
	"gor/reassembly/http1"
)

// explained is an Assembler that keeps what it is told of requests that are not
// handed on; its consumer filters what says so.
func explained(cfg Config) (*collector, *[]Explanation) {
	var told []Explanation
	cfg.Explain = func(e *Explanation) {
		kept := *e
		kept.Line, kept.Behind = slices.Clone(e.Line), slices.Clone(e.Behind)
		told = append(told, kept)
	}
	c := &collector{}
	c.Assembler = New(cfg, func(r *Request) Fate {
		if strings.Contains(string(r.Raw), "filter me") {
			return Filtered
		}
		c.requests = append(c.requests, string(r.Raw))
		return Sent
	})
	c.SetExplain(true)
	return c, &told
}

// TestExplain: what is told of a request says what there was of it, what was
// missing and what waited behind that.
func TestExplain(t *testing.T) {
	whole := post(7, strings.Repeat("x", 1000))
	head := len(whole) - 1000
	for _, tt := range []struct {
		name string
		cfg  Config
		run  func(c *collector, k *client)
		want Explanation // but for the times
	}{
		{"a hole in a body", Config{}, func(c *collector, k *client) {
			c.push(k.data(whole[:300]))
			k.data(whole[300:500])
			c.push(k.data(whole[500:800]))
			k.data(whole[800:900])
			c.push(k.data(whole[900:]))
			k.wait(61 * time.Second)
			c.Advance(k.now)
		}, Explanation{Fate: Gap, Line: []byte("POST /7 HTTP/1.1"), Have: 300, Whole: int64(len(whole)), Missing: 200,
			Behind: []Piece{{Offset: 500, Len: 300}, {Offset: 900, Len: int64(len(whole)) - 900}}}},
		{"a hole in a head", Config{}, func(c *collector, k *client) {
			c.push(k.data(whole[:20]))
			k.data(whole[20:30])
			c.push(k.data(whole[30:]))
			k.wait(61 * time.Second)
			c.Advance(k.now)
		}, Explanation{Fate: Gap, Line: []byte("POST /7 HTTP/1.1"), Have: 20, Missing: 10,
			Behind: []Piece{{Offset: 30, Len: int64(len(whole)) - 30}}}},
		{"cut packets", Config{}, func(c *collector, k *client) {
			s := k.data(whole[:200])
			s.Cut = len(whole) - 200
			c.push(s)
		}, Explanation{Fate: Truncated, Line: []byte("POST /7 HTTP/1.1"), Have: 200, Whole: int64(len(whole)), Missing: int64(len(whole)) - 200}},
		{"an end inside", Config{}, func(c *collector, k *client) {
			c.push(k.data(whole[:head+10]))
			c.push(k.fin())
		}, Explanation{Fate: Aborted, Line: []byte("POST /7 HTTP/1.1"), Have: int64(head) + 10, Whole: int64(len(whole))}},
		{"an end in the line", Config{}, func(c *collector, k *client) {
			c.push(k.data("POST /7 HT"))
			c.push(k.fin())
		}, Explanation{Fate: Aborted, Line: []byte("POST /7 HT"), Have: 10}},
		{"too large", Config{MaxRequest: 500}, func(c *collector, k *client) { c.push(k.data(whole)) },
			Explanation{Fate: TooLarge, Line: []byte("POST /7 HTTP/1.1"), Have: int64(len(whole)), Whole: int64(len(whole))}},
		{"two lengths", Config{}, func(c *collector, k *client) {
			c.push(k.data("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"))
		}, Explanation{Fate: Malformed, Reason: http1.ReasonTwoLengths, Line: []byte("POST / HTTP/1.1"), Have: 57}},
		{"the mark", Config{}, func(c *collector, k *client) {
			c.push(k.data("GET /1 HTTP/1.1\r\nGor-Replayed: 1\r\n\r\n" + get(2)))
		}, Explanation{Fate: Loop, Line: []byte("GET /1 HTTP/1.1"), Have: 36, Whole: 36}},
		{"a filter, chunked, with another behind it", Config{}, func(c *collector, k *client) {
			c.push(k.data(chunked(3, "filter me") + get(4)))
		}, Explanation{Fate: Filtered, Line: []byte("POST /3 HTTP/1.1"), Have: int64(len(chunked(3, "filter me"))), Whole: 0}},
		{"a long line", Config{}, func(c *collector, k *client) {
			c.push(k.data("GET /" + strings.Repeat("a", 1000)))
			c.push(k.fin())
		}, Explanation{Fate: Aborted, Line: []byte("GET /" + strings.Repeat("a", maxLine-5)), Have: 1005}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, told := explained(tt.cfg)
			k := newClient(4000, 1000)
			c.push(k.syn())
			begin := k.now + 1_000_000
			tt.run(c, k)
			c.finish(t)
			if len(*told) != 1 {
				t.Fatalf("told %+v", *told)
			}
			got := (*told)[0]
			if got.First != begin || got.At < got.First || got.Client != k.src || got.Server != k.dst {
				t.Errorf("from %d to %d, begun %d, of %v", got.First, got.At, begin, got.Client)
			}
			last := got.First
			for i := range got.Behind {
				if got.Behind[i].Time <= last {
					t.Errorf("piece %d is not later than what was before", i)
				}
				last, got.Behind[i].Time = got.Behind[i].Time, 0
			}
			got.First, got.At, got.LastByte, got.Client, got.Server = 0, 0, 0, capture.Endpoint{}, capture.Endpoint{}
			if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", tt.want); g != w {
				t.Errorf("told\n%s, want\n%s", g, w)
			}
		})
	}
}

// What was handed on is not explained, nor anything while nobody wants to know.
func TestExplainOff(t *testing.T) {
	c, told := explained(Config{})
	k := newClient(4000, 1000)
	c.push(k.syn())
	c.push(k.data(get(1)))
	if len(*told) > 0 {
		t.Errorf("told %+v of what was handed on", *told)
	}
	c.SetExplain(false)
	c.push(k.data("GET /2 HTTP/1.1\r\nX: filter me\r\n\r\n"))
	if len(*told) > 0 {
		t.Errorf("told %+v though nobody asked", *told)
	}
	c.SetExplain(true)
	c.push(k.data("GET /3 HTTP/1.1\r\nX: filter me\r\n\r\n"))
	if len(*told) != 1 || string((*told)[0].Line) != "GET /3 HTTP/1.1" {
		t.Errorf("told %+v", *told)
	}
	c.finish(t)
	if quiet := New(Config{}, func(*Request) Fate { return Filtered }); true {
		quiet.SetExplain(true) // to nobody
		k := newClient(4001, 5)
		s := k.syn()
		quiet.Push(&s)
		s = k.data(get(1))
		quiet.Push(&s)
		quiet.Close()
	}
}

// A request of a connection that was joined in the middle is explained as one.
func TestExplainGuess(t *testing.T) {
	c, told := explained(Config{})
	k := newClient(4000, 1000)
	c.push(k.data(get(1)))
	k.data(get(2)[:10])
	c.push(k.data(get(2)[10:]))
	k.wait(61 * time.Second)
	c.Advance(k.now)
	c.finish(t)
	if len(*told) != 1 || !(*told)[0].Guessed || string((*told)[0].Line) != "GET /1 HTTP/1.1" || (*told)[0].Missing != 10 {
		t.Errorf("told %+v", *told)
	}
}

// Requests of a list are explained, too.
func TestExplainListed(t *testing.T) {
	c, told := explained(Config{})
	c.PushListed(&Listed{Raw: []byte(get(1)), Time: 5})
	c.PushListed(&Listed{Raw: []byte("GET /2 HTTP/1.1\r\n"), Time: 6})
	if len(*told) != 1 || (*told)[0].Fate != Aborted || string((*told)[0].Line) != "GET /2 HTTP/1.1" || (*told)[0].At != 6 {
		t.Errorf("told %+v", *told)
	}
}
