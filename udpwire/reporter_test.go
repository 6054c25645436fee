package udpwire

import (
	"slices"
	"testing"
)

// every makes numbers in which up to the last each second is missing, beginning with the first.
func every(last uint64) *numbers {
	var n numbers
	n.init()
	for i := uint64(2); i <= last; i += 2 {
		n.mark(i, numberArrived)
	}
	return &n
}

func TestReporterIdle(t *testing.T) {
	r := reporter{dueAt: never, echo: 7, unsaid: 9}
	n := every(0)
	if got := r.missing(ms, n, 0); len(got) != 0 || r.dueAt != ms+reportIdle || r.echo != 0 || r.unsaid != 0 {
		t.Errorf("%v, %+v", got, r)
	}
	r.hasten(ms + reportBusy)
	r.hasten(ms + reportIdle)
	if r.dueAt != ms+reportBusy {
		t.Error("hastening made it later")
	}
}

func TestReporterAsks(t *testing.T) {
	r := reporter{dueAt: never}
	n := every(6)
	r.ask(ms, n.next, 0)
	if r.dueAt != never {
		t.Error("asks for what is not overdue")
	}
	r.ask(ms, n.next, 3)
	if r.dueAt != ms {
		t.Error("does not ask for what is missing")
	}
	if got := r.missing(ms, n, 3); !slices.Equal(got, []span{{1, 1}, {3, 1}}) || r.asked != 4 || r.dueAt != ms+askAgain {
		t.Errorf("%v, %+v", got, r)
	}
	r.ask(ms, n.next, 3)
	if r.dueAt != ms+askAgain {
		t.Error("asks at once for what was asked for")
	}
}

// TestReporterGoesOn: when more is missing than a REPORT can name, the next one names the rest, and the one after begins
// with the lowest again.
func TestReporterGoesOn(t *testing.T) {
	const most = (reportSpans - 1) / 2 // spans of two bytes
	const last = 5 * most
	r := reporter{dueAt: never}
	n := every(last)
	first := slices.Clone(r.missing(0, n, last))
	if len(first) != most || first[0].first != 1 || r.dueAt != askMore {
		t.Errorf("%d named, then %+v", len(first), r)
	}
	second := slices.Clone(r.missing(ms, n, last))
	if len(second) < most-2 || second[0].first != first[most-1].end()+1 || r.dueAt != ms+askMore { // the first one's gap is longer
		t.Errorf("%d named, then %+v", len(second), r)
	}
	third := slices.Clone(r.missing(2*ms, n, last))
	if third[len(third)-1].first < last-1 || r.dueAt != 2*ms+askAgain || r.asked < last {
		t.Errorf("%d named, then %+v", len(third), r)
	}
	if again := r.missing(3*ms, n, last); again[0].first != 1 {
		t.Errorf("then from %d on", again[0].first)
	}
}

// TestReporterInVain: who asks and hears nothing asks less often, until something comes.
func TestReporterInVain(t *testing.T) {
	r := reporter{dueAt: never}
	n := every(6)
	for i := range askVainly {
		if r.missing(ms, n, 3); r.dueAt != ms+askAgain {
			t.Fatalf("the %dth time: %+v", i, r)
		}
	}
	if r.missing(ms, n, 3); r.dueAt != ms+reportIdle {
		t.Errorf("it goes on: %+v", r)
	}
	r.heard(ms, 7, 100)
	if r.missing(ms, n, 3); r.dueAt != ms+askAgain {
		t.Errorf("it does not ask again: %+v", r)
	}
	in := inbox{}
	in.start(func(*Message) {})
	in.reporter.vain = askVainly
	if in.data(ms, 5, make([]byte, 8)); in.reporter.vain != 0 {
		t.Error("DATA is not something that comes")
	}
}

// TestReporterSize: a REPORT says how large the largest HEARTBEAT was since the one before.
func TestReporterSize(t *testing.T) {
	r := reporter{dueAt: never}
	n := every(0)
	r.heard(ms, 7, 1452)
	r.heard(ms, 8, 100)
	if r.size != 1452 || r.echo != 8 || r.dueAt != ms {
		t.Errorf("%+v", r)
	}
	r.missing(ms, n, 0)
	if r.heard(2*ms, 9, 100); r.size != 100 {
		t.Errorf("%+v", r)
	}
}
