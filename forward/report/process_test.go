package report

import (
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// What the process takes of the machine has the names that dashboards know, and values
// that can be.
func TestProcessMetrics(t *testing.T) {
	start := time.Now()
	r, err := New(Config{Command: "replay", Version: `v1 "x"`, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	page := string(r.appendProcess(nil))
	checkExposition(t, page)
	if want := `gor_build_info{command="replay",version="v1 \"x\"",go="` + runtime.Version() + `"} 1` + "\n"; !strings.Contains(page, want) {
		t.Errorf("%s lacks %s", page, want)
	}
	value := func(name string) float64 {
		m := regexp.MustCompile("(?m)^" + name + " (.*)$").FindStringSubmatch(page)
		if m == nil {
			t.Fatalf("no %s in\n%s", name, page)
		}
		v, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := value("process_start_time_seconds"); v < float64(start.Unix()) || v > float64(start.Unix()+60) {
		t.Errorf("started at %f", v)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if v := value("process_cpu_seconds_total"); v <= 0 || v > 3600 {
		t.Errorf("%f s of CPU", v)
	}
	if v := value("process_resident_memory_bytes"); v < 1<<20 || v > 1<<36 {
		t.Errorf("%f bytes", v)
	}
	if v := value("process_open_fds"); v < 3 || v > 10_000 {
		t.Errorf("%f descriptors", v)
	}
}

// A command is ready when it would do its job, and alive all the time.
func TestReady(t *testing.T) {
	s := snapshot()
	r, err := New(Config{Command: "listen", Metrics: "127.0.0.1:0", Out: io.Discard, Log: slog.New(slog.DiscardHandler), Collect: func() Snapshot { return s }})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	defer r.Close()
	base := "http://" + r.metrics.Addr().String()
	check := func(path string, status int, want string) {
		t.Helper()
		client := http.Client{Timeout: 5 * time.Second}
		defer client.CloseIdleConnections()
		response, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if b, _ := io.ReadAll(response.Body); response.StatusCode != status || string(b) != want+"\n" {
			t.Errorf("%s: %d %q, want %d %q", path, response.StatusCode, b, status, want)
		}
	}
	check("/readyz", 200, "ok")
	s.NotReady = "no replay server responds"
	check("/readyz", 503, "no replay server responds")
	check("/healthz", 200, "ok")
	s.NotReady = ""
	r.Ending()
	check("/readyz", 503, "it is ending")
	check("/healthz", 200, "ok")
	if got := get(t, base+"/metrics"); !strings.Contains(got, "\ngor_build_info{") || !strings.Contains(got, "\ngor_listen_requests_sent_total 1\n") {
		t.Errorf("%s", got)
	}
}

// Prometheus wants base units, and promtool says so of others.
func TestBaseUnits(t *testing.T) {
	r := &Reporter{cfg: Config{Command: "listen"}}
	page := string(r.appendMetrics(nil, Snapshot{Groups: []Group{{"wire", struct {
		Trip uint64 `name:"trip_microseconds" unit:"microseconds" help:"Round trip." kind:"gauge"`
		Load uint64 `name:"load_percent" unit:"percent" help:"Load." kind:"gauge"`
	}{1250, 7}}}}))
	const want = `# HELP gor_listen_wire_trip_seconds Round trip. Unit: seconds.
# TYPE gor_listen_wire_trip_seconds gauge
gor_listen_wire_trip_seconds 0.00125
# HELP gor_listen_wire_load_ratio Load. Unit: ratio.
# TYPE gor_listen_wire_load_ratio gauge
gor_listen_wire_load_ratio 0.07
`
	if page != want {
		t.Errorf("got %s\nwant %s", page, want)
	}
	odd := regexp.MustCompile(`(?m)^# TYPE (\S*_(?:micro|milli|nano|kilo|mega)\S*|\S*_(?:percent|minutes|hours|ms|us|count|sum|bucket)(?:_total)?) `)
	for _, g := range everyStats() {
		if m := odd.FindStringSubmatch(string(r.appendMetrics(nil, Snapshot{Groups: []Group{g}}))); m != nil {
			t.Errorf("%s has no base unit", m[1])
		}
	}
}
