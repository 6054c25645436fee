package diff

import "bytes"

const (
	maxDepth = 100    // of JSON within JSON
	maxNodes = 50_000 // values of one body
)

// A tree is a JSON text taken apart. It is reused, and holds a part of the text.
type tree struct {
	text  []byte
	nodes []node
	at    int

	looked int // members looked at in search of one
}

// A node is one value. Those of an object's or array's elements follow it; each says
// where the next one is.
type node struct {
	kind          byte  // { [ " 0 t n: the letter that such values begin with; 0 for numbers, t for both booleans
	start, end    int32 // in the text
	keyAt, keyEnd int32 // of its name in an object, without the quotes
	next          int32 // the node behind it and all in it
	count         int32 // elements
}

// begin makes room for another text.
func (t *tree) begin(text []byte) { t.text, t.nodes, t.at, t.looked = text, t.nodes[:0], 0, 0 }

// parse takes a text apart and reports whether it is JSON (RFC 8259), of an object or an
// array, and not too large. It takes some texts that are none, such as those with an odd number or
// control bytes in a string: that does no harm here.
func (t *tree) parse(text []byte) bool {
	t.begin(text)
	if c := t.peek(); c != '{' && c != '[' || !t.value(span{}, 0) {
		return false
	}
	return t.peek() == 0 && t.at == len(text)
}

// peek passes blanks and returns the byte behind them; 0: there is none.
func (t *tree) peek() byte {
	for ; t.at < len(t.text); t.at++ {
		if c := t.text[t.at]; c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
	}
	return 0
}

// value takes the value apart that begins here, behind its name.
func (t *tree) value(name span, depth int) bool {
	if depth > maxDepth || t.at == len(t.text) {
		return false
	}
	i := t.add(name)
	if i < 0 {
		return false
	}
	kind, start, ok := t.text[t.at], t.at, true
	switch kind {
	case '{':
		ok = t.members(i, depth)
	case '[':
		ok = t.elements(i, depth)
	case '"':
		ok = t.skipString()
	default:
		for t.at < len(t.text) && !isEnd(t.text[t.at]) {
			t.at++
		}
		kind, ok = wordKind(t.text[start:t.at])
	}
	t.close(i, kind)
	return ok
}

// add makes a node of the value that begins here; below 0: there are too many.
func (t *tree) add(name span) int {
	if len(t.nodes) >= maxNodes {
		return -1
	}
	t.nodes = append(t.nodes, node{start: int32(t.at), keyAt: int32(name.from), keyEnd: int32(name.to)})
	return len(t.nodes) - 1
}

// close says that the value of a node ends here, with all that is in it.
func (t *tree) close(i int, kind byte) {
	n := &t.nodes[i]
	n.kind, n.end, n.next = kind, int32(t.at), int32(len(t.nodes))
}

// wordKind is what a value is that has no quotes or brackets.
func wordKind(word []byte) (kind byte, ok bool) {
	switch string(word) {
	case "true", "false":
		return 't', true
	case "null":
		return 'n', true
	}
	for _, c := range word {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	return '0', len(word) > 0
}

// isEnd reports whether a number or a word ends before c.
func isEnd(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\t' || c == '\r'
}

// members takes those of the object at i apart that are behind this byte, which is its { or a comma.
func (t *tree) members(i, depth int) bool {
	if t.isEmpty('}') {
		return true
	}
	for {
		name, ok := t.name()
		if !ok || !t.value(name, depth+1) {
			return false
		}
		t.nodes[i].count++
		if more, ok := t.more('}'); !more {
			t.at++
			return ok
		}
	}
}

// elements takes those of the array at i apart, which begins here.
func (t *tree) elements(i, depth int) bool {
	if t.isEmpty(']') {
		return true
	}
	for {
		t.at++
		if t.peek(); !t.value(span{}, depth+1) {
			return false
		}
		t.nodes[i].count++
		if more, ok := t.more(']'); !more {
			t.at++
			return ok
		}
	}
}

// isEmpty reports whether nothing is between this byte and an end, and goes behind that then.
func (t *tree) isEmpty(end byte) bool {
	here := t.at
	t.at++
	if t.peek() == end {
		t.at++
		return true
	}
	t.at = here
	return false
}

// more reports whether there is a comma behind a value; if not, ok says whether there is the end.
func (t *tree) more(end byte) (more, ok bool) {
	c := t.peek()
	return c == ',', c == ',' || c == end
}

// name takes the name of the member behind this byte, and what separates it from its value.
func (t *tree) name() (name span, ok bool) {
	t.at++
	if t.peek() != '"' {
		return name, false
	}
	name.from = t.at + 1
	if !t.skipString() {
		return name, false
	}
	name.to = t.at - 1
	if t.peek() != ':' {
		return name, false
	}
	t.at++
	t.peek()
	return name, true
}

// skipString goes behind a string, and reports whether it has an end.
func (t *tree) skipString() bool {
	n := stringEnd(t.text[t.at:])
	t.at += n
	return n > 0
}

// stringEnd is where the string ends with which a text begins; 0: it has no end.
func stringEnd(text []byte) int {
	for at := 1; ; {
		n := bytes.IndexByte(text[at:], '"')
		if n < 0 {
			return 0
		}
		if at += n + 1; text[at-2] != '\\' || !isEscaped(text[:at-1]) {
			return at
		}
	}
}

// isEscaped reports whether what comes behind a text is escaped, as it is behind an odd number of backslashes. Those
// of a string end at its first quote at the latest.
func isEscaped(before []byte) bool {
	n := len(before)
	for n > 0 && before[n-1] == '\\' {
		n--
	}
	return (len(before)-n)%2 == 1
}

// raw is a value as it stands in the text, key its name, both as they are written.
func (t *tree) raw(i int32) []byte { return t.text[t.nodes[i].start:t.nodes[i].end] }
func (t *tree) key(i int32) []byte { return t.text[t.nodes[i].keyAt:t.nodes[i].keyEnd] }

// member is where the member of a name is in the object at i, looked for first at the
// hint, where it is if the members' order is the same; 0: nowhere, or too many were looked at.
func (t *tree) member(i int32, key []byte, hint int32) int32 {
	if hint < t.nodes[i].next && hint > i && string(t.key(hint)) == string(key) {
		return hint
	}
	for c := i + 1; c < t.nodes[i].next && t.looked < maxSteps; c = t.nodes[c].next {
		t.looked++
		if string(t.key(c)) == string(key) {
			return c
		}
	}
	return 0
}
