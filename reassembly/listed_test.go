package reassembly

import (
	"strings"
	"testing"

	"gor/capture"
)

// TestListed: a request of a list gets the fate that its bytes deserve, is counted
// once, and says whose it is.
func TestListed(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for _, tt := range []struct {
		name, raw string
		want      Fate
	}{
		{"whole", get, Sent},
		{"behind empty lines", "\r\n\r\n" + get, Sent},
		{"with a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", Sent},
		{"in chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", Sent},
		{"odd but clear", "GET / HTTP/1.1\r\nX-[a]: b\r\n\r\n", Sent},
		{"nothing", "", Aborted},
		{"half a head", get[:20], Aborted},
		{"a body too short", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc", Aborted},
		{"a body too long", "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabc", Malformed},
		{"two requests", get + get, Malformed},
		{"two lengths", "POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", Malformed},
		{"not HTTP", "hello, world\r\n\r\n", Malformed},
		{"another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", Unsupported},
		{"gor's own", "GET / HTTP/1.1\r\nGor-Replayed: 1\r\n\r\n", Loop},
		{"too large", "POST / HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + strings.Repeat("x", 2000), TooLarge},
		{"what the consumer does not want", "GET /unwanted HTTP/1.1\r\n\r\n", Filtered},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []Request
			a := New(Config{MaxRequest: 1000}, func(r *Request) Fate {
				if got = append(got, *r); r.Conn() != 7 || r.User() != 8 || string(r.Method()) == "" || r.HeadLen() == 0 {
					t.Errorf("conn %d, user %d, method %q", r.Conn(), r.User(), r.Method())
				}
				if string(r.Target()) == "/unwanted" {
					return Filtered
				}
				return Sent
			})
			l := Listed{Conn: 7, Index: 3, User: 8, Time: 1e18, Raw: []byte(tt.raw), Client: capture.Endpoint{Port: 1}, Server: capture.Endpoint{Port: 80}}
			if fate := a.PushListed(&l); fate != tt.want {
				t.Errorf("%v, want %v", fate, tt.want)
			}
			stats := a.Stats()
			if stats.Captured != 1 || stats.Fates[tt.want] != 1 || stats.Open != 0 {
				t.Errorf("%+v", stats)
			}
			if taken := tt.want == Sent || tt.want == Filtered; taken != (len(got) == 1) {
				t.Fatalf("%d handed on", len(got))
			} else if taken {
				r := got[0]
				if r.Index != 3 || r.First != 1e18 || r.Last != 1e18 || r.Client != l.Client || r.Server != l.Server || !strings.HasSuffix(tt.raw, string(r.Raw)) {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}

// TestListedAmongPackets: a list tells the time, too, and what came in packets is
// numbered by its connection as ever.
func TestListedAmongPackets(t *testing.T) {
	var conns []uint64
	a := New(Config{}, func(r *Request) Fate { conns = append(conns, r.Conn()); return Sent })
	const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	packet := func(seq uint32, at int64) {
		a.Push(&capture.Segment{
			Time: at, Src: capture.Endpoint{Port: 1}, Dst: capture.Endpoint{Port: 80}, Seq: seq, Flags: capture.ACK, Payload: []byte(get),
		})
	}
	a.Push(&capture.Segment{Time: 1, Src: capture.Endpoint{Port: 1}, Dst: capture.Endpoint{Port: 80}, Flags: capture.SYN})
	packet(1, 2)
	a.PushListed(&Listed{Conn: 7, User: 7, Time: 3, Raw: []byte(get)})
	packet(1+uint32(len(get)), 4)
	if len(conns) != 3 || conns[0] != conns[2] || conns[1] != 7 {
		t.Errorf("connections %x", conns)
	}
	if a.Settled() != 4 {
		t.Errorf("settled %d", a.Settled())
	}
}
