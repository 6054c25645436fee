package doctor

import (
	"bytes"
	"strings"
	"testing"
)

// masked is a WebSocket frame of a client.
func masked(opcode byte, n int) []byte {
	b := []byte{0x80 | opcode}
	switch {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = append(b, 0x80|126, byte(n>>8), byte(n))
	default:
		b = append(b, 0x80|127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(append(b, 1, 2, 3, 4), bytes.Repeat([]byte{'G'}, n)...)
}

// frame is an HTTP/2 frame.
func frame(kind byte, stream byte, n int) []byte {
	return append([]byte{byte(n >> 16), byte(n >> 8), byte(n), kind, 0, 0, 0, 0, stream}, make([]byte, n)...)
}

func TestClassify(t *testing.T) {
	record := "\x17\x03\x03\x00\x05hello"
	for _, tt := range []struct {
		name string
		b    string
		want protocol
	}{
		{"nothing", "", other},
		{"a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", request},
		{"its beginning", "GET /a/long/pa", request},
		{"its version cut", "POST /x HTT", request},
		{"an absolute target", "GET http://a/x HTTP/1.0\r\n", request},
		{"an unusual method", "PROPFIND /x HTTP/1.1\r\n", request},
		{"text", "GET me out of here", other},
		{"text in lines", "HELLO WORLD THIS IS\r\nTEXT", other},
		{"in lower case", "get / HTTP/1.1\r\n", other},
		{"HTTP/2.0", "GET / HTTP/2.0\r\n", other},
		{"a WebSocket's request", "GET /c HTTP/1.1\r\nHost: a\r\nupgrade: WebSocket\r\n\r\n", upgrade},
		{"that word in a body", "POST /c HTTP/1.1\r\nHost: a\r\n\r\nx\r\nUpgrade: websocket\r\n", request},
		{"h2c's upgrade", "GET /c HTTP/1.1\r\nUpgrade: h2c\r\n\r\n", request},
		{"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", http2},
		{"HTTP/2's frames", string(frame(1, 5, 30)) + string(frame(0, 5, 100)), http2},
		{"a frame that goes on", string(frame(0, 3, 9000)[:1400]), http2},
		{"a ping", string(frame(6, 0, 8)), http2},
		{"settings", string(frame(4, 0, 18)), http2},
		{"a ping of a wrong size", string(frame(6, 0, 9)), other},
		{"data of no stream", string(frame(0, 0, 10)), other},
		{"a server's stream", string(frame(1, 4, 10)), other},
		{"a frame too large", string(frame(0, 1, 1<<14+1)), other},
		{"a hello", "\x16\x03\x01\x02\x00\x01\x00", tls},
		{"records", record + record, tls},
		{"a record and something else", record + "hello", other},
		{"a record of nothing", "\x17\x03\x03\x00\x00", other},
		{"a short frame", string(masked(1, 5)), webSocket},
		{"frames", string(masked(2, 300)) + string(masked(9, 0)), webSocket},
		{"a large one that goes on", string(masked(2, 70000)[:1400]), webSocket},
		{"a large one's head", string(masked(2, 70000)[:10]), webSocket},
		{"a frame that is not masked", "\x81\x05hello world", other},
		{"a control frame too long", string(masked(9, 126)), other},
		{"an opcode that there is not", string(masked(4, 10)), other},
		{"a length that could be shorter", "\x82\xfe\x00\x05\x01\x02\x03\x04hello", other},
		{"zeros", strings.Repeat("\x00", 60), other},
		{"text of a body", strings.Repeat("0123456789", 100), other},
	} {
		if got := classify([]byte(tt.b)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestField(t *testing.T) {
	head := "GET / HTTP/1.1\r\nHost: a\r\ngor-replayed: 1\r\nX: y\r\n\r\nGor-Late: 1\r\n"
	for name, want := range map[string]bool{mark: true, "Host": true, "Gor-Late": false, "GET / HTTP/1.1": false, "": false} {
		if got := field([]byte(head), name, ""); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// FuzzClassify: whatever comes, it is classified, and what is cut off a payload makes
// of a request no other protocol.
func FuzzClassify(f *testing.F) {
	f.Add([]byte("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"), 20)
	f.Add(masked(2, 70000)[:100], 12)
	f.Add(frame(0, 1, 100), 9)
	f.Add([]byte("\x16\x03\x01\x02\x00\x01\x00"), 5)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		whole := classify(b)
		field(b, mark, "")
		if n < 16 || n > len(b) {
			return
		}
		if cut := classify(b[:n]); (whole == request || whole == upgrade) && len(b) < 4096 && cut != request && cut != upgrade && bytes.Contains(b[:n], []byte(" HTTP/1.")) {
			t.Errorf("%q is %d, and its first %d bytes %d", b, whole, n, cut)
		}
	})
}
