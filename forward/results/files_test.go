package results

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gor/forward"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file in testdata, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (look at it, then go test -run %s -update ./forward/results): got\n%s", path, t.Name(), got)
	}
}

// The shape of the JSON report is what programs rely on: it changes only with its
// version.
func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := writeJSON(&b, exampleRun()); err != nil {
		t.Fatal(err)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, b.Bytes(), "", " "); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", regexp.MustCompile(`\[\s+(\d+),\s+(\d+)\s+\]`).ReplaceAll(pretty.Bytes(), []byte("[$1, $2]")))
	var r struct {
		Version int `json:"gor_report"`
		Read    uint64
		Targets []struct {
			Accounts map[string]uint64
			Latency  struct {
				Count   uint64
				Max     uint64
				Buckets [][2]uint64
			}
		}
	}
	if err := json.Unmarshal(b.Bytes(), &r); err != nil || r.Version != 1 {
		t.Fatalf("version %d, %v", r.Version, err)
	}
	for _, target := range r.Targets {
		a := target.Accounts
		if r.Read != a["started"]+a["sampled_out"]+a["filtered"]+a["unsupported"]+a["skipped"] || a["started"] != a["answered"]+a["failed"] {
			t.Errorf("the accounts do not add up: read %d, %v", r.Read, a)
		}
		var n uint64
		for _, bucket := range target.Latency.Buckets {
			n += bucket[1]
		}
		if n != a["started"] || n != target.Latency.Count {
			t.Errorf("%d requests in the buckets", n)
		}
	}
}

// HdrHistogram's own tools read the percentile distribution: four columns, the last
// line at 100 %, and the comments.
func TestHGRM(t *testing.T) {
	var b bytes.Buffer
	if err := writeHGRM(&b, exampleRun()); err != nil {
		t.Fatal(err)
	}
	golden(t, "report.hgrm", b.Bytes())
	b.Reset()
	if err := writeHGRM(&b, &Run{}); err != nil || !strings.Contains(b.String(), "Total count    =            0]") {
		t.Errorf("of nothing: %v, %s", err, b.Bytes())
	}
}

// What requests bring along is text in the page, and nothing comes from outside.
func TestHTML(t *testing.T) {
	r := exampleRun()
	r.Source = strings.ReplaceAll(hostilePath, "\x1b", "") // a path has no control characters in a report; a file's name is the user's own
	r.Targets[1].Name = "http://" + r.Source
	r.Judge([]Threshold{{Given: "p99=1ns", Name: "p99", Duration: 1}})
	var b bytes.Buffer
	if err := writeHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, never := range []string{"<script", "<img", "src=", "href=", "url(", "@import", "NaN", "Inf", "ZgotmplZ", "\x1b"} {
		if strings.Contains(page, never) {
			i := strings.Index(page, never)
			t.Errorf("%q is in the page: %s", never, page[max(0, i-60):min(len(page), i+60)])
		}
	}
	for _, must := range []string{
		"&lt;script&gt;alert(1)&lt;/script&gt;", "GET /users/{id}/orders", "<svg viewBox", "above the threshold", "exceeded", "since a request was due", "sampled_out=80",
	} {
		if !strings.Contains(page, must) {
			t.Errorf("%q is not in the page", must)
		}
	}
	if n := strings.Count(page, "<svg"); n != 4 || strings.Count(page, "</html>") != 1 {
		t.Errorf("%d plots", n)
	}
}

// A run in which nothing happened, and one that took no time, have pages, too.
func TestHTMLOfNothing(t *testing.T) {
	one := runOf(forward.Outcome{Status: 200, Method: []byte("GET"), Path: []byte("/")})
	one.Elapsed = 0
	empty := &Run{}
	for _, r := range []*Run{empty, runOf(), one} {
		r.Judge(nil)
		var b bytes.Buffer
		if err := writeHTML(&b, r); err != nil {
			t.Fatal(err)
		}
		if page := b.String(); strings.Contains(page, "NaN") || strings.Contains(page, "Inf") || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("%s", page)
		}
	}
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"a.json", "a.csv", "a.hgrm", "a.html", "b.csv"} {
		paths = append(paths, filepath.Join(dir, name))
	}
	f, err := OpenFiles(paths, []string{`http://"a",b`})
	if err != nil {
		t.Fatal(err)
	}
	f.Begin(time.Second)
	o := forward.Outcome{
		Conn: 0xabc, Index: 7, Time: 1_700_000_000_123_456_789, Method: []byte("GET"), Path: []byte(hostilePath + ",\n\xff"), Status: 204,
		Due: 2 * time.Second, Started: 2*time.Second + 1500*time.Microsecond, Ended: 3 * time.Second,
		Late: forward.Late{Target: time.Millisecond, Own: 500 * time.Microsecond},
	}
	f.Take(&o)
	o.Status, o.Failure, o.Time = 0, forward.FailReset, 0
	f.Take(&o)
	if err := f.Write(exampleRun()); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || info.Size() < 300 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
	file, err := os.Open(paths[1])
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		strings.Split(strings.TrimSpace(csvHead), ","),
		{`http://"a",b`, "abc", "7", "2023-11-14T22:13:20.123456789Z", "GET", strings.ReplaceAll(hostilePath, "\x1b", "%1B") + ",%0A%FF",
			"1.000000", "1.001500", "1.000000", "0.998500", "0.001000", "0.000000", "0.000500", "204", ""},
		{`http://"a",b`, "abc", "7", "", "GET", strings.ReplaceAll(hostilePath, "\x1b", "%1B") + ",%0A%FF",
			"1.000000", "1.001500", "1.000000", "0.998500", "0.001000", "0.000000", "0.000500", "", "reset"},
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("got  %q\nwant %q", rows, want)
	}
}

