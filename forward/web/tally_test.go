package web

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/report"
)

// says is what a listener says, in pairs of name and value.
func says(address string, accounts ...any) report.Listener {
	l := report.Listener{Address: address, Host: "web"}
	for k := 0; k < len(accounts); k += 2 {
		l.Accounts = append(l.Accounts, report.ListenerAccount{Name: accounts[k].(string), Value: uint64(accounts[k+1].(int))})
	}
	return l
}

// What listeners say counts by how much it grows, whether they begin anew, go, or had
// been at work before they came here.
func TestHeard(t *testing.T) {
	type step struct {
		all     []report.Listener
		arrived uint64
		want    heard
	}
	for _, tt := range []struct {
		name  string
		steps []step
	}{
		{"nobody", []step{{nil, 0, heard{}}, {nil, 5, heard{}}}},
		{"from its beginning", []step{
			{[]report.Listener{says("a", "requests_captured", 10, "requests_sent", 9, "requests_gap", 1, "wire_messages_received", 8, "wire_messages_pending", 1)}, 8,
				heard{1, 10, 9, 0, map[string]uint64{"gap": 1}, 1}},
			{[]report.Listener{says("a", "requests_captured", 30, "requests_sent", 27, "requests_gap", 3, "wire_messages_lost", 2)}, 12,
				heard{1, 30, 27, 2, map[string]uint64{"gap": 3}, 0}},
		}},
		{"at work before", []step{
			{[]report.Listener{says("a", "requests_captured", 1000, "requests_sent", 1000, "wire_messages_received", 990)}, 3, heard{listeners: 1}},
			{[]report.Listener{says("a", "requests_captured", 1010, "requests_sent", 1008, "requests_filtered", 2, "wire_messages_received", 1000)}, 10,
				heard{1, 10, 8, 0, map[string]uint64{"filtered": 2}, 0}},
		}},
		{"started again at the same address", []step{
			{[]report.Listener{says("a", "requests_captured", 100, "requests_sent", 100)}, 100, heard{listeners: 1, captured: 100, sent: 100}},
			{[]report.Listener{says("a", "requests_captured", 4, "requests_sent", 3)}, 3, heard{listeners: 1, captured: 104, sent: 103}},
		}},
		{"gone and another", []step{
			{[]report.Listener{says("a", "requests_captured", 100, "requests_sent", 100)}, 100, heard{listeners: 1, captured: 100, sent: 100}},
			{nil, 0, heard{listeners: 1, captured: 100, sent: 100}},
			{[]report.Listener{says("b", "requests_captured", 7, "requests_sent", 7, "wire_messages_received", 7)}, 7, heard{listeners: 2, captured: 107, sent: 107}},
		}},
		{"gone and back", []step{
			{[]report.Listener{says("a", "requests_captured", 100, "requests_sent", 100, "wire_messages_received", 100, "wire_messages_pending", 2)}, 100, heard{listeners: 1, captured: 100, sent: 100, pending: 2}},
			{nil, 0, heard{listeners: 1, captured: 100, sent: 100}},
			{nil, 0, heard{listeners: 1, captured: 100, sent: 100}},
			{[]report.Listener{says("a", "requests_captured", 130, "requests_sent", 120, "wire_messages_received", 110)}, 10, heard{listeners: 1, captured: 130, sent: 120}},
		}},
		{"gone, and started again", []step{
			{[]report.Listener{says("a", "requests_captured", 100, "requests_sent", 100)}, 100, heard{listeners: 1, captured: 100, sent: 100}},
			{nil, 0, heard{listeners: 1, captured: 100, sent: 100}},
			{[]report.Listener{says("a", "requests_captured", 5, "requests_sent", 5)}, 5, heard{listeners: 1, captured: 105, sent: 105}},
		}},
		{"two at a time", []step{
			{[]report.Listener{says("a", "requests_captured", 1, "requests_sent", 1), says("b", "requests_captured", 2, "requests_sent", 1, "requests_odd", 1)}, 3,
				heard{2, 3, 2, 0, map[string]uint64{"odd": 1}, 0}},
		}},
	} {
		var e ear
		for i, s := range tt.steps {
			got := e.listen(s.all, s.arrived)
			if !reflect.DeepEqual(got, s.want) && (got.unsent != nil || s.want.unsent != nil || fmt.Sprint(got) != fmt.Sprint(s.want)) {
				t.Errorf("%s, step %d: %+v, want %+v", tt.name, i, got, s.want)
			}
		}
	}
}

