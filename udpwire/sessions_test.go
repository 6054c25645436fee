package udpwire

import "testing"

// TestDispensable: who makes room for another.
func TestDispensable(t *testing.T) {
	const ran = 100 * idleGive
	type known struct {
		silent int64 // for so long
		used   bool
	}
	for _, c := range []struct {
		name string
		all  []known
		want int // which of them; -1: none
	}{
		{"none is there", nil, -1},
		{"all are in use", []known{{0, true}, {idleGive - 1, true}}, -1},
		{"one is silent", []known{{0, true}, {idleGive, true}}, 1},
		{"one is silent for longer", []known{{2 * idleGive, true}, {idleGive, true}}, 0},
		{"one was never used", []known{{0, true}, {0, false}}, 1},
		{"the one never used before one that is silent", []known{{9 * idleGive, true}, {0, false}}, 1},
		{"of those never used the one silent longest", []known{{1, false}, {2, false}, {9 * idleGive, true}}, 1},
	} {
		for range 10 { // the order of a map is never the same
			all := newSessionTable(1 << 20)
			for i, k := range c.all {
				s := &session{id: uint64(i), heard: ran - k.silent}
				if k.used {
					s.inbox.numbers.highest = 1
				}
				all.add(s)
			}
			got := -1
			if s := all.dispensable(ran); s != nil {
				got = int(s.id)
			}
			if got != c.want {
				t.Fatalf("%s: %d, want %d", c.name, got, c.want)
			}
		}
	}
}

// TestShare: the socket's buffer is divided between those heard of late, as they come, go, and fall silent.
func TestShare(t *testing.T) {
	all := newSessionTable(6 << 20)
	share := func(ran int64, among int) {
		t.Helper()
		if got := all.share(ran); got != uint32(6<<20/among) {
			t.Errorf("%d bytes, not one of %d", got, among)
		}
	}
	share(0, 1) // nobody is there
	var s [4]*session
	for i := range s {
		s[i] = &session{id: uint64(i)}
		all.add(s[i])
		share(0, i+1)
	}
	all.remove(s[3])
	share(0, 3)
	all.touch(s[0], idleGive)
	share(idleGive, 1)
	all.touch(s[1], idleGive+1)
	share(idleGive+1, 2)
	for i := range 1000 {
		all.add(&session{id: uint64(10 + i), heard: idleGive + 1})
	}
	if got := all.share(idleGive + 1); got != minWindow {
		t.Errorf("%d bytes of many, not the least", got)
	}
}
