package users

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// Whoever has seen a request before makes of it what somebody does who has not,
// whichever fields it has, and in whichever order they come.
func TestMemo(t *testing.T) {
	lines := []string{
		"Cookie: sid=1", "Cookie: sid=2", "cookie: sid=1", "Cookie: sid=1 ", "Cookie: a=b; sid=1", "Cookie: PHPSESSID=1; sid=1", "Cookie: a=b", "Cookie: c=d",
		"Cookie:", "Cookie: SESSab=1", "Cookie: SESScd=1", "Cookie: sid=1;\r\n mine=2", "Cookie: mine=2", "Authorization: Basic YTpi", "Authorization: Negotiate abcd",
		"X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2", "X-User: 9", "User-Agent: one", "User-Agent: two", "Host: a",
	}
	for _, rule := range []string{"", "cookie:mine", "header:X-User", "ip", "connection"} {
		t.Run(rule, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			rule, err := ParseRule(rule)
			if err != nil {
				t.Fatal(err)
			}
			seen, hits := New(Config{Rule: rule}), 0
			for i := range 2_000 {
				var chosen []string
				for range r.IntN(4) {
					chosen = append(chosen, lines[r.IntN(len(lines))])
				}
				client, conn, now := addr(fmt.Sprintf("192.0.2.%d", r.IntN(3))), r.Uint64N(3), int64(i)*1e9
				fresh, m, raw := New(Config{Rule: rule}), fields(chosen...), seen.stats
				got, want := seen.find(m, client, conn, now), fresh.find(m, client, conn, now)
				if got.Key != want.Key || got.By != want.By {
					t.Fatalf("request %d, %q: %+v, to somebody else %+v", i, chosen, got, want)
				}
				for rank, n := range fresh.stats.cookies {
					if seen.stats.cookies[rank]-raw.cookies[rank] != n {
						t.Fatalf("request %d, %q: counted as cookie %d %d times, want %d", i, chosen, rank, seen.stats.cookies[rank]-raw.cookies[rank], n)
					}
				}
			}
			for _, e := range seen.memo.entries {
				if e.known {
					hits++
				}
			}
			if want := map[bool]int{true: 10, false: 0}[rule.by == byEvidence || rule.by == byCookie]; hits < want || want == 0 && hits != 0 {
				t.Errorf("%d fields are known by heart, want %d at least", hits, want)
			}
		})
	}
}

// Of two fields that meet in one place the later one is remembered, as itself.
func TestMemoIsBounded(t *testing.T) {
	f := New(Config{})
	keys := make(map[uint64]int)
	for round := range 2 {
		for i := range 3 << memoBits {
			u := f.find(fields(fmt.Sprintf("Cookie: sid=%d", i)), addr(here), 7, int64(i)*1e9)
			if was, known := keys[u.Key]; known && was != i || !known && round > 0 {
				t.Fatalf("session %d has the key of %d", i, was)
			}
			keys[u.Key] = i
		}
	}
}