// A report takes the place of another one, at the end of the run, but of no other file.
func TestFilesKept(t *testing.T) {
	for _, ending := range []string{".json", ".csv", ".html", ".hgrm"} {
		path := filepath.Join(t.TempDir(), "report"+ending)
		if err := os.WriteFile(path, nil, 0o666); err != nil { // as mktemp makes it
			t.Fatal(err)
		}
		var first []byte
		for range 2 {
			f, err := OpenFiles([]string{path}, []string{"a"})
			if err != nil {
				t.Fatal(err)
			}
			if now, err := os.ReadFile(path); err != nil || ending != ".csv" && !bytes.Equal(now, first) {
				t.Errorf("%s: before the end of the run the earlier report is gone: %v", ending, err)
			}
			if err := f.Write(exampleRun()); err != nil {
				t.Fatal(err)
			}
			now, err := os.ReadFile(path)
			if err != nil || len(now) == 0 || first != nil && len(now) != len(first) {
				t.Errorf("%s: %d bytes, then %d; %v", ending, len(first), len(now), err)
			}
			first = now
		}
		if err := os.WriteFile(path, bytes.Repeat(first, 3), 0o666); err != nil { // an earlier report may be longer
			t.Fatal(err)
		}
		if f, err := OpenFiles([]string{path}, []string{"a"}); err != nil || f.Write(exampleRun()) != nil {
			t.Error(err)
		}
		if now, err := os.ReadFile(path); err != nil || len(now) != len(first) {
			t.Errorf("%s: %d bytes, want %d; %v", ending, len(now), len(first), err)
		}
		for _, precious := range []string{"x", strings.Repeat("\xd4\xc3\xb2\xa1", 1000)} {
			if err := os.WriteFile(path, []byte(precious), 0o666); err != nil {
				t.Fatal(err)
			}
			if _, err := OpenFiles([]string{path}, []string{"a"}); err == nil || !strings.Contains(err.Error(), "no report of gor's") {
				t.Errorf("%s: %v", ending, err)
			}
			if now, err := os.ReadFile(path); err != nil || string(now) != precious {
				t.Errorf("%s: somebody's file is gone: %q, %v", ending, now, err)
			}
		}
	}
}

// What cannot be written shows: before the run where that can be, else at its end.
func TestFilesFail(t *testing.T) {
	for _, name := range []string{"report", "report.xml", "report.JSON", ""} {
		if CheckName(name) == nil {
			t.Errorf("%q is a report's name", name)
		}
	}
	if _, err := OpenFiles([]string{filepath.Join(t.TempDir(), "no", "such.json")}, nil); err == nil {
		t.Error("a file in a folder that is not there")
	}
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full here")
	}
	for _, ending := range []string{".json", ".csv", ".html", ".hgrm"} {
		path := filepath.Join(t.TempDir(), "full"+ending)
		if err := os.Symlink("/dev/full", path); err != nil {
			t.Fatal(err)
		}
		f, err := OpenFiles([]string{path}, []string{"a"})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(exampleRun()); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", ending, err)
		}
	}
}

// The plots' axes have ticks with room between them, for any numbers.
func TestAxes(t *testing.T) {
	for _, high := range []float64{0, .5, 1, 3, 7, 99, 1234, 1e6, 1e18} {
		scale, ticks := numbers([]Line{{points: []point{{0, 0}, {1, high}}}})
		if len(ticks) < 2 || len(ticks) > longestTicks || scale(high) > 1.0001 || scale(0) != 0 {
			t.Errorf("up to %v: %v, %v", high, ticks, scale(high))
		}
		scale, ticks = durations([]Line{{points: []point{{0, 0}, {1, high}}}})
		if len(ticks) < 2 || len(ticks) > longestTicks+1 || scale(high) > 1.0001 || scale(0) < 0 {
			t.Errorf("durations up to %v: %v, %v", high, ticks, scale(high))
		}
	}
	for d := firstSlot; d < 1000*time.Hour; d = d * 7 / 3 {
		ticks := seconds(d)
		if len(ticks) < 2 || len(ticks) > longestTicks+1 || ticks[0].label != "0" {
			t.Errorf("%v: %v", d, ticks)
		}
		for _, tick := range ticks {
			if n, err := strconv.Atoi(tick.label); err == nil && n != 0 {
				t.Errorf("%v: a tick without a unit: %v", d, ticks)
			}
		}
	}
}
