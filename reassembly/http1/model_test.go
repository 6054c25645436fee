package http1

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gor/reassembly/http1/http1test"
)

// A model reads the head of a request as the package's documentation tells it,
// with no thought of speed or of pieces.
type model struct {
	odd, chunked, old bool
	hosts             int
	lengths           []string
	framing           bool // the line before says where the body ends
}

const token = "[-!#$%&'*+.^_`|~0-9A-Za-z]"

var (
	requestForm = regexp.MustCompile(`(?s)^(` + token + `{1,64}) (.*) HTTP/([0-9])\.([0-9])([ \t]*)$`)
	methodForm  = regexp.MustCompile(`(?s)^` + token + `{1,64} `)
	prefixForm  = regexp.MustCompile(`^` + token + `{0,64}$`)
	fieldForm   = regexp.MustCompile(`(?s)^(` + token + `+):(.*)$`)
	controlForm = regexp.MustCompile(`[\x01-\x08\x0b-\x1f\x7f]`)
	simpleForm  = regexp.MustCompile(`(?s)^GET [ \t]*[^\x00-\x20\x7f]+[ \t]*$`)
	codedForm   = regexp.MustCompile(`^(?i:x-)?(?i:gzip|compress)[ \t]*,[ \t]*(?i:chunked)$|^(?i:deflate)[ \t]*,[ \t]*(?i:chunked)$`)
	lookForm    = regexp.MustCompile(`^(contentlength|transferencoding)`)
	noLetter    = regexp.MustCompile(`(?s)[^A-Za-z]`)
)

// head returns More where b has no whole head.
func (m *model) head(b string) Verdict {
	for i := 0; ; i++ {
		line, rest, whole := strings.Cut(b, "\n")
		if !whole {
			if i == 0 && !methodForm.MatchString(b) && !prefixForm.MatchString(b) {
				return NotHTTP
			}
			return More
		}
		b = rest
		text, crlf := strings.CutSuffix(line, "\r")
		m.odd = m.odd || !crlf
		v := Whole
		switch {
		case i == 0:
			v = m.start(text)
		case text == "":
			return m.end()
		case strings.ContainsAny(text, "\x00\r"):
			return Malformed
		default:
			m.odd = m.odd || controlForm.MatchString(text)
			v = m.line(text)
		}
		if v != Whole {
			return v
		}
	}
}

func (m *model) start(line string) Verdict {
	g := requestForm.FindStringSubmatch(line)
	if g == nil {
		switch {
		case !methodForm.MatchString(line):
			return NotHTTP
		case strings.Contains(line, " HTTP/"):
			return Malformed
		case simpleForm.MatchString(line):
			return Unsupported
		}
		return NotHTTP
	}
	target := strings.Trim(g[2], " \t")
	if target == "" {
		return Malformed
	}
	if g[3] != "1" {
		return Unsupported
	}
	if strings.ContainsAny(line, "\x00\r") {
		return Malformed
	}
	m.old = g[4] == "0"
	m.odd = m.odd || target != g[2] || strings.ContainsAny(target, " \t") || g[5] != "" || controlForm.MatchString(line)
	return Whole
}

func (m *model) line(line string) Verdict {
	name, _, colon := strings.Cut(line, ":")
	letters := strings.ToLower(noLetter.ReplaceAllString(name, ""))
	looks := lookForm.FindString(letters)
	folded := line[0] == ' ' || line[0] == '\t'
	g := fieldForm.FindStringSubmatch(line)
	if g == nil {
		m.odd = true
		if folded && m.framing || looks != "" && (colon && looks == letters || !colon && !folded) {
			return Malformed
		}
		m.framing = false
		return Whole
	}
	value := strings.Trim(g[2], " \t")
	m.framing = false
	switch strings.ToLower(name) {
	case "content-length":
		m.framing = true
		return m.length(value)
	case "transfer-encoding":
		m.framing = true
		if codedForm.MatchString(value) && !m.chunked {
			return Unsupported
		}
		if strings.ToLower(value) != "chunked" || len(value) != len("chunked") || m.chunked {
			return Malformed
		}
		m.chunked = true
		return Whole
	case "host":
		m.hosts++
		m.odd = m.odd || m.hosts > 1
	}
	if looks == letters && looks != "" {
		return Malformed
	}
	return Whole
}

func (m *model) length(value string) Verdict {
	for item := range strings.SplitSeq(value, ",") {
		item = strings.Trim(item, " \t")
		n, ok := new(big.Int).SetString(item, 10)
		if !ok || strings.Trim(item, "0123456789") != "" || !n.IsInt64() {
			return Malformed
		}
		m.lengths = append(m.lengths, n.String())
	}
	if len(slices.Compact(slices.Clone(m.lengths))) != 1 {
		return Malformed
	}
	return Whole
}

func (m *model) end() Verdict {
	if m.chunked && (len(m.lengths) > 0 || m.old) {
		return Malformed
	}
	return Whole
}

// checkModel compares Head with the model.
func checkModel(t *testing.T, b []byte) {
	t.Helper()
	var want model
	var m Message
	v, wantV := m.Head(b, ""), want.head(string(b))
	if v != wantV || v == Whole && (m.Odd != want.odd || m.Chunked != want.chunked || m.HTTP10 != want.old) {
		t.Fatalf("%v, %+v\nthe model: %v, %+v\nof %q", v, m, wantV, want, b)
	}
	if left, known := m.Left(); v == Whole && len(want.lengths) > 0 && (!known || big.NewInt(left).String() != want.lengths[0]) {
		t.Fatalf("length %d, the model's %q: %q", left, want.lengths, b)
	}
}

// TestModel: the model agrees on all rows of the table, and on all of them with a
// byte left out, doubled or changed into one that matters.
func TestModel(t *testing.T) {
	for _, c := range http1test.Requests(t) {
		b := c.Raw[EmptyLines(c.Raw):]
		checkModel(t, b)
		for i := range b {
			checkModel(t, slices.Delete(slices.Clone(b), i, i+1))
			checkModel(t, slices.Insert(slices.Clone(b), i, b[i]))
			for _, x := range []byte("\x00\x01\t\n\r :,/0A\x7f\xff") {
				changed := slices.Clone(b)
				changed[i] = x
				checkModel(t, changed)
			}
		}
	}
}

// FuzzModel looks for what the table has not.
func FuzzModel(f *testing.F) {
	for _, c := range http1test.Requests(f) {
		f.Add(c.Raw)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) < 1<<10 {
			checkModel(t, b)
		}
	})
}
