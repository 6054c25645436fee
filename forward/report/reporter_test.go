package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"gor/forward"
)

// The accounts of a made-up command: no part of gor has these types.
type requestStats struct {
	Captured uint64 `name:"captured" unit:"requests" help:"Requests that began." line:"always"`
	Sent     uint64 `name:"sent" unit:"requests" help:"Requests handed on." line:"yes"`
	Gap      uint64 `name:"gap" unit:"requests" help:"Requests with a gap." line:"yes"`
}

type wireStats struct {
	Sessions uint64 `name:"sessions" unit:"sessions" help:"Sessions." kind:"gauge"`
	Sent     uint64 `name:"datagrams_sent" unit:"datagrams" help:"Datagrams sent."`
	Lost     uint64 `name:"messages_lost" unit:"messages" help:"Messages lost." trouble:"yes"`
}

func snapshot() Snapshot {
	return Snapshot{
		Groups: []Group{
			{"requests", requestStats{0, 1, 2}},
			{"wire", &wireStats{0, 1, 2}},
		},
		Targets: []forward.TargetStats{{Target: "http://a", Received: 3, Queue: 3}},
	}
}

func TestSummaryText(t *testing.T) {
	var out bytes.Buffer
	r, err := New(Config{Command: "listen", Out: &out, Collect: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	r.Finish(snapshot())
	_, got, ok := strings.Cut(out.String(), "\n")
	want := "  requests  sent=1 gap=2\n  wire      datagrams_sent=1 messages_lost=2\n" +
		"  received  answered  open  target\n" +
		"         3         0     3  http://a\n"
	if !ok || got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.HasPrefix(out.String(), "gor listen: accounts after ") {
		t.Errorf("headline: %q", out.String())
	}
}

func TestSummaryOfNothing(t *testing.T) {
	if got, want := string(new(Reporter).appendGroup(nil, Group{"kernel", wireStats{}}, "")), "  kernel    nothing\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What is held by habit is no account of the end; the record for machines has it.
func TestSummaryWithoutPassing(t *testing.T) {
	stats := struct {
		Held uint64 `name:"held_bytes" unit:"bytes" help:"Memory held." kind:"gauge" final:"no"`
		Peak uint64 `name:"peak_bytes" unit:"bytes" help:"The most." kind:"gauge"`
	}{7, 9}
	var r Reporter
	if got, want := string(r.appendGroup(nil, Group{"wire", stats}, "")), "  wire      peak_bytes=9\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := fmt.Sprint(r.record(Snapshot{Groups: []Group{{"wire", stats}}})); !strings.Contains(got, "held_bytes=7") {
		t.Errorf("the record is %s", got)
	}
}

// manyStats are more counters than a line takes.
type manyStats [30]uint64

func (manyStats) Names() (names []string) {
	for i := range 30 {
		names = append(names, fmt.Sprintf("%02d", i))
	}
	return names
}

func TestSummaryWraps(t *testing.T) {
	var stats struct {
		Many manyStats `name:"counter_%s" unit:"things" help:"Things."`
	}
	for i := range stats.Many {
		stats.Many[i] = 1
	}
	out := string(new(Reporter).appendGroup(nil, Group{"packets", stats}, ""))
	if n := strings.Count(out, " counter_"); n != 30 {
		t.Errorf("%d counters shown, want 30:\n%s", n, out)
	}
	for line := range strings.Lines(out) {
		if len(line) > 101 {
			t.Errorf("a line of %d bytes: %s", len(line), line)
		}
	}
}

func TestSummaryJSON(t *testing.T) {
	var out bytes.Buffer
	r, err := New(Config{Command: "replay", JSON: true, Log: slog.New(slog.NewJSONHandler(&out, nil)), Collect: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	r.Finish(snapshot())
	var record struct {
		Msg      string
		Requests map[string]int
		Wire     map[string]int
		Targets  []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if record.Msg != "accounts" || record.Requests["gap"] != 2 || len(record.Wire) != 3 || len(record.Targets) != 1 {
		t.Fatalf("got %+v", record)
	}
	for name, want := range map[string]any{"target": "http://a", "received": 3., "open": 3., "failed": 0., "failed_reset": 0., "queue": 3.} {
		if got := record.Targets[0][name]; got != want {
			t.Errorf("the target's %s is %v, want %v", name, got, want)
		}
	}
}

// The line of an interval shows requests and trouble, not every counter.
func TestInterval(t *testing.T) {
	var out bytes.Buffer
	r := &Reporter{cfg: Config{Log: slog.New(slog.NewTextHandler(&out, nil))}}
	r.interval(snapshot(), nil)
	const want = `requests.captured=0 requests.sent=1 requests.gap=2 wire.messages_lost=2 targets="http://a 0.0/s queue=3"` + "\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want an end like %q", out.String(), want)
	}
}

// An interval without trouble says so, and what is zero otherwise is left out: a line
// that people read.
func TestQuietInterval(t *testing.T) {
	var out bytes.Buffer
	r := &Reporter{cfg: Config{Log: slog.New(slog.NewTextHandler(&out, nil)), Out: &out}}
	quiet := Snapshot{
		Groups:  []Group{{"requests", requestStats{7, 7, 0}}, {"wire", &wireStats{1, 3, 0}}},
		Words:   map[string]string{"requests": strings.Repeat("word ", 30)},
		Targets: []forward.TargetStats{{Target: "http://a"}},
	}
	r.interval(quiet, nil)
	if got := out.String(); !strings.Contains(got, "msg=stats requests.captured=7 requests.sent=7 lost=0 requests=") || !strings.HasSuffix(got, "targets=\"http://a 0.0/s\"\n") {
		t.Errorf("%s", got)
	}
	out.Reset()
	r.interval(Snapshot{}, nil)
	if got := out.String(); strings.Contains(got, "lost") {
		t.Errorf("of nothing: %q", got)
	}
}

func TestMetricsAndHealth(t *testing.T) {
	r, err := New(Config{Command: "listen", Metrics: "127.0.0.1:0", Out: io.Discard, Log: slog.New(slog.DiscardHandler), Collect: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	base := "http://" + r.metrics.Addr().String()
	want := `# HELP gor_listen_requests_captured_total Requests that began. Unit: requests.
# TYPE gor_listen_requests_captured_total counter
gor_listen_requests_captured_total 0
# HELP gor_listen_requests_sent_total Requests handed on. Unit: requests.
# TYPE gor_listen_requests_sent_total counter
gor_listen_requests_sent_total 1
# HELP gor_listen_requests_gap_total Requests with a gap. Unit: requests.
# TYPE gor_listen_requests_gap_total counter
gor_listen_requests_gap_total 2
# HELP gor_listen_wire_sessions Sessions. Unit: sessions.
# TYPE gor_listen_wire_sessions gauge
gor_listen_wire_sessions 0
# HELP gor_listen_wire_datagrams_sent_total Datagrams sent. Unit: datagrams.
# TYPE gor_listen_wire_datagrams_sent_total counter
gor_listen_wire_datagrams_sent_total 1
# HELP gor_listen_wire_messages_lost_total Messages lost. Unit: messages.
# TYPE gor_listen_wire_messages_lost_total counter
gor_listen_wire_messages_lost_total 2
# HELP gor_replay_received_total Requests offered to the target. Unit: requests.
# TYPE gor_replay_received_total counter
gor_replay_received_total{target="http://a"} 3
`
	got := get(t, base+"/metrics")
	if !strings.HasPrefix(got, want) {
		t.Errorf("metrics:\n%s\nwant\n%s", got, want)
	}
	checkExposition(t, got)
	if got := get(t, base+"/healthz"); got != "ok\n" {
		t.Errorf("health: %q", got)
	}
	r.Finish(snapshot())
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("metrics are served after the end")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
