package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

type colours [2]uint64

func (colours) Names() []string    { return []string{"red", "blue"} }
func (colours) Help(i int) string  { return [...]string{"Red things.", "Blue things."}[i] }
func (colours) Trouble(i int) bool { return i == 0 }

type embedded struct {
	Inner uint32 `name:"inner" unit:"things" help:"Things inside."`
}

// madeUp has a field of every kind that may be declared, and of some that may not.
type madeUp struct {
	Added    uint64         `name:"added" unit:"things" help:"Things added." trouble:"yes"`
	Level    int            `name:"level" unit:"things" help:"Things now." kind:"gauge" line:"yes" metric:"level_things"`
	On       bool           `name:"on" unit:"boolean" help:"1 while it is on." kind:"gauge"`
	Colours  colours        `name:"%s_seen" unit:"things"`
	Codes    map[int]uint64 `name:"code_%s" unit:"things" help:"Things by code."`
	Elapsed  time.Duration  // not declared: not shown
	Text     string         `name:"text" unit:"things" help:"No number."`
	Nameless [2]uint64      `name:"nameless_%s" unit:"things" help:"Elements without names."`
	ByText   map[string]int `name:"by_%s" unit:"things" help:"Things by text."`
	Pointer  *uint64        `name:"pointer" unit:"things" help:"No number."`
	private  uint64         `name:"private" unit:"things" help:"Not exported."`
	embedded
	Histogram struct{ N uint } `name:"histogram" unit:"things" help:"No number."`
}

func example() madeUp {
	return madeUp{Added: 1 << 63, Level: -4, On: true, Colours: colours{5, 6}, Codes: map[int]uint64{200: 9, 7: 8}, private: 1, embedded: embedded{3}}
}

// TestCounters: every declared number comes under its name, in the order of the
// fields, from a struct and from a pointer to one.
func TestCounters(t *testing.T) {
	m := example()
	want := "added=9223372036854775808 level=0 on=1 red_seen=5 blue_seen=6 code_7=8 code_200=9 inner=3"
	for _, stats := range []any{m, &m} {
		var got []string
		var r registry
		for d, n := range r.counters(stats) {
			got = append(got, fmt.Sprintf("%s=%d", d.name, n))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%T:\ngot  %s\nwant %s", stats, got, want)
		}
	}
}

// TestCountersStop: whoever has seen enough, in whatever field, is not called again.
func TestCountersStop(t *testing.T) {
	var r registry
	for stop := range 8 {
		n := 0
		for range r.counters(example()) {
			if n++; n > stop {
				break
			}
		}
		if n != stop+1 {
			t.Errorf("%d numbers after a break at %d", n, stop+1)
		}
	}
}

func TestDeclaration(t *testing.T) {
	var r registry
	declared := map[string]declaration{}
	for d := range r.counters(example()) {
		declared[d.name] = *d
	}
	for name, want := range map[string]declaration{
		"added":     {name: "added", metric: "added", element: "added", unit: "things", help: "Things added.", trouble: true},
		"level":     {name: "level", metric: "level_things", element: "level", unit: "things", help: "Things now.", gauge: true, line: "yes"},
		"red_seen":  {name: "red_seen", metric: "red_seen", element: "red", unit: "things", help: "Red things.", trouble: true},
		"blue_seen": {name: "blue_seen", metric: "blue_seen", element: "blue", unit: "things", help: "Blue things."},
		"code_200":  {name: "code_200", metric: "code_200", element: "200", unit: "things", help: "Things by code."},
	} {
		if got := declared[name]; got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	}
}

// TestReadOnce: a type's tags are read once, whoever asks and however many do.
func TestReadOnce(t *testing.T) {
	var r registry
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range r.counters(example()) {
			}
		})
	}
	wg.Wait()
	a, b := r.fields(reflect.TypeFor[madeUp]()), r.fields(reflect.TypeFor[madeUp]())
	if len(r.types) != 1 || len(a) == 0 || &a[0] != &b[0] {
		t.Errorf("%d types known; fields %p and %p", len(r.types), a, b)
	}
}

