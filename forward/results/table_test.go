package results

import (
	"strings"
	"testing"
	"time"

	"gor/forward"
)

// exampleRun has two targets: one with everything, and one that got nothing.
func exampleRun() *Run {
	l := NewLedger(2)
	take := func(n int, method, path string, o forward.Outcome) {
		o.Method, o.Path, o.Conn, o.Time = []byte(method), []byte(path), 0xabc, 1_700_000_000_000_000_000
		for i := range n {
			due := time.Duration(i) * 10 * time.Millisecond
			took := o.Started
			late := o.Late.Target + o.Late.Limit + o.Late.Own
			o := o
			o.Due, o.Started = due, due+late
			o.Ended, o.Index = due+late+took, uint64(i)
			l.Take(&o)
		}
	}
	take(900, "GET", "/users/7/orders?x=1", forward.Outcome{Status: 200, Started: 1200 * time.Microsecond})
	take(90, "POST", "/cart", forward.Outcome{Status: 503, Started: 40 * time.Millisecond, Late: forward.Late{Target: 3 * time.Millisecond, Own: 20 * time.Microsecond}})
	take(10, "GET", hostilePath, forward.Outcome{Failure: forward.FailTimeout, Started: 2 * time.Second, Late: forward.Late{Limit: 7 * time.Millisecond}})
	r := &Run{Source: `a"b.pcap`, Pace: "as recorded", HasTimes: true, Loops: 2, Elapsed: 11 * time.Second, Read: 1100, Whole: true,
		Began: time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)}
	r.Finish(l, []forward.TargetStats{{Target: "http://staging|10%", SampledOut: 80, Filtered: 5, Unsupported: 5}, {Target: "http://dev", Filtered: 7}})
	thresholds, err := ParseThresholds("errors=20%,p99=500ms,lag=5ms")
	if err != nil {
		panic(err)
	}
	r.Judge(thresholds)
	return r
}

// hostilePath is what somebody sends who wants to run a program in the report, or to
// write on the terminal.
const hostilePath = "/<script>alert(1)</script>/\"><img\x1b[31m'`=={{.}}"

func TestTable(t *testing.T) {
	const want = `
1100 requests read in 11s, as recorded

http://staging|10%
  requests     started=1000 answered=990 failed=10 sampled_out=80 filtered=5 unsupported=5
               skipped=10
  ends         200=900 503=90 timeout=10 errors=10.0%
  rate         91 per second

                  p50    p90     p99  p99.9    max
  latency       1.2ms  1.2ms  43.3ms  2.01s  2.01s  since a request was due
  service time  1.2ms  1.2ms  40.1ms     2s     2s  since it was sent
  late: target     0s     0s     3ms    3ms    3ms  it waited for the target
  late: limit      0s     0s      0s    7ms    7ms  it waited for the target's limit
  late: gor        0s     0s    20µs   20µs   20µs  it waited for gor itself

  requests  errors    p50    p99    max  route
       900      0%  1.2ms  1.2ms  1.2ms  GET /users/{id}/orders
        90    100%   43ms   43ms   43ms  POST /cart
        10    100%  2.01s  2.01s  2.01s  GET /<script>alert(1)</script>/"><img%1B[31m'` + "`" + `=={{.}}

http://dev
  requests     started=0 answered=0 failed=0 filtered=7 skipped=1093
ok        errors=20%: 10.0% at http://staging|10%
ok        p99=500ms: 43.3ms at http://staging|10%
ok        lag=5ms: 20µs at http://staging|10%
ok        errors=20%: 0% at http://dev
ok        p99=500ms: 0s at http://dev
ok        lag=5ms: 0s at http://dev
`
	if got := "\n" + string(AppendTable(nil, exampleRun())); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// No line is longer than 100 columns, whatever targets and routes are called, and
// how many there are.
func TestTableFits(t *testing.T) {
	l := NewLedger(1)
	for i := range 300 {
		o := answered(200+i, i)
		o.Path = []byte("/" + strings.Repeat("道", i%20) + strings.Repeat("x", i%60) + "/" + strings.Repeat("ab/", 20))
		l.Take(&o)
	}
	r := &Run{HasTimes: true, Elapsed: time.Hour, Read: 300}
	r.Finish(l, []forward.TargetStats{{Target: "http://" + strings.Repeat("long.", 40) + "example"}})
	thresholds, _ := ParseThresholds("p99=1ms")
	r.Judge(thresholds)
	table := string(AppendTable(nil, r))
	for line := range strings.Lines(table) {
		if n := columns(strings.TrimSuffix(line, "\n")); n > tableWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(table, "routes more") || strings.Count(table, "\n") > 100 {
		t.Errorf("%s", table)
	}
}

func TestTableAtFullSpeed(t *testing.T) {
	r := exampleRun()
	r.HasTimes = false
	if table := string(AppendTable(nil, r)); strings.Contains(table, "late:") || strings.Contains(table, "latency") || !strings.Contains(table, "service time") {
		t.Errorf("%s", table)
	}
}

func TestProgressLine(t *testing.T) {
	m := Moment{
		Done: 12345, Rate: 998.2, InFlight: 12, Left: 35 * time.Second, P50: 1200 * time.Microsecond, P99: 5100 * time.Microsecond,
		Lag: 300 * time.Microsecond, Cause: "gor", Errors: 3,
	}
	for width, want := range map[int]string{
		120: "12345 done, 998/s, 0:35 left, 3 errors, p50 1.2ms p99 5.1ms, late 300µs (gor), 12 in flight",
		80:  "12345 done, 998/s, 0:35 left, 3 errors, p50 1.2ms p99 5.1ms, late 300µs (gor)",
		30:  "12345 done, 998/s, 0:35 left",
		12:  "12345 done",
		5:   "1234…",
	} {
		if got := m.ProgressLine(width); got != want {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
	}
	m.Compared, m.Different = 1000, 3
	if got, want := m.ProgressLine(60), "12345 done, 998/s, 0:35 left, 3 errors, 0.30% different"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var begin Moment
	if got := begin.ProgressLine(80); got != "0 done, 0.0/s, p50 0s p99 0s, 0 in flight" {
		t.Errorf("%q", got)
	}
}
