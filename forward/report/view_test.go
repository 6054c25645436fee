package report

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gor/forward"
	"gor/forward/report/screen"
)

var update = flag.Bool("update", false, "write what is shown to the files that it is compared with")

// viewStats are a made-up command's accounts of the wire.
type viewStats struct {
	Received uint64 `name:"messages_received" unit:"messages" help:"Messages." view:"yes"`
	Pending  uint64 `name:"messages_pending" unit:"messages" help:"Messages." kind:"gauge" view:"yes"`
	Lost     uint64 `name:"messages_lost" unit:"messages" help:"Messages lost." trouble:"yes"`
	Down     uint64 `name:"replayers_down" unit:"replayers" help:"Replayers." kind:"gauge" trouble:"yes"`
}

// pane is what a terminal of a width shows of a view; no line may be wider, and there may
// not be more of them than eight.
func pane(t *testing.T, lines []screen.Line, columns int) string {
	t.Helper()
	if len(lines) > viewLines {
		t.Errorf("%d lines", len(lines))
	}
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintln(&b, strings.TrimRight(screen.Fit(l.Text, columns-1), " "))
	}
	return b.String()
}

// busyTarget is a target that has done something.
func busyTarget(name string, codes map[int]uint64, latency time.Duration) forward.TargetStats {
	s := forward.TargetStats{Target: name, Elapsed: 5 * time.Second, Status: codes}
	for _, n := range codes {
		s.Answered += n
	}
	for i := range 100 {
		s.Latency.Add(latency + time.Duration(i)*latency/20)
		s.Wait.Add(time.Duration(i) * 25 * time.Microsecond)
	}
	s.Received = s.Answered
	return s
}

// scene is a view after five seconds of what happened.
func scene(command string, before, now Snapshot, notReady string) []screen.Line {
	start := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	v := &view{declared: new(registry), command: command, started: start, window: 5 * time.Second}
	v.next(start.Add(187*time.Second), before, "", "")
	v.next(start.Add(190*time.Second), now, notReady, "")
	return v.next(start.Add(192*time.Second), now, notReady, "")
}

// TestView compares what is shown at 80 and at 120 columns with what was looked at.
func TestView(t *testing.T) {
	listener := func(captured, gap, lost, down uint64) Snapshot {
		return Snapshot{
			Groups: []Group{{"requests", requestStats{captured, captured - gap, gap}}, {"wire", viewStats{captured - gap, 94, lost, down}}},
			Words:  map[string]string{"requests": `by cookie "sessionid" 97 %, by address 3 %`},
		}
	}
	failing := busyTarget("https://staging-with-a-long-name.example.com:8443", nil, time.Millisecond)
	failing.Failing, failing.Queue, failing.QueueFull, failing.Received = true, 131072, 4711, 4711
	failing.Failed[forward.FailRefused] = 20
	limited := busyTarget("http://dev", map[int]uint64{200: 41, 302: 5, 404: 3, 503: 1}, 12*time.Millisecond)
	limited.Limit, limited.Limited, limited.Queue, limited.Received = forward.Limit{Rate: 10}, 23_000, 312, 23_362
	paused := forward.TargetStats{Target: "http://canary", Paused: true, Queue: 9}
	replayer := Snapshot{
		Groups:  []Group{{"wire", viewStats{Received: 1_203_394}}},
		Targets: []forward.TargetStats{busyTarget("http://staging", map[int]uint64{200: 24_990, 404: 10}, 900*time.Microsecond), limited, failing, paused},
	}
	for _, tt := range []struct {
		name  string
		lines []screen.Line
	}{
		{"listen", scene("listen", listener(1_178_294, 0, 0, 0), listener(1_203_394, 0, 0, 0), "")},
		{"listen-lossy", scene("listen", listener(1_178_294, 3, 12, 0), listener(1_203_394, 45, 12, 1), "no replay server responds")},
		{"replay", scene("replay", Snapshot{Groups: []Group{{"wire", viewStats{Received: 1_178_394}}}}, Snapshot{Groups: replayer.Groups, Targets: replayer.Targets[:1]}, "")},
		{"replay-four", scene("replay", Snapshot{Groups: []Group{{"wire", viewStats{Received: 1_178_394}}}}, replayer, "")},
	} {
		for _, columns := range []int{80, 120} {
			got := pane(t, tt.lines, columns)
			file := filepath.Join("testdata", fmt.Sprintf("%s-%d.txt", tt.name, columns))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil || got != string(want) {
				t.Errorf("%s at %d columns, %v:\n%s\nwant\n%s", tt.name, columns, err, got, want)
			}
		}
	}
}

