package report

import (
	"regexp"
	"strings"
	"testing"
)

// A sample's line: name, labels, value. A label's value has quotes, backslashes
// and line ends only behind a backslash.
var (
	sampleLine = regexp.MustCompile(`^([a-z][a-z0-9_]*)(\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})? (-?[0-9.e+-]+)$`)
	metaLine   = regexp.MustCompile(`^# (HELP|TYPE) ([a-z][a-z0-9_]*) (.+)$`)
)

// checkExposition holds a page to what Prometheus' text format, version 0.0.4, and
// its checker promtool ask for: HELP and TYPE come once and before a family's
// samples, a family's samples stand together, no series comes twice, counters end
// in _total and nothing else does.
func checkExposition(t *testing.T, page string) {
	t.Helper()
	if !strings.HasSuffix(page, "\n") {
		t.Error("the page ends inside a line")
	}
	kinds, series := map[string]string{}, map[string]bool{}
	var family, help string
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if m := metaLine.FindStringSubmatch(line); m != nil {
			switch name := m[2]; {
			case m[1] == "HELP":
				help = name
			case name != help || kinds[name] != "":
				t.Errorf("TYPE of %s without HELP before it, or again", name)
			default:
				family, kinds[name] = name, m[3]
				if (m[3] == "counter") != strings.HasSuffix(name, "_total") {
					t.Errorf("%s is a %s", name, m[3])
				}
			}
			continue
		}
		m := sampleLine.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("no sample: %q", line)
			continue
		}
		name := m[1]
		if kinds[family] == "histogram" {
			name = regexp.MustCompile("_(bucket|sum|count)$").ReplaceAllString(name, "")
		}
		if name != family || family == "" {
			t.Errorf("a sample of %s among those of %q", name, family)
		}
		if series[m[1]+m[2]] {
			t.Errorf("%s%s comes twice", m[1], m[2])
		}
		series[m[1]+m[2]] = true
	}
	if len(series) == 0 {
		t.Error("a page without samples")
	}
}

func TestHelpIsEscaped(t *testing.T) {
	got := string(appendFamily(nil, "a", "gauge", "C:\\ and\na new line"))
	if want := `# HELP a C:\\ and\na new line` + "\n# TYPE a gauge\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLabelIsEscaped(t *testing.T) {
	if got, want := escapeLabel("a\"b\\c\nd"), `a\"b\\c\nd`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
