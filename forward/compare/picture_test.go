package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"gor/forward/compare/diff"
)

// A report is made without the lock that whoever compares needs.
func TestReportWithoutLock(t *testing.T) {
	w := newWorld(t, 5, true, .1)
	w.run(2000)
	j := w.engine.judges[0]
	p := j.look(true)
	j.mu.Lock()
	defer j.mu.Unlock()
	if r := p.report(j.cfg, "http://staging"); r.Compared != 2000 || r.Waiting != 0 || len(r.Routes) < 20 {
		t.Errorf("%+v", r.Fates)
	}
}

// A picture is not changed by what comes later.
func TestPictureStays(t *testing.T) {
	w := newWorld(t, 6, true, .1)
	w.run(3000)
	p := w.engine.judges[0].look(true)
	before := fmt.Sprintf("%+v", p.report(w.engine.judges[0].cfg, ""))
	w.run(3000)
	if after := fmt.Sprintf("%+v", p.report(w.engine.judges[0].cfg, "")); after != before {
		t.Errorf("%s\nthen\n%s", before, after)
	}
}

// Where routes become one between their copies, the picture is begun again: no exchange is in
// it twice.
func TestPictureOfMerge(t *testing.T) {
	e := newEngine(t, Config{Routes: 8})
	n := uint64(0)
	ask := func(path string) {
		n++
		response := x(n, 0, 200)
		response.Path = []byte(path)
		e.Original(response.Key, said(200))
		e.Response(response)
	}
	letters := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), i/26+1) }
	for i := range 8 {
		ask("/" + letters(i))
	}
	j := e.judges[0]
	list, joined := j.list()
	for i := range 60 {
		ask("/" + letters(i))
	}
	if j.joined == joined {
		t.Fatal("no routes have become one")
	}
	if j.copyEach(list, joined, false) {
		t.Error("a picture of routes that are no more")
	}
	if f := e.Fates(0); f.Compared != n || f.Waiting != 0 {
		t.Errorf("%+v of %d", f, n)
	}
}

// Where there are as many sets of places as can be, an exchange costs no more than before.
func TestFullAccount(t *testing.T) {
	a := &account{}
	count := 0
	exchange := func() {
		f := &findings{}
		for bit := range 20 {
			if count>>bit&1 != 0 {
				f.add(&diff.Difference{Path: fmt.Appendf(nil, "$.p%d", bit), Reason: diff.Body})
			}
		}
		count++
		a.add(f, 0, carriage{})
	}
	for range 5000 {
		exchange()
	}
	if len(a.sets) < maxSets {
		t.Fatalf("%d sets", len(a.sets))
	}
	a.checkAt = math.MaxUint64 // nothing new is known
	packed := fmt.Sprintf("%p", a.sets)
	for range 500 {
		exchange()
	}
	if fmt.Sprintf("%p", a.sets) != packed {
		t.Error("the sets are made anew though nothing new is known")
	}
	var f Fates
	if a.fill(&f, a.verdicts()); f.Same+f.Different+f.Undecided != 5500 || f.Same != 1 {
		t.Errorf("%+v", f)
	}
}
