package replay

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward/command"
	"gor/forward/results"
)

// gor runs gor replay in this process.
func gor(t *testing.T, args ...string) (status int, stderr string) {
	t.Helper()
	return gorUntil(t, t.Context(), args...)
}

// gorUntil runs it until ctx ends, as if by a signal then.
func gorUntil(t *testing.T, ctx context.Context, args ...string) (status int, stderr string) {
	t.Helper()
	var out bytes.Buffer
	var errs lockedBuffer // logged to by several goroutines, beside what the end of a run prints
	app := &command.App{Commands: []*cli.Command{Command("Gor-Replayed")}, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}
	status = app.Run(ctx, append([]string{"replay"}, args...))
	if out.Len() > 0 {
		t.Errorf("on standard output: %s", out.Bytes())
	}
	return status, errs.String()
}

// A lockedBuffer is a bytes.Buffer for several goroutines, as a file is.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// list writes a recording: a line for each request, each a number of ms after the
// one before, on connections in turn.
func list(t *testing.T, apart time.Duration, conns int, paths ...string) string {
	t.Helper()
	var b bytes.Buffer
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for i, path := range paths {
		raw := "GET " + path + " HTTP/1.1\r\nHost: www.example.com\r\n\r\n"
		fmt.Fprintf(&b, `{"conn":"%016x","index":%d,"time":%q,"raw":%q}`+"\n", i%conns+1, i/conns, at.Format(time.RFC3339Nano), base64.StdEncoding.EncodeToString([]byte(raw)))
		at = at.Add(apart)
	}
	file := filepath.Join(t.TempDir(), "list.jsonl")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// A server answers /N with status N, and notes what came when.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	paths []string
	times []time.Time
}

func newServer(t *testing.T) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.paths, s.times = append(s.paths, r.URL.Path), append(s.times, time.Now())
		s.mu.Unlock()
		var status int
		if fmt.Sscanf(r.URL.Path, "/%d", &status); status != 0 {
			w.WriteHeader(status)
		}
		if r.URL.Path == "/slow" {
			time.Sleep(300 * time.Millisecond)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// written is what a JSON report says that the tests look at.
type written struct {
	Read        uint64
	Whole       bool
	Interrupted bool
	ExitStatus  int `json:"exit_status"`
	Targets     []struct {
		Accounts map[string]uint64
		Routes   []struct {
			Route   string
			Started uint64
		}
	}
}

// The exit status says how a run ended, in the order of the documentation, and the
// report says the same; the accounts add up.
func TestExitStatus(t *testing.T) {
	good := newServer(t)
	gone := httptest.NewServer(nil)
	gone.Close()
	many := strings.Fields(strings.Repeat("/a /users/7 /users/12 ", 20))
	for _, tt := range []struct {
		name   string
		paths  []string
		target string
		args   []string
		status int
		says   string // the last line
	}{
		{"all well", many, good.URL, []string{"--speed", "max", "--fail-above", "errors=0%,p99=30s,max=30s"}, 0, ""},
		{"three times", many, good.URL, []string{"--speed", "max", "--loop", "3"}, 0, ""},
		{"a bound of errors", append(many, "/503", "/404"), good.URL, []string{"--speed", "max", "--fail-above", "errors=1%"}, 3, "errors=1% is 1.6% at " + good.URL},
		{"no bound of errors", append(many, "/503", "/404"), good.URL, []string{"--speed", "max"}, 0, ""},
		{"a bound of time", append(many, "/slow"), good.URL, []string{"--speed", "max", "--fail-above", "max=200ms"}, 3, "max=200ms is "},
		{"two lists of bounds", append(many, "/503"), good.URL, []string{"--speed", "max", "--fail-above", "max=30s", "--fail-above", "errors=0"}, 3, "errors=0 is 1 at"},
		{"all filtered", many, good.URL, []string{"--method", "PUT"}, 1, "nothing was answered: filtered=60"},
		{"nobody there", many, gone.URL, []string{"--fail-above", "errors=1%"}, 1, "nothing was answered: refused=60"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "report.json")
			args := append([]string{"--read", list(t, time.Millisecond, 4, tt.paths...), "-f", tt.target, "--report", out}, tt.args...)
			status, stderr := gor(t, args...)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			last := lines[len(lines)-1]
			if status != tt.status || tt.status != 0 && !strings.HasPrefix(last, "gor: replay: ") || !strings.Contains(last, tt.says) || tt.status == 0 && strings.HasPrefix(last, "gor:") {
				t.Fatalf("status %d, want %d; last line %q lacks %q; all\n%s", status, tt.status, last, tt.says, stderr)
			}
			var r written
			b, err := os.ReadFile(out)
			if err == nil {
				err = json.Unmarshal(b, &r)
			}
			if err != nil {
				t.Fatal(err)
			}
			a := r.Targets[0].Accounts
			if r.Read != a["started"]+a["sampled_out"]+a["filtered"]+a["unsupported"]+a["skipped"] || a["started"] != a["answered"]+a["failed"] {
				t.Errorf("read %d, %v", r.Read, a)
			}
			if tt.status != 1 && (r.ExitStatus != status || !r.Whole || a["skipped"] != 0) {
				t.Errorf("the report says %d, whole: %v, %v", r.ExitStatus, r.Whole, a)
			}
		})
	}
}

