package doctor

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestWrite: findings fit 80 columns, and nothing in them steers a terminal.
func TestWrite(t *testing.T) {
	var b strings.Builder
	findings := []Finding{
		{OK, "privileges", "ok", "root may capture packets", ""},
		{Problem, "a name that is longer than its column", "x", strings.Repeat("word ", 40), "-p 80"},
		{Warning, "port 80", "x", "evil\x1b[31m\nname " + strings.Repeat("y", 100), "type this"},
	}
	if err := Write(&b, findings); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for line := range strings.Lines(text) {
		if n := len(line) - 1; n > width && !strings.Contains(line, strings.Repeat("y", 100)) || strings.HasSuffix(line, " \n") {
			t.Errorf("%d columns: %q", n, line)
		}
	}
	if strings.ContainsRune(text, '\x1b') || !strings.Contains(text, "evil?[31m?name") {
		t.Errorf("%q", text)
	}
	if first, _, _ := strings.Cut(text, "\n"); first != "ok       privileges    root may capture packets" {
		t.Errorf("%q", first)
	}
	if !strings.Contains(text, "\n                    -> -p 80\n") {
		t.Errorf("%q", text)
	}
	if Worst(findings) != Problem || Worst(findings[:1]) != OK || Worst(nil) != OK {
		t.Error("the worst is another")
	}
	encoded, err := json.Marshal(findings[0])
	if want := `{"level":"ok","about":"privileges","cause":"ok","seen":"root may capture packets"}`; err != nil || string(encoded) != want {
		t.Errorf("%s, %v", encoded, err)
	}
}
