package report

import (
	"reflect"
	"strings"
	"testing"

	"gor/forward"
)

func TestExplain(t *testing.T) {
	got := Explain([]Group{{"part", struct {
		N    uint64         `name:"n" unit:"things" help:"Things that are counted here, one after the other, until no more of them come."`
		Long map[int]uint64 `name:"a_name_that_is_as_long_%s" unit:"things" help:"Others."`
	}{}}, {"wire", wireStats{}}})
	const want = `part
  n                        Things that are counted here, one after the other,
                           until no more of them come.
  a_name_that_is_as_long_N
                           Others.

wire
  sessions                 Sessions.
  datagrams_sent           Datagrams sent.
  messages_lost            Messages lost.
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Everything that is counted anywhere is explained, in lines of 80 columns.
func TestExplainEverything(t *testing.T) {
	all := append(everyStats(), Group{"target", forward.TargetStats{}})
	text := Explain(all)
	var r registry
	for _, g := range all {
		for d := range r.declarations(reflect.TypeOf(g.Stats)) {
			if !strings.Contains(text, "\n  "+strings.Replace(d.name, verb, "N", 1)) {
				t.Errorf("%s.%s is not explained", g.Name, d.name)
			}
		}
	}
	for line := range strings.Lines(text) {
		if len(line) > 81 {
			t.Errorf("%d columns: %s", len(line)-1, line)
		}
	}
}
