package diff

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// parseEach takes each of two texts apart by itself.
func parseEach(then, now *tree, a, b []byte) bool { return then.parse(a) && now.parse(b) }

// differencesOf is all that is told of two texts that are taken apart in a way; false: they cannot be.
func differencesOf(a, b string, take func(then, now *tree, a, b []byte) bool, seed maphash.Seed) (all []string, ok bool) {
	d := New(seed)
	d.then, d.now = &Answer{}, &Answer{}
	d.visit = func(x *Difference) {
		all = append(all, fmt.Sprintf("%s %s %q %q %q %v %x %x", x.Path, x.What, x.Then, x.Now, x.Generated, x.Steady, x.Pair, x.Reverse))
	}
	if !take(&d.json.trees[0], &d.json.trees[1], []byte(a), []byte(b)) {
		return nil, false
	}
	d.json.compare()
	return append(all, d.notCompared), true
}

// A texter writes the same random values in two ways, which differ here and there.
type texter struct {
	*rand.Rand
	often int // one value in so many differs
}

func (r *texter) one(of ...string) string { return of[r.IntN(len(of))] }

func (r *texter) blank() string { return r.one("", "", "", " ", "\n  ") }

// value is one value as both say it.
func (r *texter) value(deep int) (a, b string) {
	if r.IntN(r.often) == 0 {
		a, _ = r.same(deep)
		b, _ = r.same(deep)
		return a, b
	}
	return r.same(deep)
}

// same is a value of one kind, in which others may differ.
func (r *texter) same(deep int) (a, b string) {
	switch n := r.IntN(8); {
	case n < 3 && deep > 0:
		return r.object(deep)
	case n == 3 && deep > 0:
		return r.array(deep)
	}
	s := r.one("1", "12", "12.0", "1e3", "true", "false", "null", `""`, `"x"`, `"x\"y"`, `"\\"`, `"a\\\""`, `"{"`, `"],"`, `"\u0061"`, `"2026-03-02T10:00:00Z"`, `"0a1b2c3d4e5f"`)
	return s, s
}

func (r *texter) object(deep int) (a, b string) {
	var as, bs []string
	names := slices.Clone([]string{"id", "a", "b", "name", "token", "count", "x y", `q\"`, "77"})
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:r.IntN(len(names))] {
		va, vb := r.value(deep - 1)
		if r.IntN(r.often) > 0 {
			as = append(as, r.blank()+`"`+name+`"`+r.blank()+":"+r.blank()+va+r.blank())
		}
		if r.IntN(r.often) > 0 {
			bs = append(bs, r.blank()+`"`+name+`":`+vb)
		}
	}
	if r.IntN(r.often) == 0 {
		r.Shuffle(len(bs), func(i, j int) { bs[i], bs[j] = bs[j], bs[i] })
	}
	return "{" + strings.Join(as, ",") + r.blank() + "}", "{" + strings.Join(bs, ",") + "}"
}

func (r *texter) array(deep int) (a, b string) {
	var as, bs []string
	for range r.IntN(5) {
		va, vb := r.value(deep - 1)
		as = append(as, r.blank()+va)
		if r.IntN(r.often) > 0 {
			bs = append(bs, vb)
		}
	}
	if r.IntN(r.often) == 0 {
		slices.Reverse(bs)
	}
	return "[" + strings.Join(as, ",") + "]", "[" + r.blank() + strings.Join(bs, ",") + "]"
}

// What is found in two texts that are taken apart together is what is found where each is by itself.
func TestTwinsAreAsEach(t *testing.T) {
	seed := maphash.MakeSeed()
	together, thin := 0, 0
	for n := range uint64(30_000) {
		r := &texter{rand.New(rand.NewPCG(n, 7)), []int{3, 10, 40}[n%3]}
		a, b := r.object(4)
		want, ok := differencesOf(a, b, parseEach, seed)
		if !ok {
			t.Fatalf("no JSON: %s or %s", a, b)
		}
		if a == b {
			continue
		}
		got, ok := differencesOf(a, b, parseTwins, seed)
		if !ok {
			t.Fatalf("not taken apart together: %s and %s", a, b)
		}
		if together++; !slices.Equal(got, want) {
			t.Fatalf("%s\n%s:\n%q, not\n%q", a, b, got, want)
		}
		var each, both [2]tree
		parseEach(&each[0], &each[1], []byte(a), []byte(b))
		parseTwins(&both[0], &both[1], []byte(a), []byte(b))
		if len(both[0].nodes) < len(each[0].nodes) {
			thin++
		}
	}
	if together < 20_000 || thin < 3_000 {
		t.Errorf("%d pairs were taken apart together, %d of them into fewer parts", together, thin)
	}
}

