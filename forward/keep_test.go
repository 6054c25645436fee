package forward

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A bench takes outcomes with all that is lent with them.
type bench struct {
	mu  sync.Mutex
	all []Outcome
}

func (b *bench) take(o *Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := *o
	c.Method, c.Path, c.Raw = bytes.Clone(o.Method), bytes.Clone(o.Path), bytes.Clone(o.Raw)
	if o.Response != nil {
		r := *o.Response
		r.Header, r.Body = r.Header.Clone(), bytes.Clone(r.Body)
		c.Response = &r
	}
	b.all = append(b.all, c)
}

// fnv1a is the hash of a content.
func fnv1a(s string) uint64 {
	h := fnv.New64a()
	io.WriteString(h, s)
	return h.Sum64()
}

// inChunks writes a text in chunks of n bytes.
func inChunks(s string, n int) string {
	var b strings.Builder
	for len(s) > 0 {
		k := min(n, len(s))
		fmt.Fprintf(&b, "%x\r\n%s\r\n", k, s[:k])
		s = s[k:]
	}
	return b.String() + "0\r\n\r\n"
}

// TestKeep: what is kept of a response is what it says, whatever it is framed by: the
// body up to a bound, of a longer one its hash, and of one not read to its end neither
// length nor hash.
func TestKeep(t *testing.T) {
	const keep, drain = 100, 1000
	client := netip.MustParseAddrPort("192.0.2.1:1234")
	long, tooLong := strings.Repeat("0123456789", 50), strings.Repeat("x", 20000) // one reading takes 8 KiB at most
	for _, tt := range []struct {
		name, method, head, body string
		want                     Response
	}{
		{"a length", "GET", "200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\n", "ok", Response{Status: 200, Body: []byte("ok"), BodyLen: 2, Whole: true}},
		{"chunks", "GET", "404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n", inChunks("hello, world", 5), Response{Status: 404, Body: []byte("hello, world"), BodyLen: 12, Whole: true}},
		{"until it closes", "GET", "200 OK\r\n\r\n", "to the end", Response{Status: 200, Body: []byte("to the end"), BodyLen: 10, Whole: true}},
		{"none", "GET", "204 No Content\r\n\r\n", "", Response{Status: 204, Whole: true}},
		{"not modified", "GET", "304 Not Modified\r\nContent-Length: 7\r\n\r\n", "", Response{Status: 304, Whole: true}},
		{"HEAD", "HEAD", "200 OK\r\nContent-Length: 7\r\n\r\n", "", Response{Status: 200, Whole: true}},
		{"empty", "GET", "200 OK\r\nContent-Length: 0\r\n\r\n", "", Response{Status: 200, Whole: true}},
		{"interim", "GET", "103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok", Response{Status: 200, Body: []byte("ok"), BodyLen: 2, Whole: true}},
		{"as much as is kept", "GET", "200 OK\r\nContent-Length: 100\r\n\r\n", long[:keep], Response{Status: 200, Body: []byte(long[:keep]), BodyLen: keep, Whole: true}},
		{"one more", "GET", "200 OK\r\nContent-Length: 101\r\n\r\n", long[:keep+1], Response{Status: 200, Body: []byte(long[:keep]), BodyLen: keep + 1, Hash: fnv1a(long[:keep+1])}},
		{"long", "GET", "200 OK\r\nContent-Length: 500\r\n\r\n", long, Response{Status: 200, Body: []byte(long[:keep]), BodyLen: 500, Hash: fnv1a(long)}},
		{"long, in pieces", "GET", "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", inChunks(long, 7), Response{Status: 200, Body: []byte(long[:keep]), BodyLen: 500, Hash: fnv1a(long)}},
		{"too long", "GET", "200 OK\r\nContent-Length: 20000\r\n\r\n", tooLong, Response{Status: 200, Body: []byte(tooLong[:keep]), BodyLen: -1}},
		{"switched", "GET", "101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", "whatever", Response{Status: 101, Whole: true}},
	} {
		for _, piece := range []int{1 << 20, 1, 3} {
			synctest.Test(t, func(t *testing.T) {
				v, b := newVirtualTarget(), &bench{}
				v.reply = func(n int, r *http.Request, c net.Conn) bool {
					time.Sleep(time.Second)
					for all := "HTTP/1.1 " + tt.head + tt.body; all != ""; {
						k := min(piece, len(all))
						if _, err := io.WriteString(c, all[:k]); err != nil {
							return false
						}
						all = all[k:]
					}
					return false
				}
				r := runVirtual(t, Config{Compare: Comparing{Take: b.take, KeepBody: keep}, DrainBytes: drain}, []string{""}, v)
				raw := tt.method + " /a?b HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
				r.Submit(&Request{User: 9, Conn: 7, Index: 8, Loop: 5, Time: 6, Crowd: true, Client: client, Raw: []byte(raw), Compare: true})
				r.finish()
				if len(b.all) != 1 || b.all[0].Response == nil {
					t.Fatalf("%s, in pieces of %d: %+v", tt.name, piece, b.all)
				}
				o, want := b.all[0], tt.want
				got := *o.Response
				if got.Head < time.Second || got.Head > o.Ended {
					t.Errorf("%s: the head came at %v, the end at %v", tt.name, got.Head, o.Ended)
				}
				if text := fmt.Sprint(got.Header); strings.Contains(tt.head, "X-A") && !strings.Contains(text, "X-A:[1 2]") {
					t.Errorf("%s: %s", tt.name, text)
				}
				got.Head, got.Header = 0, nil
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("%s, in pieces of %d:\ngot  %v\nwant %v", tt.name, piece, got, want)
				}
				if o.User != 9 || o.Conn != 7 || o.Index != 8 || o.Loop != 5 || !o.Crowd || o.Client != client || o.Time != 6 || string(o.Raw) != raw || string(o.Path) != "/a?b" || o.Status != want.Status || o.Echo {
					t.Errorf("%s: %+v", tt.name, o)
				}
			})
		}
	}
}