// What was heard is a copy: what comes later does not change it.
func TestHeardIsKept(t *testing.T) {
	var e ear
	first := e.listen([]report.Listener{says("a", "requests_captured", 2, "requests_gap", 2)}, 0)
	e.listen([]report.Listener{says("a", "requests_captured", 9, "requests_gap", 9)}, 0)
	if first.unsent["gap"] != 2 {
		t.Errorf("%+v", first)
	}
}

// A river balances: what began is what is lost on the way and what came, and what came
// is the parts at each target.
func TestRiver(t *testing.T) {
	target := targetTally{name: "a", parts: map[part]uint64{{codePart, "200"}: 60, {codePart, "404"}: 5, {kindPart, "timeout"}: 2, {fatePart, "queue_full"}: 3}, open: 1}
	for _, tt := range []struct {
		name  string
		tally tally
		want  river
	}{
		{"nothing", tally{}, river{Source: "received"}},
		{"no listener has spoken", tally{received: 70, lost: 2}, river{Source: "received", Began: 72, Lost: []branch{{"", "lost", 2}}, Received: 70}},
		{"a recording", tally{isRead: true, read: 100, received: 71}, river{Source: "read", Began: 100, Unsent: []branch{{"", "not replayed", 29}}, Received: 71}},
		{"listeners", tally{received: 71, heard: heard{1, 100, 80, 4, map[string]uint64{"gap": 12, "loop": 8}, 5}},
			river{Source: "captured", Began: 100, Unsent: []branch{{"", "gap", 12}, {"", "loop", 8}}, Lost: []branch{{"", "lost", 4}, {"", "under way", 5}}, Received: 71}},
		{"other replayers", tally{received: 40, heard: heard{1, 100, 100, 0, nil, 5}},
			river{Source: "captured", Began: 100, Lost: []branch{{"", "under way", 5}, {"", "to other replayers", 55}}, Received: 40}},
		{"fates that were not said", tally{received: 40, heard: heard{1, 100, 40, 0, nil, 0}},
			river{Source: "captured", Began: 100, Unsent: []branch{{"", "other", 60}}, Received: 40}},
		{"more here than they say yet", tally{received: 70, heard: heard{1, 50, 50, 0, nil, 0}}, river{Source: "captured", Began: 70, Received: 70}},
		{"a listener that says nothing of requests", tally{received: 70, heard: heard{listeners: 1}}, river{Source: "received", Began: 70, Received: 70}},
	} {
		got := riverOf(&tt.tally)
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
		sum := got.Received
		for _, b := range append(slices.Clone(got.Unsent), got.Lost...) {
			sum += b.N
		}
		if sum != got.Began {
			t.Errorf("%s: %d began, and %d ended", tt.name, got.Began, sum)
		}
	}
	r := riverOf(&tally{received: 71, targets: []targetTally{target}})
	want := []branch{{codePart, "200", 60}, {codePart, "404", 5}, {kindPart, "timeout", 2}, {fatePart, "queue_full", 3}, {"open", "open", 1}}
	if len(r.Targets) != 1 || !slices.Equal(r.Targets[0].Parts, want) {
		t.Errorf("%+v", r.Targets)
	}
}

