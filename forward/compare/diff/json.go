package diff

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// maxSteps is how many values are looked at for one pair of bodies, which bounds what
// hostile ones may cost.
const maxSteps = 1_000_000

// A treeDiffer is the part of a Differ that compares JSON texts.
type treeDiffer struct {
	*Differ
	trees [2]tree
	steps int         // so far, until it is too much
	lists [][]element // room for arrays
	order [2][]byte   // room for their orders
}

// compare compares two JSON texts, both taken apart.
func (d *treeDiffer) compare() {
	d.path = append(d.path[:0], '$')
	d.steps = 0
	d.node(0, 0)
	if d.isTooMuch() {
		d.notCompared = "too large"
	}
}

// isTooMuch reports whether more was looked at than a pair of bodies may cost.
func (d *treeDiffer) isTooMuch() bool {
	return d.steps > maxSteps || d.trees[0].looked >= maxSteps || d.trees[1].looked >= maxSteps
}

// node compares the values at a and b.
func (d *treeDiffer) node(a, b int32) {
	then, now := &d.trees[0], &d.trees[1]
	if d.steps++; d.isTooMuch() || d.told > maxDifferences {
		return
	}
	rawA, rawB := then.raw(a), now.raw(b)
	if bytes.Equal(rawA, rawB) {
		return
	}
	kindA, kindB := then.nodes[a].kind, now.nodes[b].kind
	switch {
	case kindA != kindB:
		d.otherType(a, b)
	case len(d.path) > maxPath && (kindA == '{' || kindA == '['):
		d.tell(Difference{What: Changed, Reason: Body, Then: d.summary(0, a), Now: d.summary(1, b)})
	case kindA == '{':
		d.object(a, b)
	case kindA == '[':
		d.array(a, b)
	case kindA == '0' && sameNumber(rawA, rawB) || kindA == '"' && (sameString(rawA, rawB) || d.then.Names.same(rawA, rawB)):
	default:
		d.changed(Body, scalar(rawA), scalar(rawB), requestID(then.key(a)))
	}
}

// sameNumber reports whether two numbers that are written differently are the same.
func sameNumber(a, b []byte) bool {
	if !bytes.ContainsAny(a, ".eE-") && !bytes.ContainsAny(b, ".eE-") {
		return false
	}
	x, errX := strconv.ParseFloat(string(a), 64)
	y, errY := strconv.ParseFloat(string(b), 64)
	return errX == nil && errY == nil && x == y
}

// sameString reports whether two strings are the same but for their escapes.
func sameString(a, b []byte) bool {
	return (bytes.IndexByte(a, '\\') >= 0 || bytes.IndexByte(b, '\\') >= 0) && unquote(a) == unquote(b)
}

func unquote(raw []byte) string {
	var s string
	if json.Unmarshal(raw, &s) != nil { // the parser takes some that are none
		return string(raw)
	}
	return s
}

// scalar is a value without quotes.
func scalar(raw []byte) []byte {
	if raw[0] == '"' {
		return raw[1 : len(raw)-1]
	}
	return raw
}

// otherType tells of a value of another type.
func (d *treeDiffer) otherType(a, b int32) {
	x := Difference{What: Type, Reason: Body, Then: d.summary(0, a), Now: d.summary(1, b)}
	x.Steady, x.Pair = true, uint64(d.trees[0].nodes[a].kind)<<8|uint64(d.trees[1].nodes[b].kind)
	x.Reverse = x.Pair>>8 | x.Pair&0xff<<8
	d.tell(x)
}

// summary is a value for people: an object or array may have secrets in it, and is
// not shown.
func (d *treeDiffer) summary(side int, i int32) []byte {
	t := &d.trees[side]
	n := &t.nodes[i]
	if n.kind != '{' && n.kind != '[' {
		return d.show(side, t.raw(i))
	}
	v := d.values[side][:0]
	if n.kind == '{' {
		v = append(v, "an object of "...)
	} else {
		v = append(v, "an array of "...)
	}
	v = strconv.AppendInt(v, int64(n.count), 10)
	d.values[side] = v
	return v
}

// object compares two objects, member by member.
func (d *treeDiffer) object(a, b int32) {
	then, now := &d.trees[0], &d.trees[1]
	path, secret := len(d.path), d.secret
	endA, endB := then.nodes[a].next, now.nodes[b].next
	hint := b + 1
	for c := a + 1; c < endA; c = then.nodes[c].next {
		key := then.key(c)
		m := now.member(b, key, hint)
		if m == 0 && d.isTooMuch() {
			return
		}
		if m != 0 {
			hint = now.nodes[m].next
			if d.steps++; bytes.Equal(then.raw(c), now.raw(m)) {
				continue
			}
		}
		if d.enter(key); m != 0 {
			d.node(c, m)
		} else {
			d.gone(Body, d.summary(0, c), nil, requestID(key))
		}
		d.path, d.secret = d.path[:path], secret
	}
	hint = a + 1
	for c := b + 1; c < endB; c = now.nodes[c].next {
		key := now.key(c)
		if m := then.member(a, key, hint); m != 0 {
			hint = then.nodes[m].next
			continue
		} else if d.isTooMuch() {
			return
		}
		d.enter(key)
		d.gone(Body, nil, d.summary(1, c), requestID(key))
		d.path, d.secret = d.path[:path], secret
	}
}

// enter goes into a member.
func (d *treeDiffer) enter(key []byte) {
	d.steps++
	if isIdentifier(key) {
		d.path = append(d.path, '.')
		d.path = append(d.path, key...)
	} else if isKeyID(key) {
		d.path = append(d.path, ".{id}"...)
	} else {
		d.path = append(d.path, '[')
		d.path = strconv.AppendQuote(d.path, string(key[:min(len(key), maxName)]))
		d.path = append(d.path, ']')
	}
	d.secret = d.secret || isSecretKey(key)
}

// isIdentifier reports whether a name can stand behind a dot as it is.
func isIdentifier(key []byte) bool {
	if len(key) == 0 || len(key) > maxName || key[0] >= '0' && key[0] <= '9' || isKeyID(key) {
		return false
	}
	for _, c := range key {
		if !isAlnum(c) && c != '_' && c != '-' && c != '@' {
			return false
		}
	}
	return true
}

// isSecretKey reports whether the name of a member says that its value is a secret.
func isSecretKey(key []byte) bool {
	if len(key) > 4*maxName {
		return true
	}
	return isSecret(strings.ToLower(string(key)))
}
