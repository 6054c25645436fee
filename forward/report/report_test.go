package report

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// counters makes a Group's sequence of names and the numbers 0, 1, 2 …
func counters(names ...string) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for i, name := range names {
			if !yield(name, uint64(i)) {
				return
			}
		}
	}
}

// fakeTargets says one word in each form.
type fakeTargets struct{}

func (fakeTargets) AppendLine(dst []byte, _ Targets) []byte { return append(dst, "a-line"...) }
func (fakeTargets) AppendTable(dst []byte) []byte           { return append(dst, "a-table\n"...) }
func (fakeTargets) AppendMetrics(dst []byte) []byte         { return append(dst, "a_metric 1\n"...) }
func (fakeTargets) LogValue() slog.Value                    { return slog.AnyValue([]string{"a-value"}) }

func snapshot() Snapshot {
	return Snapshot{
		Groups: []Group{
			{"requests", counters("captured", "sent", "gap")},
			{"wire", counters("sessions", "datagrams_sent", "messages_lost")},
		},
		Targets: fakeTargets{},
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
	want := "  requests  sent=1 gap=2\n  wire      datagrams_sent=1 messages_lost=2\na-table\n"
	if !ok || got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.HasPrefix(out.String(), "gor listen: accounts after ") {
		t.Errorf("headline: %q", out.String())
	}
}

func TestSummaryOfNothing(t *testing.T) {
	if got, want := string(appendGroup(nil, Group{"kernel", counters("drops")})), "  kernel    nothing\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSummaryWraps(t *testing.T) {
	names := []string{"zero"}
	for range 30 {
		names = append(names, "some_counter")
	}
	out := string(appendGroup(nil, Group{"packets", counters(names...)}))
	if n := strings.Count(out, "some_counter="); n != 30 {
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
		Targets  []string
	}
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	if record.Msg != "accounts" || record.Requests["gap"] != 2 || len(record.Wire) != 3 || !slices.Equal(record.Targets, []string{"a-value"}) {
		t.Errorf("got %+v", record)
	}
}

// The line of an interval shows requests and trouble, not every counter.
func TestInterval(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	for _, tt := range []struct {
		name     string
		terminal bool
		want     string
	}{
		{"log", false, "requests.sent=1 requests.gap=2 wire.messages_lost=2 targets=a-line\n"},
		{"terminal", true, "\r\x1b[Krequests.sent=1 requests.gap=2 wire.messages_lost=2 a-line"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out.Reset()
			r, err := New(Config{Log: log, Out: &out, Terminal: tt.terminal, Collect: snapshot})
			if err != nil {
				t.Fatal(err)
			}
			r.interval(snapshot(), nil)
			if !strings.HasSuffix(out.String(), tt.want) {
				t.Errorf("got %q, want an end like %q", out.String(), tt.want)
			}
		})
	}
}

func TestMetricsAndHealth(t *testing.T) {
	r, err := New(Config{Command: "listen", Metrics: "127.0.0.1:0", Out: io.Discard, Log: slog.New(slog.DiscardHandler), Collect: snapshot})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	base := "http://" + r.metrics.Addr().String()
	want := "# TYPE gor_listen_requests_captured_total counter\ngor_listen_requests_captured_total 0\n" +
		"# TYPE gor_listen_requests_sent_total counter\ngor_listen_requests_sent_total 1\n" +
		"# TYPE gor_listen_requests_gap_total counter\ngor_listen_requests_gap_total 2\n" +
		"# TYPE gor_listen_wire_sessions gauge\ngor_listen_wire_sessions 0\n" +
		"# TYPE gor_listen_wire_datagrams_sent_total counter\ngor_listen_wire_datagrams_sent_total 1\n" +
		"# TYPE gor_listen_wire_messages_lost_total counter\ngor_listen_wire_messages_lost_total 2\na_metric 1\n"
	if got := get(t, base+"/metrics"); got != want {
		t.Errorf("metrics:\n%s\nwant\n%s", got, want)
	}
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
	answer, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
