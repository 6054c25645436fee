package diff

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
)

// maxFragments bounds what a text with tags is taken apart into; one that has more is
// compared as a whole.
const maxFragments = 20_000

// A fragment is a part of a text with tags: what stands in a tag behind its name, or
// between it and the next one.
type fragment struct {
	place uint64 // hash of the tag, and of which of the two it is
	value uint64 // hash of the text
	at    int    // its number in the text
	tag   []byte // its name, with the slash of one that ends
	text  []byte
	inTag bool
}

// isMarkup reports whether a text has tags as HTML and XML have.
func isMarkup(text []byte) bool {
	text = bytes.TrimLeft(text, "\ufeff \t\r\n")
	return len(text) > 0 && text[0] == '<' && bytes.IndexByte(text, '>') > 0
}

// markup compares two texts tag by tag: what stands in and behind all tags of one name,
// as a set. So a list of links that is another one each time hides no other title. It
// reports false where the texts have too many parts, or the same ones in another order.
func (d *Differ) markup(a, b []byte) bool {
	all, okA := d.fragments(a)
	others, okB := d.fragments(b)
	if !okA || !okB {
		return false
	}
	then, now := unmatched(all, others)
	if len(then)+len(now) == 0 {
		return false
	}
	for len(then)+len(now) > 0 {
		var place uint64
		if len(now) == 0 || len(then) > 0 && then[0].place <= now[0].place {
			place = then[0].place
		} else {
			place = now[0].place
		}
		n, m := ofPlace(then, place), ofPlace(now, place)
		d.fragment(then[:n], now[:m])
		then, now = then[n:], now[m:]
	}
	return true
}

// fragments takes a text apart; false: it has too many parts.
func (d *Differ) fragments(text []byte) (all []fragment, ok bool) {
	var tag []byte
	add := func(tag, text []byte, inTag bool) {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return
		}
		place := maphash.Bytes(d.seed, tag)
		if inTag {
			place++
		}
		all = append(all, fragment{place, maphash.Bytes(d.seed, text), len(all), tag, text, inTag})
	}
	for len(text) > 0 && len(all) <= maxFragments {
		i := bytes.IndexByte(text, '<')
		if bytes.EqualFold(tag, []byte("script")) || bytes.EqualFold(tag, []byte("style")) { // a < in it is no tag
			i = bytes.Index(text, []byte("</"))
		}
		if i < 0 {
			i = len(text)
		}
		add(tag, text[:i], false)
		text = text[i:]
		end := bytes.IndexByte(text, '>')
		if bytes.HasPrefix(text, []byte("<!--")) {
			if end = bytes.Index(text, []byte("-->")); end >= 0 {
				end += 2
			}
		}
		if end < 0 {
			add(tag, text, false)
			break
		}
		inside := text[1:end]
		text = text[end+1:]
		if note, isComment := bytes.CutPrefix(inside, []byte(comment)); isComment { // what is behind it belongs to the tag before
			add([]byte(comment), note, true)
			continue
		}
		name := bytes.IndexAny(inside, " \t\r\n")
		if name < 0 {
			name = len(inside)
		}
		tag = inside[:name]
		add(tag, inside[name:], true)
	}
	return all, len(all) <= maxFragments
}

// unmatched is what is left of each when what both have is taken away, by place and
// then in the order of the text.
func unmatched(a, b []fragment) (onlyA, onlyB []fragment) {
	byValue := func(x, y fragment) int {
		return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.value, y.value), cmp.Compare(x.at, y.at))
	}
	slices.SortFunc(a, byValue)
	slices.SortFunc(b, byValue)
	for len(a) > 0 && len(b) > 0 {
		switch c := cmp.Or(cmp.Compare(a[0].place, b[0].place), cmp.Compare(a[0].value, b[0].value)); {
		case c < 0:
			onlyA, a = append(onlyA, a[0]), a[1:]
		case c > 0:
			onlyB, b = append(onlyB, b[0]), b[1:]
		default:
			a, b = a[1:], b[1:]
		}
	}
	onlyA, onlyB = append(onlyA, a...), append(onlyB, b...)
	inOrder := func(x, y fragment) int { return cmp.Or(cmp.Compare(x.place, y.place), cmp.Compare(x.at, y.at)) }
	slices.SortFunc(onlyA, inOrder)
	slices.SortFunc(onlyB, inOrder)
	return onlyA, onlyB
}

// ofPlace is how many fragments are of a place at the beginning of a list.
func ofPlace(list []fragment, place uint64) int {
	n := 0
	for n < len(list) && list[n].place == place {
		n++
	}
	return n
}

// fragment tells of what stands at one place in one text, and in the other: of the
// first that is neither made anew for each answer nor what a server says of itself.
func (d *Differ) fragment(then, now []fragment) {
	first := slices.Concat(then[:min(1, len(then))], now[:min(1, len(now))])[0]
	d.path = append(appendName(append(d.path[:0], "body <"...), first.tag), '>')
	if first.inTag {
		d.path = append(d.path[:len(d.path)-1], " …>"...)
	}
	d.secret = first.inTag && bytes.EqualFold(first.tag, []byte("input")) // what people have typed
	if string(first.tag) == comment && isIdle(then) && isIdle(now) {
		d.comments(then, now)
		return
	}
	for _, f := range slices.Concat(then, now) {
		d.secret = d.secret || isSecret(string(bytes.ToLower(f.text[:min(len(f.text), maxPath)])))
	}
	defer func() { d.secret = false }()
	made := -1 // a pair that is made anew
	both := min(len(then), len(now))
	for i := range both {
		a, b := then[i].text, now[i].text
		switch {
		case d.then.Names.same(a, b):
		case generated(a, b, d.then.At, d.now.At) == "":
			d.changed(Body, a, b, "")
			return
		case made < 0:
			made = i
		}
	}
	switch {
	case len(then) > both:
		d.gone(Body, then[both].text, nil, "")
	case len(now) > both:
		d.gone(Body, nil, now[both].text, "")
	case made >= 0:
		d.changed(Body, then[made].text, now[made].text, "")
	}
}

// comment is the name of comments, as if they were tags.
const comment = "!--"

// isIdle reports whether comments say nothing to whoever reads a page: those that
// browsers, servers and caches take for orders do (conditional ones, server-side includes, ESI).
func isIdle(comments []fragment) bool {
	return !slices.ContainsFunc(comments, func(f fragment) bool {
		return slices.ContainsFunc([]string{"[if", "<![endif", "#", "esi"}, func(order string) bool { return bytes.HasPrefix(f.text, []byte(order)) })
	})
}

// comments tells of comments, which servers leave in a page for themselves: when it was
// made, and how long that took.
func (d *Differ) comments(then, now []fragment) {
	const why = "a comment, which nobody is shown"
	switch {
	case len(now) == 0:
		d.gone(Body, then[0].text, nil, why)
	case len(then) == 0:
		d.gone(Body, nil, now[0].text, why)
	default:
		d.changed(Body, then[0].text, now[0].text, why)
	}
}
