package udpwire

import (
	"slices"
	"testing"
)

// TestReasons: every reason has a name of its own, the one that its String gives,
// and a sentence that explains it; datagrams thrown away are trouble, whatever for.
func TestReasons(t *testing.T) {
	var r Rejects
	names := r.Names()
	if len(names) != len(r) {
		t.Errorf("%d names for %d reasons", len(names), len(r))
	}
	for i, name := range names {
		if name == "" || name != reason(i).String() || slices.Index(names, name) != i || r.Help(i) == "" || !r.Trouble(i) {
			t.Errorf("reason %d: name %q, String %q, help %q, trouble %v", i, name, reason(i), r.Help(i), r.Trouble(i))
		}
	}
}
