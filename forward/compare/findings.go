package compare

import (
	"bytes"
	"slices"

	"gor/forward/compare/diff"
)

// Findings are the differences of one pair of answers, with room that is used again.
type findings struct {
	differ      *diff.Differ
	all         []finding
	text        []byte
	notCompared string
}

// A finding is a diff.Difference that is kept: where its texts are.
type finding struct {
	key, path, then, now span // the key is the path behind a letter that says which kind of place it is
	what                 diff.What
	reason               diff.Reason
	generated            string
	steady               bool
	pair, reverse        uint64
}

type span struct{ from, to int }

// of is the text that a span is of.
func (f *findings) of(s span) []byte { return f.text[s.from:s.to] }

// kinds are the letters of places: a value, presence, order.
var kinds = [...]byte{diff.Changed: 'v', diff.Type: 'v', diff.Missing: 'p', diff.Added: 'p', diff.Order: 'o'}

// keyOf is the key of the place that a path and a way to differ in a report are of.
func keyOf(path, what string) string {
	for w, letter := range kinds {
		if diff.What(w).String() == what {
			return string(letter) + path
		}
	}
	return path
}

func (f *findings) add(x *diff.Difference) {
	start := len(f.text)
	f.text = append(append(f.text, kinds[x.What]), x.Path...)
	key := span{start, len(f.text)}
	keep := func(b []byte) span {
		at := len(f.text)
		f.text = append(f.text, b...)
		return span{at, len(f.text)}
	}
	f.all = append(f.all, finding{
		key: key, path: span{start + 1, key.to}, then: keep(x.Then), now: keep(x.Now), what: x.What, reason: x.Reason,
		generated: x.Generated, steady: x.Steady, pair: x.Pair, reverse: x.Reverse,
	})
}

// differs reports whether there is anything that is no noise by its looks.
func (f *findings) differs() bool {
	return slices.ContainsFunc(f.all, func(x finding) bool { return x.generated == "" })
}

// forgiveIDs makes noise of the ids of what a request has made.
func (f *findings) forgiveIDs() {
	for i := range f.all {
		x := &f.all[i]
		if x.generated != "" || x.what != diff.Changed {
			continue
		}
		path := f.of(x.path)
		if isIDPath(path) || string(path) == "header location" && sameButDigits(f.of(x.then), f.of(x.now)) {
			x.generated = "the id of what the request made"
		}
	}
}

// isIDPath reports whether a path ends with the name of an id.
func isIDPath(path []byte) bool {
	for _, end := range []string{".id", ".ID", "._id", "_id", "Id", "ID", ".uuid", ".number"} {
		if bytes.HasSuffix(path, []byte(end)) {
			return true
		}
	}
	return false
}

// sameButDigits reports whether two values differ in nothing but digits.
func sameButDigits(a, b []byte) bool {
	letters := func(v []byte) []byte {
		return bytes.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return -1
			}
			return r
		}, v)
	}
	return bytes.Equal(letters(a), letters(b))
}
