package diff

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Twins are two JSON texts that are taken apart together, as two answers to one request are mostly the same. What
// both have in the same place, byte for byte, becomes one node whatever is in it, and where both are the same up to
// their ends nothing is read any more: whether what they share keeps the rules of JSON nobody asks. Objects are gone
// through side by side for as long as their members have the same names; all else that parts each tree takes apart for itself.
//
// In such trees compare finds what it finds in those of parse, but for how many members an object has that is too
// deep to be gone into.
type twins struct {
	a, b  *tree
	until int // up to there a's text is the same as b's ...
	apart int // ... so many bytes further on
	spare int // how much may still be read, so that no text makes the same be read again and again
}

const blanks = " \n\t\r"

// mostReads is how often all of the texts may be read.
const mostReads = 8

// A span is a part of a text.
type span struct{ from, to int }

// parseTwins takes two objects apart and reports whether that could be done; if not, they may still be JSON that parse
// takes apart.
func parseTwins(a, b *tree, textA, textB []byte) bool {
	textA, textB = bytes.TrimRight(textA, blanks), bytes.TrimRight(textB, blanks)
	if !bytes.HasSuffix(textA, []byte("}")) || !bytes.HasSuffix(textB, []byte("}")) {
		return false
	}
	a.begin(textA)
	b.begin(textB)
	t := twins{a: a, b: b, until: -1, spare: mostReads * (len(textA) + len(textB))}
	if a.peek() != '{' || b.peek() != '{' || !t.value(span{}, span{}, 0) {
		return false
	}
	return t.isRestSame() || a.at == len(textA) && b.at == len(textB)
}

// same is how many bytes from here on are the same in both texts.
func (t *twins) same() int {
	if apart := t.b.at - t.a.at; apart != t.apart || t.a.at >= t.until {
		n := common(t.a.text[t.a.at:], t.b.text[t.b.at:])
		t.until, t.apart = t.a.at+n, apart
		t.spare -= n
	}
	return t.until - t.a.at
}

// isRestSame reports whether what follows is the same in both, and something does.
func (t *twins) isRestSame() bool {
	n := t.same()
	return n > 0 && n == len(t.a.text)-t.a.at && n == len(t.b.text)-t.b.at
}

// value takes the values apart that begin here, behind their names.
func (t *twins) value(nameA, nameB span, depth int) bool {
	n := t.same()
	if t.spare < 0 || n == 0 || depth > maxDepth {
		return t.each(nameA, nameB, depth)
	}
	kind, here := t.a.text[t.a.at], t.a.text[t.a.at:t.a.at+n]
	end := valueEnd(here)
	t.spare -= n
	if end == 0 && kind != '{' {
		return t.each(nameA, nameB, depth)
	}
	i, j := t.a.add(nameA), t.b.add(nameB)
	if i < 0 || j < 0 || end == 0 && !t.object(i, j, depth) {
		return false
	}
	if end > 0 {
		t.a.at, t.b.at = t.a.at+end, t.b.at+end
		if kind != '{' && kind != '[' && kind != '"' {
			var ok bool
			if kind, ok = wordKind(here[:end]); !ok {
				return false
			}
		}
	}
	t.a.close(i, kind)
	t.b.close(j, kind)
	return true
}

// each has both trees take apart what begins here.
func (t *twins) each(nameA, nameB span, depth int) bool {
	return t.a.value(nameA, depth) && t.b.value(nameB, depth)
}

// object takes the members of two objects apart, i and j, which begin here.
func (t *twins) object(i, j, depth int) bool {
	for {
		fromA, fromB := t.a.at, t.b.at
		nameA, okA := t.a.name()
		nameB, okB := t.b.name()
		if !okA || !okB || !bytes.Equal(t.a.text[nameA.from:nameA.to], t.b.text[nameB.from:nameB.to]) {
			t.a.at, t.b.at = fromA, fromB
			break
		}
		if t.isRestSame() {
			return true
		}
		if !t.value(nameA, nameB, depth+1) {
			return false
		}
		t.a.nodes[i].count++
		t.b.nodes[j].count++
		if t.isRestSame() {
			return true
		}
		moreA, okA := t.a.more('}')
		moreB, okB := t.b.more('}')
		if !okA || !okB {
			return false
		}
		if !moreA && !moreB {
			t.a.at++
			t.b.at++
			return true
		}
		if moreA != moreB {
			if moreA {
				t.b.at-- // so that the end is what is behind this byte
			} else {
				t.a.at--
			}
			break
		}
	}
	return t.a.members(i, depth) && t.b.members(j, depth)
}

// valueEnd is where the value ends with which a text begins; 0: not before the text does.
func valueEnd(text []byte) int {
	switch text[0] {
	case '"':
		return stringEnd(text)
	case '{', '[':
	default:
		for i, c := range text {
			if isEnd(c) {
				return i
			}
		}
		return 0
	}
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			n := stringEnd(text[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// common is how many bytes two texts begin with that are the same.
func common(a, b []byte) int {
	n, least := 0, min(len(a), len(b))
	for ; n+8 <= least; n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < least && a[n] == b[n] {
		n++
	}
	return n
}
