package udpwire

import (
	"reflect"
	"testing"
)

func TestReport(t *testing.T) {
	many := make([]span, 300)
	for i := range many {
		many[i] = span{uint64(10*i + 2), 3}
	}
	many = fitSpans(many, 1, reportSpans)
	for _, want := range []report{
		{missing: []span{}},
		{echo: 1, size: 14, next: 2, highest: 3, window: 4, load: 5, messages: 6, bytes: 7, lostMessages: 8, lostBytes: 9,
			lostDatagrams: 10, overruns: 11, flags: reportDraining | reportNoTarget, challenge: 12, creditMessages: 13,
			creditBytes: noBound, missing: []span{{2, 1}, {4, 7}}},
		{echo: -1, next: maxNumber, highest: maxNumber - 1, window: 1<<32 - 1, load: 100, messages: 1<<64 - 1, missing: []span{}},
		{next: 1, highest: maxNumber - 1, missing: many},
	} {
		b := want.append(nil)
		if want := reportSize + len(appendSpans(nil, want.next, want.missing)); len(b) != want {
			t.Fatalf("%d bytes, want %d", len(b), want)
		}
		var got report
		if !got.parse(b) {
			t.Fatalf("%+v is refused", want)
		}
		if got.missing == nil {
			got.missing = []span{}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, want %+v", got, want)
		}
		prefixes(t, b, len(b), func(b []byte) bool { return new(report).parse(b) })
	}
	most := headerSize + len((&report{next: 1, missing: many}).append(nil)) + tagSize
	if most > maxControl || most < maxControl-3 {
		t.Errorf("the largest REPORT has %d bytes, its %d spans included", most, len(many))
	}
}

func TestReportRefused(t *testing.T) {
	for _, c := range []struct {
		name          string
		next, highest uint64
		ok            bool
	}{
		{"nothing arrived", 1, 0, true},
		{"all arrived", 8, 7, true},
		{"a hole", 3, 7, true},
		{"settled beyond what arrived", 9, 7, false},
		{"the last number", 1, maxNumber - 1, true},
		{"beyond the last number", 1, maxNumber, false},
	} {
		b := (&report{next: c.next, highest: c.highest}).append(nil)
		if ok := new(report).parse(b); ok != c.ok {
			t.Errorf("%s: %t", c.name, ok)
		}
	}
}

// TestReportLoad: more than full is full.
func TestReportLoad(t *testing.T) {
	var r report
	if !r.parse((&report{load: 250}).append(nil)) || r.load != 100 {
		t.Errorf("%d %%", r.load)
	}
}

// TestReportReusesSpans: a report that is parsed again and again allocates nothing.
func TestReportReusesSpans(t *testing.T) {
	b := (&report{missing: []span{{2, 1}, {4, 7}}}).append(nil)
	var r report
	if n := testing.AllocsPerRun(100, func() { r.parse(b) }); n > 0 || len(r.missing) != 2 {
		t.Errorf("%v allocations, %d spans", n, len(r.missing))
	}
}
