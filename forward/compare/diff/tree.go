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

// parse takes a text apart and reports whether it is JSON (RFC 8259), of an object or an
// array, and not too large. It takes some texts that are none, such as those with an odd number or
// control bytes in a string: that does no harm here.
func (t *tree) parse(text []byte) bool {
	t.text, t.nodes, t.at, t.looked = text, t.nodes[:0], 0, 0
	if c := t.peek(); c != '{' && c != '[' || !t.value(0, 0, 0) {
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
func (t *tree) value(keyAt, keyEnd int, depth int) bool {
	if len(t.nodes) >= maxNodes || depth > maxDepth || t.at == len(t.text) {
		return false
	}
	i := len(t.nodes)
	kind, start, ok := t.text[t.at], t.at, true
	t.nodes = append(t.nodes, node{start: int32(start), keyAt: int32(keyAt), keyEnd: int32(keyEnd)})
	switch kind {
	case '{', '[':
		ok = t.elements(i, kind, depth)
	case '"':
		ok = t.skipString()
	default:
		for t.at < len(t.text) && !isEnd(t.text[t.at]) {
			t.at++
		}
		kind, ok = wordKind(t.text[start:t.at])
	}
	n := &t.nodes[i]
	n.kind, n.end, n.next = kind, int32(t.at), int32(len(t.nodes))
	return ok
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

// elements takes those of the object or array at i apart, which begins with open.
func (t *tree) elements(i int, open byte, depth int) bool {
	end := open + 2 // ] and } are two behind [ and {
	t.at++
	if t.peek() == end {
		t.at++
		return true
	}
	for {
		var keyAt, keyEnd int
		if open == '{' {
			if t.peek() != '"' {
				return false
			}
			keyAt = t.at + 1
			if !t.skipString() {
				return false
			}
			keyEnd = t.at - 1
			if t.peek() != ':' {
				return false
			}
			t.at++
		}
		if t.peek(); !t.value(keyAt, keyEnd, depth+1) {
			return false
		}
		t.nodes[i].count++
		c := t.peek()
		t.at++
		if c != ',' {
			return c == end
		}
		t.peek()
	}
}

// skipString goes behind a string, and reports whether it has an end.
func (t *tree) skipString() bool {
	for t.at++; t.at < len(t.text); {
		n := bytes.IndexByte(t.text[t.at:], '"')
		if n < 0 {
			break
		}
		if t.at += n + 1; !isEscaped(t.text[:t.at-1]) {
			return true
		}
	}
	t.at = len(t.text)
	return false
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
