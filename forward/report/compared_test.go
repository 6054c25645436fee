package report

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"gor/forward/compare"
)

func exampleFates() []compare.Fates {
	return []compare.Fates{
		{Compared: 1000, Same: 900, InPart: 101, Different: 5, Undecided: 70, NotLoggedIn: 20, NotModified: 5, NoOriginal: 1, NoResponse: 2, Expired: 3, Waiting: 4}, {},
	}
}

// TestCompared: each output shows what became of the exchanges: the line one figure,
// metrics and record all, as numbers that may fall.
func TestCompared(t *testing.T) {
	fates := exampleFates()
	line := string(new(Reporter).appendTargetsLine(nil, exampleStats(), fates))
	if n := strings.Count(line, " different="); n != 1 || !strings.Contains(line, " different=0.50% undecided=7.00% in_part=10.10%") || !strings.HasSuffix(line, `http://"dev" 0.0/s`) {
		t.Error(line)
	}
	if few := string(appendCompared(nil, &compare.Fates{Compared: 1000, Same: 900, InPart: 100})); few != " different=0.00%" {
		t.Errorf("%q of few in part", few)
	}
	r := &Reporter{cfg: Config{Command: "replay"}}
	page := string(r.appendMetrics(nil, Snapshot{Targets: exampleStats(), Compared: fates}))
	checkExposition(t, page)
	for _, sample := range []string{
		`gor_replay_compared_exchanges{target="http://staging",fate="different"} 5`, `gor_replay_compared_exchanges{target="http://staging",fate="expired"} 3`,
		`gor_replay_compared_exchanges{target="http://\"dev\"",fate="same"} 0`, "# TYPE gor_replay_compared_exchanges gauge", `gor_replay_compared_in_part{target="http://staging"} 101`,
	} {
		if !strings.Contains(page, sample+"\n") {
			t.Errorf("no line %s", sample)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("accounts", r.record(Snapshot{Targets: exampleStats(), Compared: fates})...)
	var record struct {
		Targets []struct{ Compared compare.Fates }
	}
	if err := json.Unmarshal(log.Bytes(), &record); err != nil || !reflect.DeepEqual(record.Targets[0].Compared, fates[0]) {
		t.Errorf("%v in %s", err, log.Bytes())
	}
	if page := string(r.appendMetrics(nil, Snapshot{Targets: exampleStats()})); strings.Contains(page, "compared") {
		t.Error("metrics of what is not compared")
	}
}

// TestFates: no fate is forgotten: the names and numbers are those of compare.Fates, but
// for Compared, which is the sum of some.
func TestFates(t *testing.T) {
	var f compare.Fates
	v := reflect.ValueOf(&f).Elem()
	want := map[string]uint64{}
	for i := range v.NumField() {
		v.Field(i).SetUint(uint64(i + 1))
		if name := v.Type().Field(i).Tag.Get("json"); name != "compared" && name != "in_part" { // which is of what is the same
			want[name] = uint64(i + 1)
		}
	}
	got := map[string]uint64{}
	for _, one := range fatesOf(&f) {
		got[one.name] = one.n
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestBriefCompared: the view's line has one figure of it, and says where it means little.
func TestBriefCompared(t *testing.T) {
	for _, tt := range []struct {
		f    compare.Fates
		want string
	}{
		{compare.Fates{}, ""}, {compare.Fates{Compared: 1000, Different: 5, Undecided: 70}, "0.5% differ "},
		{compare.Fates{Compared: 10, Different: 1, Undecided: 6}, "10.0% differ? "},
	} {
		if got := briefCompared(&tt.f); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
	v := &view{declared: new(registry), wrong: map[string]time.Time{}}
	lines := v.targets(exampleStats(), exampleFates(), 8)
	if !strings.Contains(lines[1].Text, " 0.5% differ ") || strings.Contains(lines[2].Text, "differ") {
		t.Errorf("%+v", lines)
	}
}
