package report

import (
	"strings"
	"testing"
	"time"

	"gor/forward"
)

func exampleStats() []forward.TargetStats {
	a := forward.TargetStats{
		Target: "http://staging", Limit: forward.Limit{Rate: 10}, LimitRate: 10, LimitShare: 1_000_000, Elapsed: 10 * time.Second, Received: 137, Answered: 99, Limited: 20, Unsupported: 1, Filtered: 2, Stopped: 7,
		Status: map[int]uint64{404: 2, 200: 97}, Queue: 3, QueueBytes: 1234, InFlight: 1, Failing: true,
	}
	a.Failed[forward.FailRefused], a.Failed[forward.FailTimeout] = 3, 1
	for range 99 {
		a.Latency.Add(1200 * time.Microsecond)
		a.Wait.Add(40 * time.Millisecond)
	}
	return []forward.TargetStats{a, {Target: `http://"dev"`, LimitShare: 1_000_000}}
}

func TestTargetsLine(t *testing.T) {
	const want = `http://staging limit=10 9.9/s 200=97 404=2 refused=3 timeout=1 limited=20 unsupported=1 filtered=2 stopped=7 ` +
		`p50=1.2ms p90=1.2ms p99=1.2ms max=1.2ms wait_p99=40ms queue=3 in_flight=1 FAILING; http://"dev" 0.0/s`
	if got := string(new(Reporter).appendTargetsLine([]byte("x"), exampleStats(), nil)); got != "x"+want {
		t.Errorf("got  %s\nwant x%s", got, want)
	}
}

func TestTargetsTable(t *testing.T) {
	const want = `
  received  answered  failed  limited  unsupported  filtered  stopped  open  limit  target
       137        99       4       20            1         2        7     4     10  http://staging
         0         0       0        0            0         0        0     0         http://"dev"
  per s    p50    p90    p99    max  wait p50  wait p99  target
    9.9  1.2ms  1.2ms  1.2ms  1.2ms      40ms      40ms  http://staging
    0.0     0s     0s     0s     0s        0s        0s  http://"dev"
http://staging: 200=97 404=2 refused=3 timeout=1
`
	if got := "\n" + string(new(Reporter).appendTargets(nil, exampleStats())); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// A target of which nothing is to be said but that it answered has one short table,
// and no line of any table is wider than a terminal of 100 columns.
func TestTargetsTableNarrow(t *testing.T) {
	plain := forward.TargetStats{Target: "http://a", Elapsed: time.Second, Received: 20, Answered: 20, Status: map[int]uint64{200: 20}}
	for range 20 {
		plain.Latency.Add(1200 * time.Microsecond)
	}
	const want = `
  received  answered  per s    p50    p90    p99    max  target
        20        20     20  1.2ms  1.2ms  1.2ms  1.2ms  http://a
http://a: 200=20
`
	if got := "\n" + string(new(Reporter).appendTargets(nil, []forward.TargetStats{plain})); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	plain.Status = map[int]uint64{}
	for code := range 40 {
		plain.Status[200+code] = 1_000_000
	}
	got := string(new(Reporter).appendTargets(nil, append(exampleStats(), plain)))
	if n := strings.Count(got, "=1000000"); n != 40 {
		t.Errorf("%d status codes in\n%s", n, got)
	}
	for line := range strings.Lines(got) {
		if len([]rune(line)) > 101 {
			t.Errorf("%d columns: %s", len([]rune(line))-1, line)
		}
	}
}

func TestTargetMetrics(t *testing.T) {
	got := string(new(Reporter).appendTargetMetrics(nil, exampleStats()))
	for _, want := range []string{
		"# HELP gor_replay_requests_total Requests by what became of them. Unit: requests.\n# TYPE gor_replay_requests_total counter\n",
		"# HELP gor_replay_queue_bytes Memory of the requests that wait or are in flight. Unit: bytes.\n# TYPE gor_replay_queue_bytes gauge\n",
		`gor_replay_received_total{target="http://staging"} 137` + "\n",
		`gor_replay_requests_total{target="http://staging",fate="answered"} 99` + "\n",
		`gor_replay_requests_total{target="http://staging",fate="limited"} 20` + "\n",
		`gor_replay_requests_total{target="http://staging",fate="failed"} 4` + "\n",
		`gor_replay_responses_total{target="http://staging",code="404"} 2` + "\n",
		`gor_replay_failures_total{target="http://staging",kind="refused"} 3` + "\n",
		`gor_replay_queue_requests{target="http://\"dev\""} 0` + "\n",
		`gor_replay_target_failing{target="http://staging"} 1` + "\n",
		`gor_replay_target_limit_requests_per_second{target="http://staging"} 10` + "\n",
		`gor_replay_target_limit_requests_per_second{target="http://\"dev\""} 0` + "\n",
		`gor_replay_target_share_ratio{target="http://staging"} 1` + "\n",
		"# TYPE gor_replay_request_duration_seconds histogram\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging",le="0.001"} 0` + "\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging",le="0.0025"} 99` + "\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging",le="+Inf"} 99` + "\n",
		`gor_replay_request_duration_seconds_sum{target="http://staging"} 0.1188` + "\n",
		`gor_replay_request_duration_seconds_count{target="http://staging"} 99` + "\n",
		"# HELP gor_replay_wait_duration_seconds Time that requests waited for their turn, of those whose turn came. Unit: seconds.\n# TYPE gor_replay_wait_duration_seconds histogram\n",
		`gor_replay_wait_duration_seconds_bucket{target="http://staging",le="0.025"} 0` + "\n",
		`gor_replay_wait_duration_seconds_bucket{target="http://staging",le="0.05"} 99` + "\n",
		`gor_replay_wait_duration_seconds_sum{target="http://staging"} 3.96` + "\n",
		`gor_replay_wait_duration_seconds_count{target="http://\"dev\""} 0` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %s", want)
		}
	}
	checkExposition(t, got)
}

// TestTargetFates: each request has one fate, and the fates and what is open add
// up to what was received, in the metrics and in the record.
func TestTargetFates(t *testing.T) {
	for i, s := range exampleStats() {
		var r Reporter
		sum := s.FailedTotal() + s.Open()
		for d, n := range r.declared.counters(&s) {
			if d.label == "fate" {
				sum += n
			}
		}
		if sum != s.Received {
			t.Errorf("target %d: %d received, %d in all", i, s.Received, sum)
		}
	}
}