// TestViewSince: what is wrong is said with the time since when, and no more when it has
// passed; what comes back begins anew.
func TestViewSince(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)
	v := &view{declared: new(registry), command: "replay", started: start, window: 5 * time.Second}
	for _, tt := range []struct {
		at       time.Duration
		notReady string
		lost     uint64
		want     string // the lines of what is wrong
	}{
		{1 * time.Second, "", 0, "wrong     nothing\n"},
		{2 * time.Second, "nobody is there", 0, "wrong     nobody is there, for 0s\n"},
		{62 * time.Second, "nobody is there", 7, "wrong     nobody is there, for 1m0s\n          wire.messages_lost grows, for 0s\n"},
		{63 * time.Second, "", 7, "wrong     wire.messages_lost grows, for 1s\n"},
		{70 * time.Second, "", 7, "wrong     nothing\n"},
		{80 * time.Second, "nobody is there", 7, "wrong     nobody is there, for 0s\n"},
	} {
		lines := v.next(start.Add(tt.at), Snapshot{Groups: []Group{{"wire", viewStats{Lost: tt.lost}}}}, tt.notReady, "")
		if got := pane(t, lines, 80); !strings.HasSuffix(got, tt.want) || !strings.Contains(got, fmt.Sprintf("lost      %s", map[bool]string{true: "wire.messages_lost 7", false: "0\n"}[tt.lost > 0])) {
			t.Errorf("after %v:\n%s\nwant %s", tt.at, got, tt.want)
		}
	}
}

// TestViewOfMuch: of more than there is room for, the first is shown, and how much is not.
func TestViewOfMuch(t *testing.T) {
	s := Snapshot{Groups: []Group{{"wire", viewStats{}}}}
	for i := range 30 {
		target := busyTarget(fmt.Sprintf("http://t%d\x1b[2J", i), map[int]uint64{200: 1}, time.Millisecond)
		target.Failing = true
		s.Targets = append(s.Targets, target)
	}
	got := pane(t, scene("replay", s, s, ""), 80)
	for _, want := range []string{"\nt0?[2J", "\nand 27 more\n", "fails, for 5s; and 29 more\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	groups := Snapshot{}
	for i := range 10 {
		groups.Groups = append(groups.Groups, Group{fmt.Sprint("g", i), viewStats{}})
	}
	pane(t, scene("listen", groups, groups, "it is not ready"), 80)
}

// TestViewProgress: what is told of a recording heads the view.
func TestViewProgress(t *testing.T) {
	v := &view{declared: new(registry), command: "replay", window: time.Second}
	if lines := v.next(time.Now(), Snapshot{}, "", "half of it"); lines[0].Text != "half of it" || lines[0].Style != screen.Head {
		t.Errorf("%+v", lines)
	}
}

// paper is written to by a Reporter's goroutines.
type paper struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (p *paper) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf.Write(b)
}

func (p *paper) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.buf.Reset()
	return p.buf.String()
}

// TestRunView: on a terminal there is a view once a second, and the final accounts in
// its place; where that shows data, a line for each interval; where no statistics are
// wanted, nothing.
func TestRunView(t *testing.T) {
	_, stop := screen.Resizes() // what package signal starts is none of the test's
	stop()
	pipe, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer theirs.Close()
	for _, tt := range []struct {
		name        string
		every       time.Duration
		data        io.Writer // where standard output goes, if it has data
		views, logs int
	}{
		{"terminal", 2 * time.Second, nil, 4, 0},
		{"data into a pipe", 2 * time.Second, theirs, 0, 2},
		{"data elsewhere", 2 * time.Second, &bytes.Buffer{}, 4, 0},
		{"no statistics", 0, nil, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := &paper{}
				s := screen.New(out, func() (int, int) { return 80, 24 })
				log := slog.New(slog.NewTextHandler(s, nil))
				r, err := New(Config{Command: "replay", Screen: s, Every: tt.every, Out: s, Log: log, Collect: snapshot})
				if err != nil {
					t.Fatal(err)
				}
				r.ShowProgress(func(width int) string { return fmt.Sprint("progress ", width) })
				if tt.data != nil {
					r.Yield(tt.data)
				}
				r.Start()
				time.Sleep(4*time.Second + time.Millisecond)
				got := out.take()
				if n := strings.Count(got, "progress 79"); n != tt.views {
					t.Errorf("%d views in %q", n, got)
				}
				if n := strings.Count(got, "msg=stats"); n != tt.logs {
					t.Errorf("%d lines in %q", n, got)
				}
				r.Finish(snapshot())
				got = out.take()
				if want := map[bool]string{true: "\r\x1b[J", false: ""}[tt.views > 0] + "gor replay: accounts after "; !strings.HasPrefix(got, want) {
					t.Errorf("the end is %q", got)
				}
				time.Sleep(time.Minute)
				if got := out.take(); got != "" {
					t.Errorf("after the end: %q", got)
				}
			})
		})
	}
}
