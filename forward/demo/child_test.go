package demo

import (
	"bytes"
	"strings"
	"testing"
)

// What a command warns of reaches the reader of the demo in words, not as the
// record that the demo asked the command for.
func TestFollow(t *testing.T) {
	log := `{"time":"2026-11-27T17:06:25Z","level":"INFO","msg":"listening"}
{"time":"2026-11-27T17:06:25Z","level":"WARN","msg":"no secret","replayer":"a:28020","lost":3}
{"time":"2026-11-27T17:06:25Z","level":"WARN","msg":"it left","lost":0,"sessions":0}
{"time":"2026-11-27T17:06:25Z","level":"INFO","msg":"accounts","requests":{"captured":7}}
gor: listen: it ended
`
	c := &child{ready: make(chan struct{})}
	var stderr bytes.Buffer
	c.follow(strings.NewReader(log), &stderr)
	if want := "warning: no secret; lost: 3; replayer: a:28020\nwarning: it left; sessions: 0\n"; stderr.String() != want {
		t.Errorf("warnings %q, want %q", &stderr, want)
	}
	if n, ok := c.account("requests", "captured"); n != 7 || !ok {
		t.Errorf("captured %d, %v", n, ok)
	}
	if c.lastLine != "gor: listen: it ended" {
		t.Errorf("last line %q", c.lastLine)
	}
	select {
	case <-c.ready:
	default:
		t.Error("not ready, though it listens")
	}
}
