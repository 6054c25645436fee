package forward

import (
	"math/rand/v2"
	"testing"
)

// TestAllowance follows what is made of how connections end: "20" that one was ended
// after 20 requests, "on" that one that had as many as it may have goes on, "new" that
// connections are renewed. Behind them stands how many requests a connection may have.
func TestAllowance(t *testing.T) {
	const on, renew = -1, -2
	for name, tt := range map[string]struct {
		events []int
		most   int // 0: any number
	}{
		"nothing is known":              {nil, 0},
		"the first is believed":         {[]int{20}, 20},
		"the second proves it":          {[]int{20, 20}, 19},
		"it stays":                      {[]int{20, 20, 20, 20}, 19},
		"nothing was taken":             {[]int{0}, 0},
		"one each":                      {[]int{1, 1}, 1},
		"it was wrong":                  {[]int{7, on}, 0},
		"one each, for some time":       {[]int{1, 1, on}, 0},
		"wrong, then right":             {[]int{7, on, 20, 20}, 19},
		"a restart below it":            {[]int{20, 20, 7}, 19},
		"restarts below it":             {[]int{20, 20, 7, 8, 7}, 19},
		"restarts with the same number": {[]int{20, 20, 7, 20, 7}, 19},
		"it is less now":                {[]int{20, 20, 7, 7}, 7},
		"it is less, and that is sure":  {[]int{20, 20, 7, 7, 7}, 6},
		"it is more":                    {[]int{20, 20, 30}, 30},
		"closed here":                   {[]int{20, 20, on}, 19},
		"to be proven anew":             {[]int{20, 20, renew}, 20},
		"proven anew":                   {[]int{20, 20, renew, 20}, 19},
		"it is more since":              {[]int{20, 20, renew, on}, 0},
	} {
		var a allowance
		for _, e := range tt.events {
			switch e {
			case on:
				a.isSpent(a.most())
			case renew:
				a.doubt()
			default:
				a.ended(e)
			}
		}
		for n := range 100 {
			if want := tt.most > 0 && n >= tt.most; a.reached(n) != want {
				t.Errorf("%s: with %d requests: %v", name, n, !want)
			}
		}
	}
}

// TestAllowanceFound: whatever came before, after a few connections that a target ended
// for their number alone, that is what they get, but for one.
func TestAllowanceFound(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var a allowance
		for range random.IntN(10) {
			switch random.IntN(4) {
			case 0:
				a.isSpent(a.most())
			case 1:
				a.doubt()
			default:
				a.ended(random.IntN(6))
			}
		}
		before, limit := a, 2+random.IntN(6)
		for range 8 { // connections
			n := 0
			for n < limit && !a.reached(n) {
				if n++; n < limit && a.reached(n) {
					a.isSpent(n) // it goes on with it, or closes it
				}
			}
			if n == limit {
				a.ended(n)
			}
		}
		if !a.reached(limit-1) || a.reached(limit-2) && !before.proven {
			t.Fatalf("%d at most, from %+v: %+v", limit, before, a)
		}
	}
}
