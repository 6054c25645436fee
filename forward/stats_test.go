package forward

import (
	"fmt"
	"testing"
	"time"

	"gor/forward/hist"
)

// AppendLine appends the accounts of targets in one line, for the messages of
// tests that fail.
func AppendLine(dst []byte, stats []TargetStats) []byte {
	for i := range stats {
		s := &stats[i]
		dst = fmt.Appendf(dst, "%s: received %d, answered %d %v, failed %v, limited %d, queue full %d, sampled out %d, unsupported %d, filtered %d, stopped %d; queue %d, in flight %d, failing %v; ",
			s.Target, s.Received, s.Answered, s.Status, s.Failed, s.Limited, s.QueueFull, s.SampledOut, s.Unsupported, s.Filtered, s.Stopped, s.Queue, s.InFlight, s.Failing)
	}
	return dst
}

func exampleStats() []TargetStats {
	a := TargetStats{
		Target: "http://staging", Elapsed: 10 * time.Second, Received: 130, Answered: 99, Limited: 20, Unsupported: 1, Filtered: 2,
		Status: map[int]uint64{404: 2, 200: 97}, Queue: 3, QueueBytes: 1234, InFlight: 1, Failing: true,
	}
	a.Failed[FailRefused], a.Failed[FailTimeout] = 3, 1
	for range 99 {
		a.Latency.Add(1200 * time.Microsecond)
	}
	return []TargetStats{a, {Target: `http://"dev"`}}
}

func TestInterval(t *testing.T) {
	now := exampleStats()
	before := exampleStats()
	before[0].Elapsed, before[0].Received, before[0].Answered = 8*time.Second, 100, 90
	before[0].Status = map[int]uint64{200: 90}
	before[0].Failed[FailRefused] = 1
	before[0].Latency = hist.Histogram{}
	now[0].Wait.Add(time.Second)
	now[0].Wait.Add(time.Millisecond)
	before[0].Wait.Add(time.Second)
	diff := Interval(now, before)
	d := &diff[0]
	if d.Elapsed != 2*time.Second || d.Received != 30 || d.Answered != 9 || d.Status[200] != 7 || d.Status[404] != 2 ||
		d.Failed[FailRefused] != 2 || d.Failed[FailTimeout] != 0 || d.Limited != 0 || d.Queue != 3 || d.Latency.Count() != 99 ||
		d.Wait.Count() != 1 || d.Wait.Sum() != time.Millisecond {
		t.Errorf("%s", AppendLine(nil, diff))
	}
	if all := Interval(now, nil); all[0].Received != 130 || now[0].Status[200] != 97 {
		t.Error("the interval since the start is not all")
	}
}

// TestFailures: the kinds have the names that the accounts show, and an
// explanation each.
func TestFailures(t *testing.T) {
	var f Failures
	for i, name := range f.Names() {
		if name == "" || name != Failure(i).String() || f.Help(i) == "" {
			t.Errorf("kind %d: name %q, %q; help %q", i, name, Failure(i), f.Help(i))
		}
	}
	if n := len(f.Names()); n != len(f) {
		t.Errorf("%d names for %d kinds", n, len(f))
	}
	if got := failures.String(); got != "unknown" {
		t.Errorf("a kind that does not exist is %q", got)
	}
}
