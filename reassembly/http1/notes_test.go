package http1

import (
	"slices"
	"strings"
	"testing"
)

// all returns the fields of a kind that a message has, as First and CutKind say.
func all(m *Message, b []byte, k FieldKind) (lines []string) {
	for line, rest := First(m, b, k); line != nil; line, rest = CutKind(rest, k) {
		lines = append(lines, string(line))
	}
	return lines
}

// checkNotes: what was noted while the head was read is what a search of the whole
// section finds, and the fields of those kinds whose colon follows the name.
func checkNotes(t *testing.T, m *Message, b []byte) {
	t.Helper()
	for k := firstNoted; k < firstNoted+noted; k++ {
		var searched, parsed []string
		for line, rest := CutKind(m.Fields(b), k); line != nil; line, rest = CutKind(rest, k) {
			searched = append(searched, string(line))
		}
		for _, f := range AppendFields(nil, m.Fields(b)) {
			if f.Kind == k && f.Line[len(f.Name)] == ':' {
				parsed = append(parsed, string(f.Line))
			}
		}
		if got := all(m, b, k); !slices.Equal(got, searched) || !slices.Equal(got, parsed) {
			t.Fatalf("kind %d in %q: %q noted, %q found, %q parsed", k, b, got, searched, parsed)
		}
	}
}

// TestNotes: the fields that say whose request it is are found where they stand,
// whatever stands around them, however the head came.
func TestNotes(t *testing.T) {
	far := strings.Repeat("X: "+strings.Repeat("a", 123)+"\r\n", farNote/128) + "X: " + strings.Repeat("a", farNote%128-5) + "\r\n"
	for _, tt := range []struct {
		name, fields string
		kind         FieldKind
		want         []string
	}{
		{"none", "Host: a\r\n", FieldCookie, nil},
		{"no field at all", "", FieldUserAgent, nil},
		{"first", "Cookie: a\r\nHost: b\r\n", FieldCookie, []string{"Cookie: a\r\n"}},
		{"last", "Host: b\r\nCookie: a\r\n", FieldCookie, []string{"Cookie: a\r\n"}},
		{"case", "user-AGENT:a\r\n", FieldUserAgent, []string{"user-AGENT:a\r\n"}},
		{"bare line end", "Host: b\nAuthorization: a\nX: c\n", FieldAuthorization, []string{"Authorization: a\n"}},
		{"folded", "Cookie: a\r\n\tb\r\n c\r\nHost: d\r\n", FieldCookie, []string{"Cookie: a\r\n\tb\r\n c\r\n"}},
		{"in a continuation", "X: a\r\n Cookie: b\r\n", FieldCookie, nil},
		{"before it", " Cookie: b\r\nCookie: c\r\n", FieldCookie, []string{"Cookie: c\r\n"}},
		{"blank before the colon", "Forwarded : a\r\n", FieldForwarded, nil},
		{"two", "Forwarded: a\r\nX-Forwarded-For: b\r\nForwarded: c\r\n", FieldForwarded, []string{"Forwarded: a\r\n", "Forwarded: c\r\n"}},
		{"one beside two", "Forwarded: a\r\nX-Forwarded-For: b\r\nForwarded: c\r\n", FieldForwardedFor, []string{"X-Forwarded-For: b\r\n"}},
		{"three, another between", "Cookie: a\r\nCookie: b\r\nCookies: x\r\nCookie: c\r\n", FieldCookie, []string{"Cookie: a\r\n", "Cookie: b\r\n", "Cookie: c\r\n"}},
		{"far behind", far + "Y: z\r\nCookie: a\r\n", FieldCookie, []string{"Cookie: a\r\n"}},
		{"two far behind", far + "Cookie: a\r\nX: y\r\nCookie: b\r\n", FieldCookie, []string{"Cookie: a\r\n", "Cookie: b\r\n"}},
		{"the last near", far[2:] + "Cookie: a\r\nCookie: b\r\n", FieldCookie, []string{"Cookie: a\r\n", "Cookie: b\r\n"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := []byte("GET / HTTP/1.1\r\n" + tt.fields + "\r\n")
			for _, step := range []int{len(b), 1 + len(b)/7, 1 + len(b)/100} {
				var m Message
				v := More
				for n := step; v == More; n += step {
					v = m.Head(b[:min(n, len(b))], "")
				}
				if got := all(&m, b, tt.kind); v != Whole || !slices.Equal(got, tt.want) {
					t.Fatalf("in steps of %d bytes: %v, %q, want %q", step, v, got, tt.want)
				}
				checkNotes(t, &m, b)
			}
		})
	}
}
