package forward

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestHistogram(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var h Histogram
	var all []time.Duration
	for range 100_000 {
		d := time.Duration(rnd.ExpFloat64() * float64(3*time.Millisecond))
		h.Add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, .01, .5, .9, .99, .999, 1} {
		exact, got := all[int(q*float64(len(all)-1))], h.Quantile(q)
		if got < exact || float64(got) > float64(exact)*(1+1./32)+float64(2*time.Microsecond) {
			t.Errorf("quantile %v is %v, exactly %v", q, got, exact)
		}
	}
	if h.Max() != all[len(all)-1] || h.Count() != 100_000 {
		t.Errorf("max %v, count %d", h.Max(), h.Count())
	}
	before := h
	h.Add(7 * time.Second)
	if d := h.since(&before); d.Count() != 1 || d.Sum() != 7*time.Second || d.Quantile(.5) != 7*time.Second || d.Max() != 7*time.Second {
		t.Errorf("difference: %d, %v, %v, %v", d.Count(), d.Sum(), d.Quantile(.5), d.Max())
	}
	var none Histogram
	if none.Quantile(.5) != 0 || none.Max() != 0 {
		t.Error("an empty histogram has a value")
	}
}

// TestHistogramEdges: each bucket holds what it says, whatever comes.
func TestHistogramEdges(t *testing.T) {
	for i := range histBuckets {
		if got := histIndex(histLimit(i) - time.Microsecond); got != i {
			t.Fatalf("the last value of bucket %d is in bucket %d", i, got)
		}
		if got := histIndex(histLimit(i)); got != min(i+1, histBuckets-1) {
			t.Fatalf("the limit of bucket %d is in bucket %d", i, got)
		}
	}
	var h Histogram
	for _, d := range []time.Duration{-1, 0, 1<<63 - 1} {
		h.Add(d)
	}
	if h.Count() != 3 || h.Max() != 1<<63-1 {
		t.Errorf("count %d, max %v", h.Count(), h.Max())
	}
}

func exampleStats() []TargetStats {
	a := TargetStats{
		Target: "http://staging|10", Elapsed: 10 * time.Second, Received: 130, Answered: 99, Limited: 20, Unsupported: 1, Filtered: 2,
		Status: map[int]uint64{404: 2, 200: 97}, Queue: 3, QueueBytes: 1234, InFlight: 1, Failing: true,
	}
	a.Failed[FailRefused], a.Failed[FailTimeout] = 3, 1
	for range 99 {
		a.Latency.Add(1200 * time.Microsecond)
	}
	return []TargetStats{a, {Target: `http://"dev"`}}
}

func TestAppendLine(t *testing.T) {
	const want = `http://staging|10 9.9/s 200=97 404=2 refused=3 timeout=1 limited=20 unsupported=1 filtered=2 ` +
		`p50=1.2ms p90=1.2ms p99=1.2ms max=1.2ms queue=3 in_flight=1 FAILING; http://"dev" 0.0/s queue=0 in_flight=0`
	if got := string(AppendLine([]byte("x"), exampleStats())); got != "x"+want {
		t.Errorf("got  %s\nwant x%s", got, want)
	}
}

func TestAppendTable(t *testing.T) {
	const want = `
  received  answered  failed  limited  queue_full  sampled_out  unsupported  filtered  open  per s    p50    p90    p99    max  target
       130        99       4       20           0            0            1         2     4    9.9  1.2ms  1.2ms  1.2ms  1.2ms  http://staging|10
         0         0       0        0           0            0            0         0     0    0.0     0s     0s     0s     0s  http://"dev"
http://staging|10: 200=97 404=2 refused=3 timeout=1
`
	if got := "\n" + string(AppendTable(nil, exampleStats())); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestAppendMetrics(t *testing.T) {
	got := string(AppendMetrics(nil, exampleStats()))
	for _, want := range []string{
		"# TYPE gor_replay_requests_total counter\n",
		`gor_replay_received_total{target="http://staging|10"} 130` + "\n",
		`gor_replay_requests_total{target="http://staging|10",fate="answered"} 99` + "\n",
		`gor_replay_requests_total{target="http://staging|10",fate="limited"} 20` + "\n",
		`gor_replay_responses_total{target="http://staging|10",code="404"} 2` + "\n",
		`gor_replay_failures_total{target="http://staging|10",kind="refused"} 3` + "\n",
		`gor_replay_queue_requests{target="http://\"dev\""} 0` + "\n",
		`gor_replay_target_failing{target="http://staging|10"} 1` + "\n",
		"# TYPE gor_replay_request_duration_seconds histogram\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging|10",le="0.001"} 0` + "\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging|10",le="0.0025"} 99` + "\n",
		`gor_replay_request_duration_seconds_bucket{target="http://staging|10",le="+Inf"} 99` + "\n",
		`gor_replay_request_duration_seconds_sum{target="http://staging|10"} 0.1188` + "\n",
		`gor_replay_request_duration_seconds_count{target="http://staging|10"} 99` + "\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("missing %s", want)
		}
	}
	series := map[string]bool{}
	for line := range strings.Lines(got) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, _, ok := strings.Cut(line, "} ")
		if !ok || series[name] {
			t.Errorf("bad or repeated line %q", line)
		}
		series[name] = true
	}
}

func TestInterval(t *testing.T) {
	now := exampleStats()
	before := exampleStats()
	before[0].Elapsed, before[0].Received, before[0].Answered = 8*time.Second, 100, 90
	before[0].Status = map[int]uint64{200: 90}
	before[0].Failed[FailRefused] = 1
	before[0].Latency = Histogram{}
	diff := Interval(now, before)
	d := &diff[0]
	if d.Elapsed != 2*time.Second || d.Received != 30 || d.Answered != 9 || d.Status[200] != 7 || d.Status[404] != 2 ||
		d.Failed[FailRefused] != 2 || d.Failed[FailTimeout] != 0 || d.Limited != 0 || d.Queue != 3 || d.Latency.Count() != 99 {
		t.Errorf("%s", AppendLine(nil, diff))
	}
	if all := Interval(now, nil); all[0].Received != 130 || now[0].Status[200] != 97 {
		t.Error("the interval since the start is not all")
	}
}

func TestStatsAll(t *testing.T) {
	s := exampleStats()[0]
	got := map[string]uint64{}
	for name, n := range s.All() {
		got[name] = n
	}
	for name, want := range map[string]uint64{
		"received": 130, "answered": 99, "answered_200": 97, "failed": 4, "failed_timeout": 1, "limited": 20, "queue_full": 0, "open": 4,
	} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s is %d, %v; want %d", name, n, ok, want)
		}
	}
	for name := range s.All() {
		if name == "failed" {
			break // must end the sequence quietly
		}
	}
}