// However many come and go, so many are remembered.
func TestHeardOfMany(t *testing.T) {
	var e ear
	for i := range 3 * maxRemembered {
		e.listen([]report.Listener{says(fmt.Sprint(i), "requests_captured", 1)}, 1)
	}
	if len(e.last) != maxRemembered || e.total.listeners != 3*maxRemembered {
		t.Errorf("%d remembered of %d", len(e.last), e.total.listeners)
	}
	if e.listen([]report.Listener{says(fmt.Sprint(3*maxRemembered-1), "requests_captured", 2)}, 1); e.total.listeners != 3*maxRemembered || e.total.captured != 3*maxRemembered+1 {
		t.Errorf("%+v", e.total)
	}
}

// A listener that makes up fates costs no more than so many branches.
func TestManyFates(t *testing.T) {
	h := heard{listeners: 1, captured: 1000, unsent: map[string]uint64{}}
	for i := range 1000 {
		h.unsent[fmt.Sprint("fate", i)] = 1
	}
	r := riverOf(&tally{heard: h})
	if len(r.Unsent) != maxFates+1 || r.Unsent[maxFates] != (branch{"", "other", 1000 - maxFates}) {
		t.Errorf("%d branches, the last %+v", len(r.Unsent), r.Unsent[len(r.Unsent)-1])
	}
}

// The parts at a target are all that it counts: what it received.
func TestPartsAreAll(t *testing.T) {
	s := forward.TargetStats{
		Received: 100, Answered: 50, Status: map[int]uint64{200: 45, 503: 5}, Limited: 5, QueueFull: 6, SampledOut: 7, Unsupported: 8, Filtered: 9, Stopped: 2,
		Queue: 1, InFlight: 4,
	}
	s.Failed[forward.FailTimeout], s.Failed[forward.FailDNS] = 5, 3
	parts := targetTallyOf(&s, new(report.Reader))
	if got := parts.answered() + parts.failed() + parts.dropped() + parts.open; got != s.Received || parts.answered() != 50 || parts.failed() != 8 {
		t.Errorf("%d of %d in %+v", got, s.Received, parts)
	}
}

// A tally less an earlier one is what came between.
func TestSince(t *testing.T) {
	w := newWorld("a", "b")
	w.answer(0, 10, 200, time.Millisecond)
	s := w.collect()
	before := tallyOf(w.at, &s, new(report.Reader), heard{})
	w.answer(0, 5, 200, time.Second)
	w.answer(1, 7, 500, time.Millisecond)
	s = w.collect()
	after := tallyOf(w.at.Add(time.Second), &s, new(report.Reader), heard{})
	came := after.timesSince(&before)
	if want := (map[part]uint64{{codePart, "200"}: 5}); came.received != 5 || !maps.Equal(came.targets[0].parts, want) || came.targets[1].answered() != 7 {
		t.Errorf("%+v", came)
	}
	if p50 := came.targets[0].service.Quantile(.5); p50 < 500*time.Millisecond {
		t.Errorf("the times of before are in it: %v", p50)
	}
	kept := after.since(&tally{})
	if kept.targets[0].service.Count() != 0 || after.targets[0].service.Count() != 15 {
		t.Error("the times of the original are gone, or those of the copy are not")
	}
	less := less(map[string]uint64{"a": 1, "b": 5, "c": 2}, map[string]uint64{"a": 1, "b": 2, "c": 3})
	if !maps.Equal(less, map[string]uint64{"b": 3}) {
		t.Errorf("%v", less)
	}
}

