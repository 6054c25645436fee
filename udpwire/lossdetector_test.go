package udpwire

import "testing"

func TestLossDetector(t *testing.T) {
	const now = 1000 * ms
	var d lossDetector
	d.begin(0)
	if d.overdueAt != never || d.know(now, 0, false) {
		t.Error("something ripens before anything was sent")
	}
	if d.know(now, 2, false) || d.overdue != 0 || d.overdueAt != now+overdueAfter {
		t.Errorf("the first numbers: %+v", d)
	}
	if d.know(now+ms, 2, false) || d.know(now+ms, 1, false) {
		t.Error("what is known is news")
	}
	if !d.know(now+ms, 9, false) || d.overdue != 9-reorder {
		t.Errorf("far lower ones are not missing: %+v", d)
	}
	if d.tick(now+overdueAfter-1, false) {
		t.Error("overdue too early")
	}
	if !d.tick(now+overdueAfter, false) || d.overdue != 9-reorder || d.nextOverdue != 9 || d.overdueAt != now+2*overdueAfter {
		t.Errorf("the next do not ripen: %+v", d)
	}
	if !d.tick(now+2*overdueAfter, false) || d.overdue != 9 || d.overdueAt != never {
		t.Errorf("not all overdue in the end: %+v", d)
	}
}

// TestLossDetectorOneWay: nothing will be sent again, so a number is lost by time alone, and later.
func TestLossDetectorOneWay(t *testing.T) {
	var d lossDetector
	d.begin(100)
	if d.know(ms, 200, true) || d.overdue != 100 || d.overdueAt != ms+oneWayAfter {
		t.Errorf("%+v", d)
	}
	if d.tick(ms+oneWayAfter-1, true) || !d.tick(ms+oneWayAfter, true) || d.overdue != 200 {
		t.Errorf("%+v", d)
	}
}
