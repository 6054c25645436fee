package routes

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// counter is a Table that counts requests.
func counter(limit int) *Table[int] {
	return New(limit, func(into, from *int) { *into += *from })
}

// learn counts requests, given as "METHOD target".
func learn(table *Table[int], requests ...string) {
	for _, r := range requests {
		method, target, _ := strings.Cut(r, " ")
		*table.At([]byte(method), []byte(target))++
	}
}

// counts are a Table's routes and how many requests each had.
func counts(table *Table[int]) map[string]int {
	all := map[string]int{}
	for name, n := range table.All() {
		all[name] += *n
	}
	return all
}

func expect(t *testing.T, table *Table[int], want map[string]int) {
	t.Helper()
	if got := counts(table); !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	n := 0
	for name := range want {
		if name != Other {
			n++
		}
	}
	if table.Len() != n {
		t.Errorf("%d routes, want %d", table.Len(), n)
	}
}

func TestMethodsAndOrder(t *testing.T) {
	table := counter(DefaultMax)
	learn(table, "POST /b", "GET /b", "GET /a/2", "GET /a", "PURGE /a/1", "GET /a/3", "OPTIONS *")
	expect(t, table, map[string]int{"GET /a": 1, "GET /a/{id}": 2, "PURGE /a/{id}": 1, "GET /b": 1, "POST /b": 1, "OPTIONS *": 1})
	var names []string
	for name := range table.All() {
		names = append(names, name)
	}
	want := []string{"OPTIONS *", "GET /a", "GET /a/{id}", "PURGE /a/{id}", "GET /b", "POST /b"}
	if !slices.Equal(names, want) {
		t.Errorf("in the order %q, want %q", names, want)
	}
	for range table.All() {
		break // which must not go on behind it
	}
}

// Users' names do not look like ids; that there are many of them, each rare, shows it.
func TestRareBecomeOne(t *testing.T) {
	table := counter(DefaultMax)
	want := map[string]int{}
	for i := range 5000 {
		learn(table, "GET /users/"+word(i)+"/cart", "GET /users/search", "POST /users/"+word(i))
	}
	want["GET /users/{id}/cart"], want["POST /users/{id}"], want["GET /users/search"] = 5000, 5000, 5000
	expect(t, table, want)
}

// A path with a hundred continuations, or some more that come often, keeps them.
func TestFrequentStay(t *testing.T) {
	table := counter(DefaultMax)
	want := map[string]int{}
	for i := range 50 * 100 {
		name := "GET /rpc/" + word(i%100)
		learn(table, name)
		want[name]++
	}
	expect(t, table, want)
	learn(table, "GET /rpc/somethingelse")
	want["GET /rpc/{id}"] = 1
	expect(t, table, want)
}

// word is a name that looks like no id.
func word(i int) string {
	return "n" + strings.Map(func(r rune) rune { return r - '0' + 'g' }, fmt.Sprint(i))
}

func TestManyMethods(t *testing.T) {
	table := counter(DefaultMax)
	for i := range 100 {
		learn(table, strings.ToUpper(word(i))+" /a")
	}
	learn(table, strings.Repeat("X", 30)+" /a", "A\x01B /b")
	got := counts(table)
	if got["A%01B /b"] != 1 || got["(other) /a"] != 100-maxMethods+1 || len(got) != maxMethods+2 {
		t.Errorf("%v", got)
	}
}

// Where there are too many routes, the rare continuations of the widest path become
// one; where that is not enough, the rest is (other).
func TestLimit(t *testing.T) {
	table := counter(20)
	for i := range 30 {
		learn(table, "GET /wide/"+word(i))
	}
	learn(table, "GET /a/b", "GET /a/c")
	if got := counts(table); got["GET /wide/{id}"] < 15 || got["GET /a/b"] != 1 || got["GET /a/c"] != 1 {
		t.Errorf("%v", got)
	}
	table = counter(3)
	for range 2 {
		learn(table, "A /", "B /", "C /", "D /", "E /")
	}
	expect(t, table, map[string]int{"A /": 2, "B /": 2, "C /": 2, Other: 4})
}

// Whatever comes, no request is lost, the routes stay within their limit, the
// memory too, and the same requests give the same routes.
func TestConservation(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 30 {
		limit := 1 + rnd.IntN(60)
		width, depth := 1+rnd.IntN(400), 1+rnd.IntN(4)
		var requests []string
		for range 5000 {
			path := "GET "
			for range 1 + rnd.IntN(depth) {
				path += "/" + word(int(float64(width)*rnd.Float64()*rnd.Float64()))
			}
			requests = append(requests, path)
		}
		a, b := counter(limit), counter(limit)
		learn(a, requests...)
		learn(b, requests...)
		sum := 0
		for _, n := range counts(a) {
			sum += n
		}
		nodes := size(&a.root)
		if sum != len(requests) || a.Len() > limit || len(counts(a)) > limit+1 || nodes > 1+limit*maxDepth {
			t.Fatalf("limit %d: %d requests of %d, %d routes, %d nodes", limit, sum, len(requests), a.Len(), nodes)
		}
		if !maps.Equal(counts(a), counts(b)) {
			t.Fatalf("two results: %v, %v", counts(a), counts(b))
		}
	}
}

// size is the number of nodes below and with n.
func size[V any](n *node[V]) int {
	sum := 1
	for _, c := range n.children {
		sum += size(c)
	}
	return sum
}

func TestAtAllocs(t *testing.T) {
	table := counter(DefaultMax)
	targets := [][]byte{[]byte("/users/123/cart?x=1"), []byte("/img/7.jpg"), []byte("/about")}
	get := []byte("GET")
	for _, target := range targets {
		table.At(get, target)
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, target := range targets {
			*table.At(get, target)++
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAt(b *testing.B) {
	table := counter(DefaultMax)
	get, target := []byte("GET"), []byte("/api/v1/items/000042/reviews?expand=owner&page=7")
	for b.Loop() {
		*table.At(get, target)++
	}
}

// FuzzTable: no paths make it lose a request or exceed its limit.
func FuzzTable(f *testing.F) {
	f.Add([]byte("/a/b\n/a/1\n/b;c?d\n*"))
	f.Add([]byte("\n\n//\n/\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		table := counter(5)
		n, sum := 0, 0
		for target := range strings.SplitSeq(string(b), "\n") {
			learn(table, "GET "+target, target+" /")
			n += 2
		}
		for name, c := range table.All() {
			sum += *c
			if !isPrintable([]byte(strings.ReplaceAll(name, " ", ""))) && strings.ToValidUTF8(name, "") != name {
				t.Fatalf("the name %q", name)
			}
		}
		if sum != n || table.Len() > 5 {
			t.Fatalf("%d requests of %d in %d routes", sum, n, table.Len())
		}
	})
}
