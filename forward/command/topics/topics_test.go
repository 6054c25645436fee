package topics

import (
	"io/fs"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// Every topic has a text, every text a topic, and a terminal of 80 columns shows it.
func TestTopics(t *testing.T) {
	files, err := fs.Glob(texts, "*.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := All(func() string { return "the counters\n" })
	for _, topic := range all {
		text := topic.Text()
		files = slices.DeleteFunc(files, func(name string) bool { return name == topic.Name+".txt" })
		if len(text) < 200 || !strings.HasSuffix(text, "\n") || topic.Name == "accounts" != strings.HasSuffix(text, "the counters\n") {
			t.Errorf("%s: %q", topic.Name, text)
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 || strings.ContainsRune(line, '\t') {
				t.Errorf("%s: %d columns: %s", topic.Name, n, line)
			}
		}
	}
	if len(files) > 0 {
		t.Errorf("no topic has %q", files)
	}
}
