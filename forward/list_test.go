package forward

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A numbered value is in two lists at a time.
type numbered struct {
	n    int
	a, b node[numbered]
}

func numbers(l *list[numbered]) (all []int) {
	if l.first() == nil {
		return nil
	}
	for k := l.root.next; k != &l.root; k = k.next {
		all = append(all, k.of.n)
	}
	return all
}

// TestListOfTwo: a value's places in two lists have nothing to do with each other.
func TestListOfTwo(t *testing.T) {
	var a, b list[numbered]
	if a.first() != nil {
		t.Fatal("the zero list has a first value")
	}
	v := make([]numbered, 4)
	for i := range v {
		v[i].n = i
		a.pushBack(&v[i].a, &v[i])
	}
	for i := range v {
		b.pushBack(&v[3-i].b, &v[3-i])
	}
	for _, tt := range []struct {
		name string
		do   func()
		want []int // a
	}{
		{"from the middle", v[2].a.remove, []int{0, 1, 3}},
		{"once more", v[2].a.remove, []int{0, 1, 3}},
		{"the first", v[0].a.remove, []int{1, 3}},
		{"the last", v[3].a.remove, []int{1}},
		{"the only one", v[1].a.remove, nil},
		{"back again", func() { a.pushBack(&v[2].a, &v[2]) }, []int{2}},
	} {
		tt.do()
		if got := numbers(&a); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		if got := numbers(&b); !slices.Equal(got, []int{3, 2, 1, 0}) {
			t.Errorf("%s: the other list became %v", tt.name, got)
		}
	}
}

// TestListModel runs random operations against a slice.
func TestListModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var l list[numbered]
	var model []int
	v := make([]numbered, 10)
	for i := range v {
		v[i].n = i
	}
	for step := range 10_000 {
		i := rnd.IntN(len(v))
		if at := slices.Index(model, i); at >= 0 {
			v[i].a.remove()
			model = slices.Delete(model, at, at+1)
		} else if rnd.IntN(2) == 0 {
			l.pushFront(&v[i].a, &v[i])
			model = slices.Insert(model, 0, i)
		} else {
			l.pushBack(&v[i].a, &v[i])
			model = append(model, i)
		}
		if got := numbers(&l); !slices.Equal(got, model) {
			t.Fatalf("step %d: got %v, want %v", step, got, model)
		}
	}
}
