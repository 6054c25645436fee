package report

import (
	"maps"
	"testing"

	"gor/forward"
)

func TestLabelled(t *testing.T) {
	var r Reader
	s := forward.TargetStats{Answered: 5, Limited: 2, Filtered: 3, Status: map[int]uint64{200: 4, 404: 1}}
	s.Failed[forward.FailReset] = 7
	codes, fates, kinds := maps.Collect(r.Labelled(&s, "code")), maps.Collect(r.Labelled(&s, "fate")), maps.Collect(r.Labelled(&s, "kind"))
	if codes["200"] != 4 || codes["404"] != 1 || len(codes) != 2 {
		t.Errorf("codes %v", codes)
	}
	if fates["answered"] != 5 || fates["limited"] != 2 || fates["filtered"] != 3 || len(fates) < 7 {
		t.Errorf("fates %v", fates)
	}
	if kinds["reset"] != 7 || len(kinds) < 6 {
		t.Errorf("kinds %v", kinds)
	}
	for range r.Labelled(&s, "fate") {
		break // it takes no for an answer
	}
	if none := maps.Collect(r.Labelled(&s, "colour")); len(none) != 0 {
		t.Errorf("%v", none)
	}
}

func TestCounter(t *testing.T) {
	type stats struct {
		A uint64 `name:"a" unit:"things" help:"Things."`
	}
	s := Snapshot{Groups: []Group{{Name: "wire", Stats: stats{7}}}}
	for _, tt := range []struct {
		group, name string
		want        uint64
		ok          bool
	}{{"wire", "a", 7, true}, {"wire", "b", 0, false}, {"packets", "a", 0, false}} {
		if n, ok := new(Reader).Counter(&s, tt.group, tt.name); n != tt.want || ok != tt.ok {
			t.Errorf("%s.%s: %d, %v", tt.group, tt.name, n, ok)
		}
	}
}
