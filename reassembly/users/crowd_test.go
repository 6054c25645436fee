package users

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Who makes more requests than a person is a crowd from the next one on, for ten
// minutes behind the last ten seconds of that.
func TestCrowd(t *testing.T) {
	var c crowds
	start := int64(1_700_000_000 * time.Second)
	for i := range maxRequests {
		if crowd, _ := c.count(42, start+int64(i)); crowd {
			t.Fatalf("a crowd after %d", i)
		}
	}
	if crowd, isNew := c.count(42, start+1000); !crowd || !isNew {
		t.Errorf("one more: %t, %t", crowd, isNew)
	}
	if crowd, isNew := c.count(42, start+1001); !crowd || isNew {
		t.Errorf("and again: %t, new %t", crowd, isNew)
	}
	if crowd, _ := c.count(42, start+int64(crowdPeriods*crowdPeriod)); !crowd {
		t.Error("no crowd any more within ten minutes")
	}
	if crowd, _ := c.count(42, start+int64((crowdPeriods+1)*crowdPeriod)); crowd {
		t.Error("still a crowd after ten minutes")
	}
	if crowd, _ := c.count(43, 0); crowd {
		t.Error("a crowd with one request, at the time 0")
	}
}

// A person who makes many requests, but not in ten seconds, is none.
func TestNoCrowd(t *testing.T) {
	var c crowds
	for i := range 100_000 {
		if crowd, _ := c.count(42, int64(i)*int64(60*time.Millisecond)); crowd {
			t.Fatalf("a crowd after %d", i)
		}
	}
}

// Among a hundred thousand others in ten seconds, with more keys than there are
// counters, no key is taken for a crowd that is none, and no heavy one is missed.
func TestCrowdAmongMany(t *testing.T) {
	var c crowds
	r := rand.New(rand.NewPCG(1, 1))
	mix := func(n uint64) uint64 { return hashKey{1, 2}.sum(n, nil) }
	truth, found := map[uint64]int{}, map[uint64]bool{}
	for i := range 100_000 {
		key := mix(uint64(1000 + r.IntN(30_000)))
		if n := r.IntN(100); n < 10 { // ten of them have a hundredth of the requests each
			key = mix(uint64(n))
		}
		truth[key]++
		if crowd, _ := c.count(key, int64(i)*int64(10*time.Second)/100_000); crowd {
			found[key] = true
		}
	}
	for key := range found {
		if truth[key] <= maxRequests {
			t.Errorf("a key with %d requests is a crowd", truth[key])
		}
	}
	for n := range 10 {
		if !found[mix(uint64(n))] {
			t.Errorf("a key with %d of 100000 requests is no crowd", truth[mix(uint64(n))])
		}
	}
}

// A crowd is named once, with its source and with what to choose instead, but
// without a session or a password; and no more than ten are.
func TestCrowdIsNamed(t *testing.T) {
	for _, tt := range []struct{ name, rule, field, want, never string }{
		{"address", "", "Accept: x", "address 192.0.2.1", "nothing"},
		{"forwarded", "", "X-Forwarded-For: 10.1.2.3", "address 10.1.2.3", "nothing"},
		{"key", "", "Authorization: Bearer s3cret", `Authorization \"Bearer\"`, "s3cret"},
		{"cookie", "", "Cookie: sid=s3cret", `cookie \"sid\"`, "s3cret"},
		{"header", "header:X-Key", "X-Key: s3cret", "header", "s3cret"},
		{"escape", "", "Authorization: \x1b[2Jxx s3cret", `x1b`, "\x1b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			rule, err := ParseRule(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			f := New(Config{Rule: rule, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			for range 3 * maxRequests {
				f.find(fields(tt.field), addr(here), 1, 0)
			}
			said := log.String()
			if strings.Count(said, "\n") != 1 || !strings.Contains(said, tt.want) || !strings.Contains(said, "--session") || strings.Contains(said, tt.never) {
				t.Errorf("want one line with %s and without %q:\n%s", tt.want, tt.never, said)
			}
			if s := f.Stats(); s.Crowds != 1 || s.CrowdRequests != 2*maxRequests {
				t.Errorf("%d crowds, %d requests", s.Crowds, s.CrowdRequests)
			}
		})
	}
	var log bytes.Buffer
	f := New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	for n := range 20 {
		for range 2 * maxRequests {
			f.find(nil, addr(fmt.Sprintf("10.0.0.%d", n)), 1, 0)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != maxNamed || f.Stats().Crowds != 20 {
		t.Errorf("%d lines for %d crowds", n, f.Stats().Crowds)
	}
}