// What both texts have at the same place is not taken apart.
func TestTwinsShare(t *testing.T) {
	for _, c := range []struct {
		a, b  string
		nodes int // of the first
	}{
		{`{"n":1,"all":[1,2,3]}`, `{"n":2,"all":[1,2,3]}`, 2},
		{`{"n":1,"all":[1,2,3]}`, `{"n":1000,"all":[1,2,3]}`, 2},
		{`{"all":[1,2,{"]}":"}]"}],"n":1}`, `{"all":[1,2,{"]}":"}]"}],"n":2}`, 3},
		{`{"o":{"x":1,"y":[1,2]},"n":1}`, `{"o":{"x":2,"y":[1,2]},"n":1}`, 3},
		{`{"o":{"x":1,"y":[1,2]},"n":1}`, `{"o":{"x":2,"z":[1,2]},"n":1}`, 6}, // of what parts all, and then the rest not
		{`{"o":[1,2,3],"n":[1,2]}`, `{"o":[1,2,4],"n":[1,2]}`, 5},
	} {
		var then, now tree
		if ok := parseTwins(&then, &now, []byte(c.a), []byte(c.b)); !ok || len(then.nodes) != c.nodes {
			t.Errorf("%s and %s: %v, %d nodes, not %d", c.a, c.b, ok, len(then.nodes), c.nodes)
		}
	}
}

// What is no JSON where the texts part is left to who looks at each alone.
func TestTwinsRefuse(t *testing.T) {
	for _, c := range [][2]string{
		{`[1]`, `[2]`}, {`1`, `2`}, {``, `{}`}, {`{"a":1`, `{"a":2`}, {`{"a":1,`, `{"a":2,`}, {`{"a":1}x`, `{"a":2}y`}, {`{"a":x}`, `{"a":y}`}, {`{"a":1]`, `{"a":2}`},
		{`{"a":bad,"n":1}`, `{"a":bad,"n":2}`}, {`{"n":"1`, `{"n":"2`}, {`{"a" 1}`, `{"a":1}`}, {`{"a":1,}`, `{"a":2,"b":}`},
	} {
		var then, now tree
		if parseTwins(&then, &now, []byte(c[0]), []byte(c[1])) {
			t.Errorf("%s and %s are taken for JSON", c[0], c[1])
		}
	}
}

// Texts that seem to be the same again and again, each time one byte further on, are given up in time.
func TestTwinsGiveUp(t *testing.T) {
	blanks := strings.Repeat(" ", 5000)
	var a, b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&a, `,%s"%d":1`, blanks[:i%2*8+4000], i)
		fmt.Fprintf(&b, `,%s"%d":1`, blanks[:4008-i%2*8], i)
	}
	textA, textB := []byte("{"+a.String()[1:]+"}"), []byte("{"+b.String()[1:]+",2:2}")
	then, now := &tree{}, &tree{}
	then.begin(textA)
	now.begin(textB)
	w := twins{a: then, b: now, until: -1, spare: 10_000}
	w.value(span{}, span{}, 0)
	if read := 10_000 - w.spare; read > 10_000+2*(5000+len(textA)) {
		t.Errorf("%d bytes were read of %d", read, len(textA))
	}
	if d := New(maphash.MakeSeed()); d.json.trees[0].parse(textA) && parseTwins(&d.json.trees[0], &d.json.trees[1], textA, textB) {
		t.Error("2:2 is no member")
	}
}

func FuzzTwins(f *testing.F) {
	f.Add(`{"a":1,"b":[1,2]}`, `{"a":2,"b":[1,2]}`)
	f.Add(`{"a":{"x":"\""},"b":0}`, `{"a":{"x":"\\"},"c":0}`)
	f.Add(`{"a":{"":""},"b":0}`, ` {"a" :{ },"c":0}`)
	seed := maphash.MakeSeed()
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == b || len(a)+len(b) > maxPath {
			return
		}
		got, okGot := differencesOf(a, b, parseTwins, seed)
		want, okWant := differencesOf(a, b, parseEach, seed)
		if !okGot || !okWant || hasTwoOfAName(a) || hasTwoOfAName(b) { // of which nobody knows which one counts
			return
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q and %q: %q, not %q", a, b, got, want)
		}
	})
}

// hasTwoOfAName reports whether an object in a text has two members of one name.
func hasTwoOfAName(text string) bool {
	var t tree
	t.parse([]byte(text))
	for i := range t.nodes {
		names := map[string]bool{}
		for c := int32(i) + 1; t.nodes[i].kind == '{' && c < t.nodes[i].next; c = t.nodes[c].next {
			if names[string(t.key(c))] {
				return true
			}
			names[string(t.key(c))] = true
		}
	}
	return false
}
