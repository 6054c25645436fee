package udpwire

import "testing"

func TestLossDetector(t *testing.T) {
	const now = 1000 * ms
	var d lossDetector
	d.begin()
	if d.overdueAt != never || d.know(now, 0) {
		t.Error("something ripens before anything was sent")
	}
	if d.know(now, 2) || d.overdue != 0 || d.overdueAt != now+overdueAfter {
		t.Errorf("the first numbers: %+v", d)
	}
	if d.know(now+ms, 2) || d.know(now+ms, 1) {
		t.Error("what is known is news")
	}
	if !d.know(now+ms, 9) || d.overdue != 9-reorder {
		t.Errorf("far lower ones are not missing: %+v", d)
	}
	if d.tick(now + overdueAfter - 1) {
		t.Error("overdue too early")
	}
	if !d.tick(now+overdueAfter) || d.overdue != 9-reorder || d.nextOverdue != 9 || d.overdueAt != now+2*overdueAfter {
		t.Errorf("the next do not ripen: %+v", d)
	}
	if !d.tick(now+2*overdueAfter) || d.overdue != 9 || d.overdueAt != never {
		t.Errorf("not all overdue in the end: %+v", d)
	}
}
