package compare

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gor/reassembly/http1"
)

const (
	maxKept    = 40  // differences of one example, while it is not known which of them are noise
	maxShown   = 10  // of those, when it is
	maxRequest = 300 // bytes of a request line that are shown
)

// A budget bounds the memory of examples.
type budget struct {
	used, limit int64
	target      string // whose URL the examples have
	sent        func(*Exchange) []byte
}

// A kept example is shared by the places that it is one of.
type kept struct {
	Example
	budget *budget
	size   int64
	places int
}

// keep makes an example of an exchange for the places in want that have too few; the
// room may not be there.
func (b *budget) keep(a *account, x *Exchange, then int, f *findings, want set) {
	var lacking []*place
	for i, p := range a.places {
		if want&^a.is.noise&(1<<i) != 0 && len(p.examples) < maxExamples {
			lacking = append(lacking, p)
		}
	}
	if len(lacking) == 0 || b.used >= b.limit {
		return
	}
	k := &kept{Example: b.example(x, then), budget: b}
	size := 300 + len(k.Request) + len(k.Curl)
	var shown set
	for i := range f.all {
		d := &f.all[i]
		place := set(1) << a.at(f.of(d.key), f.of(d.path), d)
		if d.generated != "" || (shown|a.is.noise)&place != 0 || len(k.Differences) == maxKept {
			continue
		}
		shown |= place
		k.Differences = append(k.Differences, Difference{Path: string(f.of(d.path)), What: d.what.String(), Then: string(f.of(d.then)), Now: string(f.of(d.now))})
		size += 100 + len(f.of(d.path)) + len(f.of(d.then)) + len(f.of(d.now))
	}
	k.size = int64(size)
	for _, p := range lacking {
		k.lend(p)
	}
}

// lend makes k an example of a place.
func (k *kept) lend(p *place) {
	if k.places++; k.places == 1 {
		k.budget.used += k.size
	}
	p.examples = append(p.examples, k)
}

// forget drops a place's examples.
func (p *place) forget() {
	for _, k := range p.examples {
		if k.places--; k.places == 0 {
			k.budget.used -= k.size
		}
	}
	p.examples = nil
}

// inherit takes over what room there is for of another place's examples.
func (p *place) inherit(from *place) {
	for _, k := range from.examples {
		if len(p.examples) < maxExamples && !slices.Contains(p.examples, k) {
			k.lend(p)
		}
	}
	from.forget()
}

// example is what an example says of the exchange itself.
func (b *budget) example(x *Exchange, then int) Example {
	var sent []byte
	if b.sent != nil {
		sent = b.sent(x)
	}
	return Example{Request: cutTo(string(x.Method)+" "+withoutSecrets(string(x.Path)), maxRequest), Then: then, Now: x.Answer.Status, Curl: curl(x, b.target, sent)}
}

func cutTo(s string, most int) string {
	if len(s) > most {
		return visible(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return visible(s)
}

// visible is a text without what does not belong on a terminal.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
}

// fieldSection is the part of a request with its header fields; nil: it is none that anybody could read.
func fieldSection(raw []byte) []byte {
	raw = raw[http1.EmptyLines(raw):]
	var m http1.Message
	if m.Head(raw, "") != http1.Whole {
		return nil
	}
	return m.Fields(raw)
}

// isSafe reports whether a method asks for no change (RFC 9110 section 9.2.1).
func isSafe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}
