package udpwire

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A bead is a value with links, and a number to know it by.
type bead struct {
	links[bead]
	n int
}

// numbersOf returns the beads' numbers from first to last, and checks on the way that they read the same backwards.
func numbersOf(t *testing.T, l *list[bead, *bead]) (forwards []int) {
	t.Helper()
	for b := l.first; b != nil; b = b.next {
		forwards = append(forwards, b.n)
	}
	var backwards []int
	for b := l.last; b != nil; b = b.prev {
		backwards = append(backwards, b.n)
	}
	slices.Reverse(backwards)
	if !slices.Equal(forwards, backwards) {
		t.Fatalf("forwards %v, backwards %v", forwards, backwards)
	}
	return forwards
}

func TestListRemove(t *testing.T) {
	for _, c := range []struct {
		name   string
		remove []int
		left   []int
	}{
		{"nothing", nil, []int{0, 1, 2, 3}},
		{"the first", []int{0}, []int{1, 2, 3}},
		{"the last", []int{3}, []int{0, 1, 2}},
		{"the middle", []int{1}, []int{0, 2, 3}},
		{"neighbours", []int{1, 2}, []int{0, 3}},
		{"all but one", []int{3, 0, 1}, []int{2}},
		{"all", []int{2, 0, 3, 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l list[bead, *bead]
			beads := [4]bead{}
			for i := range beads {
				beads[i].n = i
				l.push(&beads[i])
			}
			for _, i := range c.remove {
				l.remove(&beads[i])
				if beads[i].links != (links[bead]{}) {
					t.Errorf("%d still has neighbours", i)
				}
			}
			if got := numbersOf(t, &l); !slices.Equal(got, c.left) {
				t.Errorf("%v left, want %v", got, c.left)
			}
		})
	}
}

func TestListPop(t *testing.T) {
	var l list[bead, *bead]
	if l.pop() != nil {
		t.Error("an empty list has a value")
	}
	beads := [3]bead{{n: 0}, {n: 1}, {n: 2}}
	for i := range beads {
		l.push(&beads[i])
	}
	for i := range beads {
		if b := l.pop(); b != &beads[i] {
			t.Errorf("%+v popped, want %d", b, i)
		}
	}
	if l.pop() != nil || l.first != nil || l.last != nil {
		t.Error("not empty in the end")
	}
	l.push(&beads[1]) // a value that was popped may come again
	if got := numbersOf(t, &l); !slices.Equal(got, []int{1}) {
		t.Errorf("%v", got)
	}
}

// TestListModel drives a list and a slice with the same random work: they stay equal.
func TestListModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var l list[bead, *bead]
	var model []*bead
	for i := range 5000 {
		switch k := rng.IntN(4); {
		case k == 3 && len(model) > 0:
			j := rng.IntN(len(model))
			l.remove(model[j])
			model = slices.Delete(model, j, j+1)
		case k == 2 && len(model) > 0:
			if b := l.pop(); b != model[0] {
				t.Fatalf("popped %d, want %d", b.n, model[0].n)
			}
			model = model[1:]
		default:
			b := &bead{n: i}
			l.push(b)
			model = append(model, b)
		}
		got := numbersOf(t, &l)
		if len(got) != len(model) {
			t.Fatalf("%d values, want %d", len(got), len(model))
		}
		for j, n := range got {
			if n != model[j].n {
				t.Fatalf("value %d is %d, want %d", j, n, model[j].n)
			}
		}
	}
}

func TestListAllocatesNothing(t *testing.T) {
	var l list[bead, *bead]
	beads := [8]bead{}
	if n := testing.AllocsPerRun(100, func() {
		for i := range beads {
			l.push(&beads[i])
		}
		l.remove(&beads[4])
		for l.pop() != nil {
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
