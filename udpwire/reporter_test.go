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
	const last = 5 * maxSpans
	r := reporter{dueAt: never}
	n := every(last)
	first := slices.Clone(r.missing(0, n, last))
	if len(first) != maxSpans || first[0].first != 1 || r.dueAt != askMore {
		t.Errorf("%d named, then %+v", len(first), r)
	}
	second := slices.Clone(r.missing(ms, n, last))
	if len(second) != maxSpans || second[0].first != first[maxSpans-1].end()+1 || r.dueAt != ms+askMore {
		t.Errorf("%d named, then %+v", len(second), r)
	}
	third := slices.Clone(r.missing(2*ms, n, last))
	if len(third) != maxSpans/2 || r.dueAt != 2*ms+askAgain || r.asked != last {
		t.Errorf("%d named, then %+v", len(third), r)
	}
	if again := r.missing(3*ms, n, last); again[0].first != 1 {
		t.Errorf("then from %d on", again[0].first)
	}
}
