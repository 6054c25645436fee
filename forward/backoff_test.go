package forward

import (
	"testing"
	"time"
)

// TestBackoff walks through a trouble: it begins with ten failures in a row, takes
// probes at growing distances, and is over when the target was reached for long
// enough without failing again.
func TestBackoff(t *testing.T) {
	var b backoff
	now := int64(time.Hour)
	for i := range 3 * failuresToBackOff {
		if b.failed(now, miss{reached: true}) != (i == failuresToBackOff-1) {
			t.Fatalf("failure %d: trouble begins or not", i)
		}
	}
	for _, want := range []time.Duration{50, 100, 200, 250, 250} {
		if got := b.wait(now); got != int64(want*time.Millisecond) {
			t.Errorf("the next probe waits for %v, want %d ms", time.Duration(got), want)
		}
		now = b.next
		b.sent(now)
	}
	if b.wait(now) == 0 || b.trip(now) {
		t.Error("it goes on without a probe's answer")
	}
	if !b.alive(now) || b.alive(now) || b.wait(now) != 0 {
		t.Error("it has not ended once")
	}
	if tr, _ := b.review(now + int64(steadyAfter) - 1); tr != nil {
		t.Errorf("logged too early: %+v", tr)
	}
	for i := range failuresToBackOff {
		if b.failed(now, miss{reached: true}) {
			t.Errorf("failure %d: a second trouble within the first", i)
		}
	}
	if !b.failing {
		t.Error("ten failures in a row, and it is not held to be failing")
	}
	now += int64(steadyAfter)
	if tr, _ := b.review(now); tr != nil {
		t.Errorf("over while it fails: %+v", tr)
	}
	b.alive(now)
	tr, over := b.review(now + int64(steadyAfter))
	if tr == nil || !over || tr.times != 2 || tr.misses != 4*failuresToBackOff || tr.began != int64(time.Hour) {
		t.Errorf("the end is %+v, %v", tr, over)
	}
	if tr, _ := b.review(now + int64(time.Hour)); tr != nil {
		t.Errorf("logged again: %+v", tr)
	}
}

// TestBackoffRow: one sign of life in ten, of whatever kind, and a target is not
// held to be failing.
func TestBackoffRow(t *testing.T) {
	var b backoff
	for i := range int64(1000) {
		if i%failuresToBackOff == 0 {
			b.alive(i)
		} else if b.failed(i, miss{reached: true}); b.failing {
			t.Fatalf("failing after %d", i)
		}
	}
}

// TestBackoffReminds: trouble that goes on is logged once in a while, however often
// the target comes and goes.
func TestBackoffReminds(t *testing.T) {
	var b backoff
	lines, began := 0, 0
	for now := int64(0); now < int64(10*time.Minute); now += int64(10 * time.Millisecond) {
		if now/int64(10*time.Millisecond)%20 == 0 {
			b.alive(now)
		} else if b.failed(now, miss{reached: true}) {
			began++
		}
		if tr, over := b.review(now); tr != nil {
			if lines++; over || tr.times < 2 {
				t.Fatalf("%+v, %v", tr, over)
			}
		}
	}
	if began != 1 || lines != 19 {
		t.Errorf("%d beginnings and %d reminders in ten minutes, want 1 and 19", began, lines)
	}
}