// TestAddedCounter: a field that is added to a Stats struct is in the line, the
// table, the record and the metrics without a change anywhere else.
func TestAddedCounter(t *testing.T) {
	s := Snapshot{Groups: []Group{{"part", struct {
		Added uint64 `name:"added" unit:"things" help:"Things that were added." trouble:"yes"`
	}{7}}}}
	reporter := func(log, out io.Writer, asJSON bool) *Reporter {
		r, err := New(Config{
			Command: "listen", JSON: asJSON, Out: out, Log: slog.New(slog.NewJSONHandler(log, nil)),
			Collect: func() Snapshot { return s },
		})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var line, table, record bytes.Buffer
	reporter(&line, nil, false).interval(s, nil)
	if want := `"part.added":7`; !strings.Contains(line.String(), want) {
		t.Errorf("the line lacks it: %s", line.String())
	}
	reporter(nil, &table, false).Finish(s)
	if want := "  part      added=7\n"; !strings.HasSuffix(table.String(), want) {
		t.Errorf("the table lacks it: %s", table.String())
	}
	reporter(&record, nil, true).Finish(s)
	var accounts struct{ Part map[string]int }
	if err := json.Unmarshal(record.Bytes(), &accounts); err != nil || accounts.Part["added"] != 7 {
		t.Errorf("the record lacks it: %v, %s", err, record.String())
	}
	metrics := string(reporter(nil, nil, false).appendMetrics(nil, s))
	want := "# HELP gor_listen_part_added_total Things that were added. Unit: things.\n" +
		"# TYPE gor_listen_part_added_total counter\ngor_listen_part_added_total 7\n"
	if metrics != want {
		t.Errorf("metrics: %q, want %q", metrics, want)
	}
	checkExposition(t, metrics)
}

// TestFaults: what is wrong with a declaration is found.
func TestFaults(t *testing.T) {
	want := []string{
		"Elapsed: no name", "Text: a string cannot be shown", "Nameless: a [2]uint64 cannot be shown",
		"ByText: a map[string]int cannot be shown", "Pointer: a *uint64 cannot be shown", "private: not exported",
		"Histogram: a struct { N uint } cannot be shown",
	}
	if got := faults(reflect.TypeFor[madeUp]()); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	type wrong struct {
		NoHelp     uint64         `name:"no_help" unit:"things"`
		NoUnit     uint64         `name:"no_unit" help:"Things."`
		NoSentence uint64         `name:"no_sentence" unit:"things" help:"things"`
		BadName    uint64         `name:"Bad-Name" unit:"things" help:"Things."`
		Again      uint64         `name:"no_help" unit:"things" help:"Things."`
		BadKind    uint64         `name:"bad_kind" unit:"things" help:"Things." kind:"meter"`
		BadYes     uint64         `name:"bad_yes" unit:"things" help:"Things." trouble:"true"`
		BadLine    uint64         `name:"bad_line" unit:"things" help:"Things." line:"maybe"`
		BadTag     uint64         `name:"bad_tag" unit:"things" help:"Things." troubel:"yes"`
		BadLabel   uint64         `name:"bad_label" unit:"things" help:"Things." label:"colour"`
		NoVerb     map[int]uint64 `name:"no_verb" unit:"things" help:"Things."`
	}
	want = []string{
		"no_help: no help", "no_unit: no unit", `no_sentence: help "things" is no sentence`, "Bad-Name: not a name",
		"no_help: twice", "BadKind: kind:\"meter\"", "BadYes: trouble:\"true\"", "BadLine: line:\"maybe\"", "BadTag: unknown tag troubel",
		"BadLabel: label:\"colour\"", "NoVerb: no verb in its name",
	}
	got := faults(reflect.TypeFor[wrong]())
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestWords: what a group says in words stands in the line, the table and the record,
// beside its numbers.
func TestWords(t *testing.T) {
	s := Snapshot{Words: map[string]string{"part": "all 3"}, Groups: []Group{{"part", struct {
		N uint64 `name:"n" unit:"things" help:"Things." trouble:"yes"`
	}{3}}}}
	var log, out bytes.Buffer
	r := Reporter{cfg: Config{Log: slog.New(slog.NewTextHandler(&log, nil)), Out: &out}}
	r.interval(s, nil)
	if !strings.Contains(log.String(), `part.n=3 part="all 3"`) {
		t.Errorf("the line lacks it: %s", log.String())
	}
	if got, want := string(r.appendSummary(nil, s)), "  part      all 3\n            n=3\n"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	log.Reset()
	r.cfg.Log.Info("accounts", r.record(s)...)
	if !strings.Contains(log.String(), `part.words="all 3" part.n=3`) {
		t.Errorf("the record lacks it: %s", log.String())
	}
}