// A run that a signal or --duration ends says what became of the rest.
func TestEndedEarly(t *testing.T) {
	good := newServer(t)
	out := filepath.Join(t.TempDir(), "report.json")
	start := time.Now()
	status, stderr := gor(t, "--read", list(t, time.Hour, 1, "/a", "/b", "/c"), "-f", good.URL, "--report", out, "--duration", "300ms")
	var r written
	b, _ := os.ReadFile(out)
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	if a := r.Targets[0].Accounts; status != 0 && status != results.ExitSchedule || r.Whole || r.Interrupted || a["started"] != 1 || r.Read != a["started"]+a["skipped"] || r.Read < 2 || time.Since(start) > time.Minute {
		t.Errorf("status %d, %+v\n%s", status, r, stderr)
	}
}

// A run that is interrupted passes no threshold: what was asked cannot be said of the
// whole recording. Without thresholds it ends well.
func TestInterrupted(t *testing.T) {
	for _, tt := range []struct {
		args   []string
		status int
		says   string
	}{
		{nil, 0, "interrupted after about "},
		{[]string{"--fail-above", "errors=1%"}, 1, "gor: replay: interrupted after about "},
	} {
		good := newServer(t)
		ctx, interrupt := context.WithCancel(t.Context())
		good.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { interrupt() })
		out := filepath.Join(t.TempDir(), "report.json")
		args := append([]string{"--read", list(t, time.Hour, 1, "/a", "/b", "/c"), "-f", good.URL, "--report", out}, tt.args...)
		status, stderr := gorUntil(t, ctx, args...)
		var r written
		b, _ := os.ReadFile(out)
		if err := json.Unmarshal(b, &r); err != nil {
			t.Fatal(err)
		}
		if status != tt.status || !r.Interrupted || r.ExitStatus != status || r.Targets[0].Accounts["answered"] != 1 || !strings.Contains(stderr, tt.says) {
			t.Errorf("status %d, %+v\n%s", status, r, stderr)
		}
	}
}

// What is played is what was recorded: in order, at its times, as often as wanted, and
// the table names the routes.
func TestPlayed(t *testing.T) {
	s := newServer(t)
	start := time.Now()
	status, stderr := gor(t, "--read", list(t, 20*time.Millisecond, 1, "/users/1", "/users/2", "/users/3", "/b"), "-f", s.URL, "--speed", "0.5", "--loop", "2")
	// A machine that runs other tests, too, may be too slow for the schedule.
	want := []string{"/users/1", "/users/2", "/users/3", "/b", "/users/1", "/users/2", "/users/3", "/b"}
	if status != 0 && status != results.ExitSchedule || fmt.Sprint(s.paths) != fmt.Sprint(want) {
		t.Fatalf("status %d, came %q\n%s", status, s.paths, stderr)
	}
	for i, at := range s.times {
		if early := time.Duration(i)*40*time.Millisecond - at.Sub(start); early > 0 {
			t.Errorf("request %d came %v early", i, early)
		}
	}
	for _, say := range []string{"8 requests read", "0.5 times as fast as recorded", "GET /users/{id}", "started=8 answered=8 failed=0"} {
		if !strings.Contains(stderr, say) {
			t.Errorf("%q is not in\n%s", say, stderr)
		}
	}
}

// A report that cannot be written is a failure, before the run where that can be known,
// and a recording that is not there leaves an older report as it is.
func TestReportFails(t *testing.T) {
	s := newServer(t)
	file := list(t, 0, 1, "/a")
	if status, stderr := gor(t, "--read", file, "-f", s.URL, "--report", filepath.Join(t.TempDir(), "no", "a.html")); status != 1 || len(s.paths) != 0 {
		t.Errorf("status %d, %d requests came: %s", status, len(s.paths), stderr)
	}
	old := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _ := gor(t, "--read", file+".none", "-f", s.URL, "--report", old); status != 1 {
		t.Errorf("status %d", status)
	}
	if b, _ := os.ReadFile(old); string(b) != "old" {
		t.Errorf("the old report has become %q", b)
	}
}

// With --log-format json all of standard error is JSON, but the line of a failure.
func TestJSONLog(t *testing.T) {
	s := newServer(t)
	status, stderr := gor(t, "--read", list(t, 0, 1, "/a", "/503"), "-f", s.URL, "--speed", "max", "--log-format", "json", "--fail-above", "errors=0")
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, line := range lines[:len(lines)-1] {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s", line)
		}
	}
	if status != 3 || !strings.Contains(stderr, `"msg":"accounts"`) || !strings.Contains(stderr, `"answered":2`) {
		t.Errorf("status %d:\n%s", status, stderr)
	}
}
