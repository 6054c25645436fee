package diff

import (
	"fmt"
	"hash/maphash"
	"strings"
	"testing"
)

// What a Differ keeps is known, and no answer is among it.
func TestRoom(t *testing.T) {
	d := New(maphash.MakeSeed())
	if d.Room() > 1000 {
		t.Errorf("%d bytes before anything was compared", d.Room())
	}
	list := func(v int) string { return fmt.Sprintf(`{"a":%d,"list":[%s1]}`, v, strings.Repeat("1,", 20_000)) }
	then, now := compressed(t, "gzip", list(1)), compressed(t, "gzip", list(2))
	d.Compare(then, now, func(*Difference) {})
	if least := 2 * 40_000; d.Room() < least || d.Room() > 8<<20 {
		t.Errorf("%d bytes, want %d or more", d.Room(), least)
	}
	if d.then != nil || d.now != nil || d.visit != nil || d.json.trees[0].text != nil || d.json.trees[1].text != nil {
		t.Error("an answer is kept")
	}
}
