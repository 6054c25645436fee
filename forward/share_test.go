package forward

import (
	"math/rand/v2"
	"testing"
)

// A share has its part of what it is of, whole, and a smaller share of the same is
// within it, whoever asks.
func TestShareIsWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	requests := make([]Request, 100_000)
	for i := range requests {
		user := r.Uint64N(5000)
		requests[i] = Request{User: user + 1, Conn: user*10 + r.Uint64N(6), Index: r.Uint64N(1000)}
	}
	for _, tt := range []struct {
		spec string
		unit func(*Request) uint64
	}{
		{"", func(r *Request) uint64 { return r.User }},
		{"conn", func(r *Request) uint64 { return r.Conn }},
		{"req", func(r *Request) uint64 { return r.Conn<<16 | r.Index }},
	} {
		in := func(percent string) map[uint64]bool {
			spec, err := ParseTarget("http://x|" + percent + "%" + tt.spec)
			if err != nil {
				t.Fatal(err)
			}
			quota := newQuota(spec.limit())
			taken := map[uint64]bool{}
			for i := range requests {
				q := &requests[i]
				yes := quota.has(q)
				if was, seen := taken[tt.unit(q)]; seen && was != yes {
					t.Fatalf("|%s%%%s: a part of %d is taken", percent, tt.spec, tt.unit(q))
				}
				taken[tt.unit(q)] = yes
			}
			return taken
		}
		five, ten, ten2 := in("5"), in("10"), in("10")
		n := 0
		for unit := range ten {
			if ten[unit] {
				n++
			}
			if five[unit] && !ten[unit] || ten[unit] != ten2[unit] {
				t.Fatalf("%s %d: within 5 %%: %t, 10 %%: %t, again: %t", tt.spec, unit, five[unit], ten[unit], ten2[unit])
			}
		}
		if share := float64(n) / float64(len(ten)); share < 0.085 || share > 0.115 {
			t.Errorf("%s: 10 %% are %.1f %% of %d", tt.spec, 100*share, len(ten))
		}
	}
}

// A request of whose user nothing is known is its connection's.
func TestShareWithoutUser(t *testing.T) {
	if a, b := (&Request{Conn: 5}), (&Request{Conn: 6, User: 5}); ShareUsers.of(a) != ShareUsers.of(b) || a.user() != 5 {
		t.Error("the connection is not the user")
	}
}

// TestSamples: what is in no target's share is known beforehand, by the same rule.
func TestSamples(t *testing.T) {
	f, err := New(Config{Targets: []TargetSpec{{URL: "http://a", Percent: 5}, {URL: "http://b", Percent: 10, Share: ShareConnections}}})
	if err != nil {
		t.Fatal(err)
	}
	in, before := 0, 0
	for n := range uint64(1000) {
		r := &Request{Conn: n << 20, User: n << 40, Raw: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}
		samples := f.Samples(&Request{Conn: r.Conn, User: r.User})
		f.Submit(r)
		if samples {
			in++
		}
		queued := f.Stats()[0].Queue + f.Stats()[1].Queue
		if (queued > before) != samples {
			t.Fatalf("request %d: sampled %v, %d wait after %d", n, samples, queued, before)
		}
		before = queued
	}
	if in < 100 || in > 200 {
		t.Errorf("%d of 1000 are in a share of 5%% or one of 10%%", in)
	}
}
