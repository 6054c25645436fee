package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward/command"
	"gor/forward/command/ctl"
)

// ask runs gor ctl in this process.
func ask(t *testing.T, socket string, words ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	app := &command.App{Commands: []*cli.Command{ctl.Command()}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	status = app.Run(t.Context(), append([]string{"ctl", "--control", socket}, words...))
	return status, out.String(), errs.String()
}

// A recording that is played does as it is told: it stands still in a pause, goes on with
// another limit, leaves out what is denied, says how it goes, and ends.
func TestControl(t *testing.T) {
	s := newServer(t)
	socket := filepath.Join(t.TempDir(), "gor.sock")
	var paths []string
	for range 2000 {
		paths = append(paths, "/a", "/denied/b")
	}
	type end struct {
		status int
		stderr string
	}
	ended := make(chan end)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := list(t, 10*time.Millisecond, 1, paths...)
	go func() {
		status, stderr := gorUntil(t, ctx, "--read", file, "-f", s.URL+"#20", "--control", socket, "--stats", "0")
		ended <- end{status, stderr}
	}()
	for until := time.Now().Add(10 * time.Second); len(s.seen()) < 3 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	must := func(want string, words ...string) {
		t.Helper()
		if status, stdout, stderr := ask(t, socket, words...); status != 0 || !strings.Contains(stdout, want) || stderr != "" {
			t.Fatalf("%q: status %d, %q, %q; want %q", words, status, stdout, stderr, want)
		}
	}
	must("is paused", "pause", s.URL)
	time.Sleep(100 * time.Millisecond) // what was in flight
	before := len(s.seen())
	time.Sleep(300 * time.Millisecond)
	if n := len(s.seen()); n != before {
		t.Errorf("%d requests came in the pause", n-before)
	}
	must("filtered from now on", "deny-path", "^/denied/")
	must("it was 20", "limit", s.URL, "off")
	must("paused  "+s.URL, "status")
	must("denied paths: ^/denied/", "status")
	must("is resumed", "resume", strings.TrimPrefix(s.URL, "http://"))
	for until := time.Now().Add(10 * time.Second); len(s.seen()) < before+300 && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	_, stdout, _ := ask(t, socket, "status", "--json")
	var state struct {
		Command string
		PID     int
		Ready   bool
		Targets []map[string]any
	}
	if err := json.Unmarshal([]byte(stdout), &state); err != nil || state.Command != "replay" || state.PID != os.Getpid() || !state.Ready ||
		len(state.Targets) != 1 || state.Targets[0]["target"] != s.URL || state.Targets[0]["limit"] != "off" || state.Targets[0]["filtered"] == 0. {
		t.Errorf("%v, %+v from %s", err, state, stdout)
	}
	for _, tt := range []struct {
		words  string
		status int
		want   string
	}{
		{"limit http://nosuch 1", 1, `gor: ctl: gor replay: there is no target "http://nosuch": use ` + s.URL + "\n"},
		{"limit " + s.URL + " x", 1, `limit "x": give N, N% or off`},
		{"deny-path (", 1, "missing closing"},
		{"explain on", 1, "it has no explain"},
		{"frobnicate", 2, "use status"},
	} {
		if status, stdout, stderr := ask(t, socket, strings.Fields(tt.words)...); status != tt.status || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: status %d, %q, %q", tt.words, status, stdout, stderr)
		}
	}
	must("and ends", "drain")
	e := <-ended
	seen := s.seen()
	for _, p := range seen[len(seen)-50:] { // those that waited already have gone out before
		if strings.HasPrefix(p, "/denied") {
			t.Fatalf("%s came though it is denied", p)
		}
	}
	if !strings.Contains(e.stderr, "changed by gor ctl") || !strings.Contains(e.stderr, `order="limit `+s.URL+` off"`) {
		t.Errorf("status %d, %s", e.status, e.stderr)
	}
	if _, err := os.Lstat(socket); !os.IsNotExist(err) {
		t.Errorf("the socket stays behind: %v", err)
	}
	if status, _, stderr := ask(t, socket, "status"); status != 1 || !strings.Contains(stderr, "there is no "+socket) {
		t.Errorf("status %d, %q", status, stderr)
	}
}

// seen are the paths that came so far.
func (s *server) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.paths)
}
