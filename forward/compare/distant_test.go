package compare

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// What production answers minutes later is held against what it answered before, where one
// user asked for the same and changed nothing.
func TestDistant(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		name             string
		visits           []visit
		distant, drifted uint64
	}{
		{"after a while", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 11 * s, 1, 6}}, 1, 0},
		{"after a while, another number", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 11 * s, 2, 5}}, 1, 1},
		{"soon", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 9 * s, 2, 5}}, 0, 0},
		{"soon, and after a while", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 9 * s, 1, 5}, {"GET", "/a", 1, "", 18 * s, 2, 5}}, 1, 1},
		{"again and again", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 60 * s, 2, 5}, {"GET", "/a", 1, "", 120 * s, 2, 5}, {"GET", "/a", 1, "", 180 * s, 3, 5}}, 3, 2},
		{"too late", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 1, "", 301 * s, 2, 5}}, 0, 0},
		{"two users", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"GET", "/a", 2, "", 60 * s, 2, 5}}, 0, 0},
		{"a change in between", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"POST", "/a", 1, "", 30 * s, 7, 7}, {"GET", "/a", 1, "", 60 * s, 2, 5}}, 0, 0},
		{"another user's", []visit{{"GET", "/a", 1, "", 0, 1, 5}, {"POST", "/a", 2, "", 30 * s, 7, 7}, {"GET", "/a", 1, "", 60 * s, 2, 5}}, 1, 1},
		{"two at once, one is kept", []visit{{"GET", "/a?1", 1, "", 0, 1, 5}, {"GET", "/a?2", 1, "", s / 2, 1, 5}, {"GET", "/a?1", 1, "", 60 * s, 1, 5}, {"GET", "/a?2", 1, "", 61 * s, 1, 5}}, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEngine(t, Config{})
			for i, v := range tt.visits {
				v.meet(e, uint64(i))
			}
			var distant, drifted uint64
			for _, a := range e.judges[0].routes.All() {
				distant += a.distant
				for _, p := range a.places {
					drifted += p.drifted
				}
			}
			if distant != tt.distant || drifted != tt.drifted {
				t.Errorf("%d pairs, %d of them differ; want %d and %d", distant, drifted, tt.distant, tt.drifted)
			}
		})
	}
}

// A figure that both servers reckon anew once a minute is the same in all repeats, and not
// reported; one that stays is.
func TestSlowNoise(t *testing.T) {
	ask := func(figures func(at time.Duration) (then, now int)) (*RouteReport, string) {
		e := newEngine(t, Config{})
		for i := range uint64(100) {
			at := time.Duration(i/4)*time.Minute + time.Duration(i%4)*3*time.Second // no two that are close have another figure
			then, now := figures(at)
			visit{"GET", "/figures", 1, "", at, then, now}.meet(e, i)
		}
		r := e.Report()
		return &r.Targets[0].Routes[0], string(r.AppendText(nil, 100))
	}
	slow, text := ask(func(at time.Duration) (int, int) {
		minute := int(at / time.Minute)
		return 100 + minute*37%11, 100 + (minute+3)*29%13
	})
	if len(slow.Paths) != 0 || len(slow.Open) != 1 || !strings.Contains(slow.Open[0].Says, "changes within minutes") || !slow.Open[0].Drifts || !strings.Contains(slow.Open[0].Decide, "--ignore") ||
		!strings.Contains(text, "--ignore it if it may") {
		t.Errorf("what changes once a minute: %+v, open %+v\n%s", slow.Paths, slow.Open, text)
	}
	constant, text := ask(func(time.Duration) (int, int) { return 100, 101 })
	if len(constant.Paths) != 1 || constant.Different != 100 || strings.Contains(text, "--ignore") {
		t.Errorf("what stays: %+v\n%s", constant, text)
	}
}

// What is kept of routes that became one counts together, and is enough at some time.
func TestDistantMerged(t *testing.T) {
	a, b := &account{distant: 3, marked: 5}, &account{distant: 4, marked: 7}
	a.places = []*place{{key: "v$.n", drifted: 2}}
	a.index = map[string]int{"v$.n": 0}
	b.places = []*place{{key: "v$.n", drifted: 1}}
	mergeAccounts(a, b)
	if a.distant != 7 || a.marked != 7 || a.places[0].drifted != 3 {
		t.Errorf("%+v, %+v", a, a.places[0])
	}
	for _, tt := range []struct {
		drifted, distant uint64
		want             bool
	}{{0, 0, false}, {0, 50, false}, {1, 1, true}, {1, 9, true}, {1, 10, false}, {5, 50, false}, {6, 50, true}} {
		if got := (&place{drifted: tt.drifted}).drifts(tt.distant); got != tt.want {
			t.Errorf("%d of %d: %t", tt.drifted, tt.distant, got)
		}
	}
	full := account{distant: enoughDistant}
	if full.marks(int64(time.Hour)) {
		t.Error("more is kept than is wanted")
	}
	if fresh := (account{}); !fresh.marks(int64(time.Hour)) || fresh.marks(int64(time.Hour+markEvery/2)) || !fresh.marks(int64(time.Hour+markEvery)) {
		t.Error("not one each second")
	}
}

// However many requests come, what is kept of them for minutes is bounded, and the latest of it.
func TestDistantMemory(t *testing.T) {
	e := newEngine(t, Config{Memory: 1 << 20})
	for i := range 20_000 {
		visit{"GET", fmt.Sprintf("/r%d/a?%d", i%400, i), 1, "", time.Duration(i) * 10 * time.Millisecond, i, i}.meet(e, uint64(i))
	}
	r := &e.judges[0].repeats.distant
	if r.used > r.limit || r.used < r.limit/2 {
		t.Errorf("%d of %d bytes", r.used, r.limit)
	}
	if newest := r.ends.prev; time.Duration(newest.time-began) < 190*time.Second {
		t.Error("the newest went")
	}
}