// TestKeepOnlyWhatIsCompared: of the other requests nobody is told, and nothing is kept;
// one without a response has none, nor has one whose response is cut.
func TestKeepOnlyWhatIsCompared(t *testing.T) {
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			v, b, notes := newVirtualTarget(), &bench{}, &notebook{}
			v.reply = func(n int, r *http.Request, c net.Conn) bool {
				if r.URL.Path == "/cut" {
					io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nhalf")
					return false
				}
				return r.URL.Path != "/none" && replyOK(n, r, c)
			}
			r := runVirtual(t, Config{Outcome: notes.take, Compare: Comparing{Take: b.take, All: all}}, []string{""}, v)
			for i, path := range []string{"/a", "/b", "/cut", "/c", "/none", "/d"} {
				r.Submit(&Request{Conn: 1, Index: uint64(i), Raw: fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", path), Compare: i%2 == 0})
			}
			r.finish()
			var got []string
			for _, o := range b.all {
				if (o.Response == nil) != (o.Status == 0) {
					t.Errorf("%s: status %d, %+v", o.Path, o.Status, o.Response)
				}
				got = append(got, string(o.Path))
			}
			want := "[/a /cut /none]"
			if all {
				want = "[/a /b /cut /c /none /d]"
			}
			if fmt.Sprint(got) != want || len(notes.all) != 6 {
				t.Errorf("all: %v: told of %v, and of %d in all", all, got, len(notes.all))
			}
			for w := range r.targets[0].crew.workers {
				if w.keeper.response.Header != nil || w.outcome.Raw != nil {
					t.Error("an idle worker keeps a response")
				}
			}
		})
	}
}

// TestKeepForsaken: who compares learns of requests that were never sent, since the
// target was out of reach for too long.
func TestKeepForsaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, b := newVirtualTarget(), &bench{}
		v.refuse = true
		r := runVirtual(t, Config{Compare: Comparing{Take: b.take}}, []string{""}, v)
		for i := range 20 {
			r.Submit(&Request{Conn: uint64(i), User: 3, Patient: true, Compare: i < 15, Raw: []byte("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")})
		}
		time.Sleep(20 * time.Second)
		s := r.finish()[0]
		if len(b.all) != 15 || s.Failed[FailRefused] != 20 {
			t.Fatalf("told of %d: %s", len(b.all), AppendLine(nil, []TargetStats{s}))
		}
		for _, o := range b.all {
			if o.Response != nil || o.Failure != FailRefused || string(o.Path) != "/a" || o.User != 3 || len(o.Raw) == 0 {
				t.Errorf("%+v", o)
			}
		}
	})
}

// TestKeepHTTP2: over HTTP/2 the same is kept.
func TestKeepHTTP2(t *testing.T) {
	long := strings.Repeat("0123456789", 5000)
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-A", "1")
		w.WriteHeader(404)
		io.WriteString(w, long)
	}))
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	b := &bench{}
	forwardOne(t, Config{TLS: TLSConfig{Insecure: true}, Compare: Comparing{Take: b.take, All: true, KeepBody: 1000}}, srv.URL+"|h2", "GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
	if len(b.all) != 1 || b.all[0].Response == nil {
		t.Fatalf("%+v", b.all)
	}
	r := b.all[0].Response
	if r.Status != 404 || string(r.Body) != long[:1000] || r.BodyLen != 50000 || r.Whole || r.Hash != fnv1a(long) || r.Header.Get("X-A") != "1" || r.Head <= 0 {
		t.Errorf("%d, %d bytes of %d, hash %x, %v", r.Status, len(r.Body), r.BodyLen, r.Hash, r.Header)
	}
}
