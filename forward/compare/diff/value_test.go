package diff

import (
	"hash/maphash"
	"strings"
	"testing"
)

// Names and versions are told from what changes with time alone.
func TestNamed(t *testing.T) {
	for _, tt := range []struct {
		then, now             string
		wantPair, wantsSteady bool
	}{
		{"old", "new", true, true},
		{"", "new", true, true},
		{"1.4.7", "1.4.8", true, false},
		{"nginx/1.22.1", "nginx/1.24.0", true, false},
		{"none", "v2", true, false},
		{"17", "18", false, false},
		{"1.5", "1.6", false, false},
		{"15ms", "16ms", false, false},
		{"3 days ago", "4 days ago", false, false},
		{"2026-03-04T05:06:07Z", "2026-03-05T05:06:07Z", false, false},
		{"t12:30", "t12:31", false, false},
		{"v2", "17", false, false},
		{"v" + strings.Repeat("1", maxWord), "v2", false, false},
	} {
		var x, back Difference
		seed := maphash.MakeSeed()
		x.named(seed, []byte(tt.then), []byte(tt.now))
		back.named(seed, []byte(tt.now), []byte(tt.then))
		if x.Pair != 0 != tt.wantPair || x.Steady != tt.wantsSteady {
			t.Errorf("%s -> %s: %+v", tt.then, tt.now, x)
		}
		if x.Pair != back.Reverse || x.Reverse != back.Pair {
			t.Errorf("%s -> %s: the reverse of the reverse is another", tt.then, tt.now)
		}
	}
}
