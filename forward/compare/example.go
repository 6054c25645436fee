package compare

import (
	"net/url"
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
	maxCurl    = 800 // bytes of the line that repeats it
)

// A budget bounds the memory of examples.
type budget struct {
	used, limit int64
	target      string // whose URL the examples have
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
	k := &kept{Example: example(x, then, b.target), budget: b}
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
func example(x *Exchange, then int, target string) Example {
	return Example{Request: cutTo(string(x.Method)+" "+withoutSecrets(string(x.Path)), maxRequest), Then: then, Now: x.Answer.Status, Curl: curl(x, target)}
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

// secretParameters are what the names of parameters have in them whose values are
// nobody's business.
var secretParameters = []string{"token", "secret", "pass", "pwd", "key", "auth", "sig", "session", "code", "jwt", "sid", "credential", "email", "otp"}

// withoutSecrets is a request's target without the values of parameters that are secrets.
func withoutSecrets(target string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		lower := strings.ToLower(name) // which may be longer
		if value != "" && slices.ContainsFunc(secretParameters, func(s string) bool { return strings.Contains(lower, s) }) {
			parts[i] = name + "=HIDDEN"
		}
	}
	return path + "?" + strings.Join(parts, "&")
}

// curl is a command that repeats a request, without its body and what is secret.
func curl(x *Exchange, target string) string {
	var b strings.Builder
	b.WriteString("curl -i")
	if m := string(x.Method); m == "HEAD" {
		b.WriteString(" --head")
	} else if m != "GET" {
		b.WriteString(" -X " + quote(m))
	}
	for _, f := range http1.AppendFields(nil, fieldSection(x.Raw)) {
		switch name := strings.ToLower(string(f.Name)); name {
		case "cookie", "authorization":
			b.WriteString(" -H " + quote(string(f.Name)+": YOURS"))
		case "accept", "accept-language", "content-type", "range", "if-none-match", "if-modified-since", "x-requested-with":
			b.WriteString(" -H " + quote(string(f.Name)+": "+string(f.Value)))
		}
		if b.Len() > maxCurl/2 {
			break
		}
	}
	if !isSafe(x.Method) {
		b.WriteString(" --data @BODY")
	}
	b.WriteString(" " + quote(join(target, withoutSecrets(string(x.Path)))))
	if b.Len() > maxCurl {
		return "(too long to show)"
	}
	return b.String()
}

// quote makes one word of a shell's command of anything; bytes that do not belong
// on a terminal are not in it.
func quote(s string) string {
	return "'" + strings.ReplaceAll(visible(s), "'", `'\''`) + "'"
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

// address is a target's URL as people may see it.
func address(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return target
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/")
}

// join is where a request went. Its target may be a whole URL (RFC 9112 section 3.2.2).
func join(target, path string) string {
	if i := strings.Index(path, "://"); i > 0 && !strings.HasPrefix(path, "/") {
		_, rest, _ := strings.Cut(path[i+3:], "/")
		path = "/" + rest
	}
	return target + path
}
