package compare

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"gor/forward/compare/diff"
)

// pages are paths that stand for themselves as routes: no table takes them for ids.
func pages(n int) (all []string) {
	for i := range n {
		all = append(all, "/"+string(rune('a'+i/5))+"page"+string(rune('a'+i%5)))
	}
	return all
}

// meetAll has each page asked for n times; a header of the answers is what say tells of
// a page and a server: "" for none.
func meetAll(t *testing.T, n int, say func(page, server int) string) *Report {
	t.Helper()
	e := newEngine(t, Config{})
	index := uint64(0)
	for round := range n {
		for i, page := range pages(15) {
			answer := func(server int) *diff.Answer {
				a := &diff.Answer{Status: 200, State: diff.NotCaptured, BodyLen: -1}
				if v := say(i, server); v != "" {
					a.Fields = []diff.Field{{Name: "x-kind", Value: v}}
				}
				return a
			}
			k := Key{1, index}
			e.Original(k, answer(0))
			e.Response(&Exchange{Key: k, User: index, Method: []byte("GET"), Path: []byte(page), Time: began + int64(round)*int64(time.Second), Answer: answer(1)})
			index++
		}
	}
	return e.Report()
}

// What all pages of a new version have is found although no page was asked for often,
// and pages that do not have it are not said to.
func TestAlike(t *testing.T) {
	for _, tt := range []struct {
		name string
		n    int // times that each page was asked for
		say  func(page, server int) string
		want uint64 // exchanges that are different
	}{
		{"a header more", 4, func(page, server int) string { return map[bool]string{true: "new"}[server == 1 && page < 12] }, 12 * 4},
		{"another value", 4, func(_, server int) string { return []string{"old", "new"}[server] }, 15 * 4},
		{"another version", 4, func(_, server int) string { return []string{"app/1.9.3", "app/1.10.0"}[server] }, 15 * 4},
		{"a number", 4, func(_, server int) string { return []string{"17", "18"}[server] }, 0},
		{"asked for once", 1, func(_, server int) string { return []string{"old", "new"}[server] }, 0},
		{"of one page alone", 4, func(page, server int) string { return map[bool]string{true: "new"}[server == 1 && page == 7] }, 0},
		{"of each page another", 4, func(page, server int) string {
			return map[bool]string{true: "new" + string(rune('a'+page))}[server == 1] + "x"
		}, 0},
		{"one page the other way round", 4, func(page, server int) string { return []string{"old", "new"}[server^map[bool]int{true: 1}[page == 3]] }, 0},
		{"no difference", 4, func(int, int) string { return "old" }, 0},
	} {
		r := meetAll(t, tt.n, tt.say)
		if got := &r.Targets[0]; got.Different != tt.want || got.Compared != uint64(15*tt.n) {
			t.Errorf("%s: %d of %d different, want %d", tt.name, got.Different, got.Compared, tt.want)
		}
		for _, route := range r.Targets[0].Routes {
			if route.Different > 0 && (len(route.Paths) != 1 || route.Paths[0].Path != "header x-kind" || len(route.Examples) == 0) {
				t.Errorf("%s: %+v", tt.name, route)
			}
		}
	}
}

// Servers that choose among values by chance are not told apart by many routes together either.
func TestAlikeByChance(t *testing.T) {
	for seed := range uint64(seeds(30)) {
		rnd := rand.New(rand.NewPCG(seed, 4))
		for _, values := range []int{2, 3, 20} {
			r := meetAll(t, 1+int(seed%5), func(int, int) string { return fmt.Sprintf("kind%c", 'a'+rnd.IntN(values)) })
			if r.Targets[0].Different > 0 {
				t.Errorf("seed %d, %d values: %+v", seed, values, r.Targets[0].Fates)
			}
		}
	}
}