// However long it runs, a page keeps a quarter of an hour, and the times of a minute.
func TestHistoryIsBounded(t *testing.T) {
	w := newWorld("a")
	p := pageOf(t, w)
	at := time.Unix(1000, 0)
	p.begin(at)
	for i := range 3 * maxSlots {
		w.answer(0, 2, 200, time.Millisecond)
		at = at.Add(slotTime)
		p.endSlot(at)
		if i > 100 && len(p.look.now.Rivers.Minute.Targets) != 1 {
			t.Fatalf("%+v", p.look.now.Rivers.Minute)
		}
	}
	if len(p.slots) != maxSlots || len(p.tallies) != maxSlots+1 {
		t.Errorf("%d slots, %d tallies", len(p.slots), len(p.tallies))
	}
	timed := 0
	for i := range p.tallies {
		if p.tallies[i].targets[0].service.Count() > 0 {
			timed++
		}
	}
	if timed != 13 {
		t.Errorf("%d tallies have times", timed)
	}
	rivers := p.look.now.Rivers
	if rivers.Minute.Received != 24 || rivers.Quarter.Received != 2*uint64(maxSlots) || rivers.Start.Received != 6*uint64(maxSlots) {
		t.Errorf("%d, %d, %d received", rivers.Minute.Received, rivers.Quarter.Received, rivers.Start.Received)
	}
	if s := p.slots[0]; s.Received != 2 || s.Seconds != 5 || s.Targets[0].Codes["200"] != 2 || s.Targets[0].P50 == 0 {
		t.Errorf("%+v", s)
	}
}

// A frame has what is new to who asks, and takes the accounts once a second at most.
func TestFrames(t *testing.T) {
	w := newWorld("a")
	p := pageOf(t, w)
	at := time.Unix(1000, 0)
	p.begin(at)
	p.endSlot(at.Add(5 * time.Second))
	p.endSlot(at.Add(10 * time.Second))
	p.Take(&forward.Outcome{Method: []byte("GET"), Path: []byte("/"), Status: 200})
	get := func(at time.Time, has int64) (f frame, upTo int64) {
		data, upTo, err := p.frameSince(at, has)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		return f, upTo
	}
	first, upTo := get(at.Add(10*time.Second), 0)
	if len(first.Slots) != 2 || len(first.Routes) != 1 || upTo != at.Add(10*time.Second).UnixMilli() {
		t.Fatalf("%+v up to %d", first, upTo)
	}
	if next, again := get(at.Add(11*time.Second), upTo); len(next.Slots) != 0 || next.Routes != nil || again != upTo {
		t.Errorf("%+v up to %d", next, again)
	}
	p.endSlot(at.Add(15 * time.Second))
	if next, _ := get(at.Add(15*time.Second), upTo); len(next.Slots) != 1 || len(next.Routes) != 1 {
		t.Errorf("%+v", next)
	}
	looks := w.looks
	for range 20 {
		get(at.Add(17*time.Second), upTo)
	}
	if w.looks != looks+1 {
		t.Errorf("the accounts were taken %d times for one moment", w.looks-looks)
	}
	w.answer(0, 30, 200, time.Millisecond)
	if f, _ := get(at.Add(20*time.Second), upTo); f.Now.Targets[0].Rate != 10 {
		t.Errorf("%v answered per second", f.Now.Targets[0].Rate)
	}
}

// A route is counted for each target, merged as routes are, and those with the most
// requests are shown.
func TestRoutes(t *testing.T) {
	l := newLedger()
	for i := range 300 {
		for target := range 2 {
			l.take(&forward.Outcome{Target: target, Method: []byte("GET"), Path: fmt.Appendf(nil, "/users/u%c%c", 'a'+i%26, 'a'+i/26), Status: 200 + 300*(i%2), Ended: time.Millisecond})
		}
	}
	l.take(&forward.Outcome{Target: 1, Method: []byte("GET"), Path: []byte("/x"), Failure: forward.FailReset})
	for i := range 80 {
		l.take(&forward.Outcome{Method: []byte("GET"), Path: fmt.Appendf(nil, "/%cplace%c", 'a'+i%10, 'a'+i/10), Status: 200})
	}
	all := l.shown()
	if len(all) != shownRoutes {
		t.Errorf("%d routes", len(all))
	}
	first := all[0]
	if first.Route != "GET /users/{id}" || len(first.Targets) != 2 || first.Targets[0] != first.Targets[1] {
		t.Fatalf("%+v", first)
	}
	if s := first.Targets[0]; s.Requests < 250 || s.Errors == 0 || s.Max != 1 || s.P50 != 1 {
		t.Errorf("%+v", s)
	}
}

