package diff

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// body compares what the answers say, as far as both were captured.
func (d *Differ) body() {
	a, b := d.then, d.now
	switch {
	case a.BodyLen == 0 && b.BodyLen == 0:
	case a.State == NotCaptured || b.State == NotCaptured:
		d.notCompared = "of which only the heads were captured"
		if a.BodyLen >= 0 && b.BodyLen >= 0 && a.BodyLen != b.BodyLen && coding(a) == coding(b) {
			d.lengths("body length", false)
		}
	case a.State != Whole || b.State != Whole:
		d.partly()
	case coding(a) != coding(b) || !bytes.Equal(a.Body, b.Body):
		d.contents()
	}
}

// hash is that of the whole content; 0: it is not known.
func (a *Answer) hash() uint64 {
	if a.State == Whole {
		return Sum(a.Body)
	}
	return a.Hash
}

// coding is the content coding of an answer.
func coding(a *Answer) string {
	c, _ := joined(a.Fields, "content-encoding")
	return strings.ToLower(strings.TrimSpace(c))
}

// lengths tells of bodies of which only lengths, or hashes, can be shown. named: the servers' own names are known to differ in them.
func (d *Differ) lengths(path string, named bool) {
	d.path = append(d.path[:0], path...)
	x := Difference{What: Changed, Reason: Body, Then: d.length(0, d.then.BodyLen), Now: d.length(1, d.now.BodyLen)}
	if named || d.then.Names.explain(d.then.BodyLen, d.now.BodyLen) {
		x.Generated = "as much as the servers' own names may make"
	}
	d.tell(x)
}

// length is a length for people.
func (d *Differ) length(i int, n int64) []byte {
	v := d.values[i][:0]
	if n >= 0 {
		v = strconv.AppendInt(v, n, 10)
		v = append(v, " bytes"...)
	} else {
		v = append(v, "of unknown length"...)
	}
	d.values[i] = v
	return v
}

// contents compares two whole bodies.
func (d *Differ) contents() {
	a, why := d.decoders.decode(0, d.then)
	b, whyB := d.decoders.decode(1, d.now)
	if why == "" {
		why = whyB
	}
	if why != "" {
		d.notCompared = why
		return
	}
	if bytes.Equal(a, b) {
		return
	}
	then, now := &d.json.trees[0], &d.json.trees[1]
	if parseTwins(then, now, a, b) {
		d.json.compare()
		return
	}
	isA, isB := then.parse(a), now.parse(b)
	d.path = append(d.path[:0], "body"...)
	switch {
	case isA && isB:
		d.json.compare()
	case isA != isB && len(a) > 0 && len(b) > 0:
		d.types(isA)
	default:
		d.text(a, b)
	}
}

// types tells that one body is JSON and the other is not.
func (d *Differ) types(isJSON bool) {
	x := Difference{What: Type, Reason: Body, Then: []byte("JSON"), Now: []byte("no JSON")}
	if !isJSON {
		x.Then, x.Now = x.Now, x.Then
	}
	x.pair(d.seed, x.Then, x.Now)
	d.tell(x)
}

// text tells of two texts, or whatever else it is: where they have tags by these, else
// by length and hash.
func (d *Differ) text(a, b []byte) {
	if d.then.Names.same(a, b) || isMarkup(a) && isMarkup(b) && d.markup(a, b) {
		return
	}
	x := Difference{What: Changed, Reason: Body, Generated: d.madeAnew(a, b)}
	x.named(d.seed, a, b)
	d.excerpts(a, b, int64(len(a)), int64(len(b)))
	x.Then, x.Now = d.values[0], d.values[1]
	switch {
	case len(a) == 0:
		x.What, x.Then = Added, nil
		x.presence()
	case len(b) == 0:
		x.What, x.Now = Missing, nil
		x.presence()
	}
	d.tell(x)
}

// excerpts shows two texts from a little before where they begin to differ; of what is no
// text, and of what may be a secret, length and hash. The lengths are those of the bodies whose beginnings these may be.
func (d *Differ) excerpts(a, b []byte, thenLen, nowLen int64) {
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	from := max(0, at-beforeExcerpt)
	if i := bytes.LastIndexByte(a[from:at], '\n'); i >= 0 {
		from += i + 1
	}
	then, now := a[from:min(len(a), from+maxValue)], b[from:min(len(b), from+maxValue)]
	isShown := isText(a) && isText(b) && !isSecret(strings.ToLower(string(a[max(0, at-maxValue):min(len(a), at+maxValue)]))) && !isSecret(strings.ToLower(string(now)))
	for i, part := range [][]byte{then, now} {
		content := [][]byte{a, b}[i]
		v := d.length(i, []int64{thenLen, nowLen}[i])
		if isShown {
			v = append(strconv.AppendInt(append(v, ", at "...), int64(from), 10), ": "...)
			v = printable(v, bytes.ToValidUTF8(part, nil))
			if from+len(part) < len(content) {
				v = append(v, "…"...)
			}
		} else {
			v = strconv.AppendUint(append(v, ", hash "...), Sum(content)>>32, 16)
		}
		d.values[i] = v
	}
}

// beforeExcerpt is how many bytes are shown before those that differ.
const beforeExcerpt = 30

// isText reports whether content is for people to read, as far as its beginning tells.
func isText(content []byte) bool {
	content = content[:min(len(content), 1000)]
	return bytes.IndexByte(content, 0) < 0 && len(bytes.ToValidUTF8(content, nil))+utf8.UTFMax > len(content)
}

// madeAnew says why two texts differ in any two answers, if they do: between their
// tags, quotes and lines they differ in times and in what was drawn by chance alone.
func (d *Differ) madeAnew(a, b []byte) (why string) {
	for len(a) > 0 && len(b) > 0 {
		i, j := piece(a), piece(b)
		if !bytes.Equal(a[:i], b[:j]) && !d.then.Names.same(a[:i], b[:j]) {
			if why = generated(a[:i], b[:j], d.then.At, d.now.At); why == "" {
				return ""
			}
		}
		a, b = a[i:], b[j:]
	}
	if len(a) != len(b) {
		return ""
	}
	return why
}

// piece is how many bytes there are up to what separates parts of a text, or behind
// that: at least one.
func piece(text []byte) int {
	switch i := bytes.IndexAny(text, "<>\"'\n"); i {
	case -1:
		return len(text)
	case 0:
		return 1
	default:
		return i
	}
}
