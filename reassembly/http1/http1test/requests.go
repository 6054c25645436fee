// Package http1test gives tests the table of odd requests in testdata/requests,
// so that whoever reads or forwards requests is tested with the same ones. Begin
// with Requests; the table's form is written at its top.
package http1test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// A Case is one row of the table.
type Case struct {
	// Name says in a few words what is out of the ordinary. No two are the same.
	Name string
	// Want is what has to become of the request: "sent", "malformed",
	// "unsupported" or "other".
	Want string
	// Odd says that a request which is sent breaks RFC 9112, so that nothing else
	// should be sent on its connection.
	Odd bool
	// Raw is the request, from its first byte to its last.
	Raw []byte
}

// Requests returns the table. Each call reads it anew, so that a test may write
// to the bytes.
func Requests(t testing.TB) []Case {
	t.Helper()
	_, source, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(source), "../../../testdata/requests/odd.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []Case
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		c, ok := parse(line)
		if !ok || seen[c.Name] {
			t.Fatalf("%s:%d: bad row or name used before: %s", path, i+1, line)
		}
		seen[c.Name] = true
		cases = append(cases, c)
	}
	return cases
}

// parse reads one row; ok is false if it has not the form of one.
func parse(line string) (c Case, ok bool) {
	word, rest, _ := strings.Cut(line, " ")
	name, quoted, _ := strings.Cut(rest, `"`)
	raw, err := strconv.Unquote(`"` + quoted)
	c = Case{Name: strings.TrimSpace(name), Want: word, Raw: []byte(raw)}
	switch word {
	case "odd":
		c.Want, c.Odd = "sent", true
	case "sent", "malformed", "unsupported", "other":
	default:
		return c, false
	}
	return c, err == nil && c.Name != "" && raw != ""
}