func BenchmarkTake(b *testing.B) {
	l := newLedger()
	o := &forward.Outcome{Method: []byte("GET"), Path: []byte("/api/v1/users/12345/orders?full=1"), Status: 200, Ended: 3 * time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		l.take(o)
	}
}

// Of what was compared the page has the routes that differ or got slower, at whichever
// target, so many of them, with so much of each.
func TestDiffering(t *testing.T) {
	report := &compare.Report{Targets: make([]compare.TargetReport, 2)}
	for i := range 100 {
		r := compare.RouteReport{Route: fmt.Sprint(i), Slower: i == 1, Examples: make([]compare.Example, 10), Paths: make([]compare.PathReport, 50),
			Noise: make([]compare.PathReport, 5), Open: make([]compare.PathReport, 5)}
		if i > 1 {
			r.Different = uint64(i)
		}
		report.Targets[i%2].Routes = append(report.Targets[i%2].Routes, r)
	}
	list := differing(report)
	if len(list) != shownDifferences || list[0].Route != "99" || list[1].Route != "98" {
		t.Errorf("%d routes, the first %q", len(list), list[0].Route)
	}
	for _, r := range list {
		if len(r.Examples) != shownExamples || len(r.Paths) != shownPaths || r.Noise != nil || len(r.Open) != shownOpen {
			t.Errorf("%s: %d examples, %d paths", r.Route, len(r.Examples), len(r.Paths))
		}
	}
	report.Targets[1].Routes, report.Targets[0].Routes = report.Targets[1].Routes[:1], report.Targets[0].Routes[:2]
	report.Targets[0].Routes[0].Undecided = 3
	if list = differing(report); len(list) != 3 || list[1].Route != "0" {
		t.Errorf("the undecided one: %+v", list)
	}
	report.Targets[0].Routes[0].Undecided = 0
	if list = differing(report); len(list) != 2 || list[0].Route != "2" || list[1].Route != "1" {
		t.Errorf("the slower one: %+v", list)
	}
	if len(report.Targets[0].Routes[0].Examples) != 10 || differing(nil) != nil {
		t.Error("what was given has changed, or none is something")
	}
}

// Who was told of each request otherwise is told, page or not.
func TestWatch(t *testing.T) {
	told := 0
	before := func(*forward.Outcome) { told++ }
	p := pageOf(t, newWorld("a"))
	o := &forward.Outcome{Method: []byte("GET"), Path: []byte("/")}
	var none *Page
	if none.Watch(nil) != nil {
		t.Error("nobody is told of what nobody wants")
	}
	none.Watch(before)(o)
	p.Watch(before)(o)
	p.Watch(nil)(o)
	if told != 2 || p.routes.shown()[0].Targets[0].Requests != 2 {
		t.Errorf("told %d times, counted %+v", told, p.routes.shown())
	}
}

// Routes are found out once a second at most, however many browsers come.
func TestFoundOnce(t *testing.T) {
	w := newWorld("a")
	p := pageOf(t, w)
	asked := 0
	p.cfg.Compared = func() *compare.Report {
		asked++
		return nil
	}
	at := time.Unix(1000, 0)
	p.begin(at)
	for i := range 20 {
		if _, _, err := p.frameSince(at.Add(time.Duration(i)*100*time.Millisecond), 0); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times in two seconds", asked)
	}
}

// BenchmarkFrame is what a second costs while somebody looks, and what a browser costs
// that comes.
func BenchmarkFrame(b *testing.B) {
	for _, bench := range []struct {
		name string
		has  func(p *Page) int64
	}{
		{"next", func(p *Page) int64 { return p.slots[len(p.slots)-1].At }},
		{"first", func(*Page) int64 { return 0 }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			w := newWorld("http://a", "http://b")
			p := newPage(Config{Collect: w.collect, Log: slog.New(slog.DiscardHandler)}, newPipeListener())
			busy(p, w)
			has, at := bench.has(p), time.Now()
			for b.Loop() {
				at = at.Add(time.Second)
				data, _, err := p.frameSince(at, has)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(data)), "bytes")
			}
		})
	}
}
