package reassembly

import (
	"slices"
	"testing"
)

// TestNames: every Fate and Protocol has a name of its own, the one that its
// String gives, and a sentence that explains it.
func TestNames(t *testing.T) {
	check := func(kind string, names []string, want int, text func(i int) string, help func(i int) string) {
		if len(names) != want {
			t.Errorf("%s: %d names, want %d", kind, len(names), want)
		}
		for i, name := range names {
			if name == "" || name != text(i) || slices.Index(names, name) != i || help(i) == "" {
				t.Errorf("%s %d: name %q, String %q, help %q", kind, i, name, text(i), help(i))
			}
		}
	}
	check("Fate", Fates{}.Names(), int(fates), func(i int) string { return Fate(i).String() }, Fates{}.Help)
	check("Protocol", Streams{}.Names(), int(protocols), func(i int) string { return Protocol(i).String() }, Streams{}.Help)
	if fates.String() != "unknown" || protocols.String() != "invalid" {
		t.Errorf("values that do not exist are called %q and %q", fates, protocols)
	}
}

// TestTrouble: an operator wants to know of requests that gor lost, not of those
// that clients, filters or limits of their own ended.
func TestTrouble(t *testing.T) {
	var got []string
	for i, name := range (Fates{}).Names() {
		if (Fates{}).Trouble(i) {
			got = append(got, name)
		}
	}
	if want := []string{"gap", "truncated", "shed", "queue_full"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i := range (Streams{}).Names() {
		if (Streams{}).Trouble(i) {
			t.Errorf("%v is trouble", Protocol(i))
		}
	}
}
