package forward

import (
	"bytes"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gor/reassembly/http1"
)

// TestIntake: what belongs to a response is taken, whole or in pieces of any size,
// and nothing of what follows.
func TestIntake(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	const head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
	for _, tt := range []struct {
		name, bytes string
		isHead      bool
		want        int // how many bytes are taken
		refused     bool
	}{
		{"nothing behind it", ok, false, len(ok), false},
		{"another response behind it", ok + ok, false, len(ok), false},
		{"junk behind it", ok + "junk", false, len(ok), false},
		{"a body behind a HEAD's", ok, true, len(head), false},
		{"a body behind a 204", "HTTP/1.1 204 No\r\n\r\nbody", false, 19, false},
		{"a body behind a 304", "HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\nbody", false, 38, false},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\njunk", false, 65, false},
		{"interim responses", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n" + ok + "junk", false, 25 + 31 + len(ok), false},
		{"interim response alone", "HTTP/1.1 100 Continue\r\n\r\n", false, 25, false},
		{"tunnel", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nanything\r\n\r\n", false, 50, false},
		{"until the end", "HTTP/1.0 200 OK\r\n\r\nany" + ok, false, 22 + len(ok), false},
		{"no response", "SSH-2.0-OpenSSH_9.2\r\n\r\n", false, 0, true},
		{"length and chunked", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n", false, 0, true},
		{"no chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", false, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for cut := range len(tt.bytes) {
				var in intake
				in.await(tt.isHead)
				n, err := in.take([]byte(tt.bytes[:cut]))
				if err == nil && n == cut {
					var more int
					more, err = in.take([]byte(tt.bytes[cut:]))
					n += more
				}
				var r refusal
				if errors.As(err, &r) != tt.refused || !tt.refused && n != tt.want {
					t.Fatalf("cut at %d: %d bytes taken, want %d; %v", cut, n, tt.want, err)
				}
				if n, err := new(intake).take([]byte(tt.bytes)); n != 0 || err != nil {
					t.Fatalf("of what nobody awaits %d bytes are taken; %v", n, err)
				}
			}
		})
	}
}

// FuzzIntake: however a response comes in pieces, the same is taken of it, and that
// is what http1 says of the whole.
func FuzzIntake(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 100 a\r\n\r\n"), uint8(3), false)
	f.Add([]byte("HTTP/1.1 103 OK\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n."), uint8(1), false)
	f.Add([]byte("HTTP/1.1 304 OK\r\nContent-Length: 2\r\n\r\nok"), uint8(200), true)
	f.Fuzz(func(t *testing.T, b []byte, size uint8, isHead bool) {
		var whole, pieces intake
		whole.await(isHead)
		pieces.await(isHead)
		want, wantErr := whole.take(b)
		n, err := 0, error(nil)
		for piece := range bytesOf(b, max(int(size), 1)) {
			k, e := pieces.take(piece)
			n, err = n+k, e
			if e != nil || k < len(piece) {
				break
			}
		}
		if (err != nil) != (wantErr != nil) || err == nil && n != want {
			t.Fatalf("%q in pieces of %d: %d bytes and %v, want %d and %v", b, size, n, err, want, wantErr)
		}
		var m http1.Message
		if m = http1.Response(""); !isHead && m.Head(b, "") == http1.Whole && m.Status >= 200 && !m.Tunnel {
			if k, v := m.Body(b[m.HeadLen:]); v == http1.Whole && want != m.HeadLen+k {
				t.Fatalf("%q: %d bytes taken, http1 says %d", b, want, m.HeadLen+k)
			}
		}
	})
}

// bytesOf cuts b into pieces of a size.
func bytesOf(b []byte, size int) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for ; len(b) > 0; b = b[min(size, len(b)):] {
			if !yield(b[:min(size, len(b))]) {
				return
			}
		}
	}
}

// TestNothingUnasked: whatever a target sends that nobody asked for, nothing of it
// is taken for a response, and nobody writes of it past the logger.
func TestNothingUnasked(t *testing.T) {
	var standard bytes.Buffer
	log.SetOutput(&standard)
	defer log.SetOutput(os.Stderr)
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, parts := range map[string][2]string{ // the second comes later
		"204 with a body":       {"HTTP/1.1 204 No Content\r\n\r\nsecret", ""},
		"304 with a body later": {"HTTP/1.1 304 No\r\n\r\n", "secret"},
		"two responses":         {ok + strings.Replace(ok, "200", "500", 1), ""},
		"another one later":     {ok, strings.Replace(ok, "200", "500", 1)},
		"longer than it says":   {ok + "secret", ""},
		"408 later":             {ok, "HTTP/1.1 408 Late\r\nConnection: close\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVirtualTarget()
				v.reply = func(_ int, _ *http.Request, c net.Conn) bool {
					io.WriteString(c, parts[0])
					time.Sleep(time.Millisecond)
					if parts[1] != "" {
						io.WriteString(c, parts[1])
					}
					return true
				}
				r := runVirtual(t, Config{}, []string{""}, v)
				for n := range 50 {
					r.submit(1, n, "POST /")
					time.Sleep(10 * time.Millisecond)
				}
				s := r.finish()[0]
				if s.Answered != 50 || s.Status[500]+s.Status[408] > 0 || v.arrived() != 50 {
					t.Errorf("%s", AppendLine(nil, []TargetStats{s}))
				}
			})
			if standard.Len() > 0 {
				t.Errorf("past the logger: %s", standard.String())
			}
		})
	}
}
