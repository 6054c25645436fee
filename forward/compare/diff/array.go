package diff

import (
	"bytes"
	"cmp"
	"hash/maphash"
	"slices"
)

// identities are the names of members that tell elements of an array apart, the best
// first.
var identities = []string{"id", "_id", "uuid", "guid", "key", "slug", "code", "sku", "name"}

// An element of an array, by what it is.
type element struct {
	id uint64 // hash of its identity, or of all of it
	at int32
}

// take and give lend room for lists of elements: arrays are within arrays.
func (d *treeDiffer) take() []element {
	n := len(d.lists)
	if n == 0 {
		return nil
	}
	list := d.lists[n-1]
	d.lists = d.lists[:n-1]
	return list[:0]
}

func (d *treeDiffer) give(lists ...[]element) { d.lists = append(d.lists, lists...) }

// array compares two arrays: elements that have an identity with those of the same
// one, others by what they are; order is a difference of its own.
func (d *treeDiffer) array(a, b int32) {
	path := len(d.path)
	d.path = append(d.path, "[]"...)
	listA, listB := d.take(), d.take()
	defer func() {
		d.give(listA, listB)
		d.path = d.path[:path]
	}()
	for _, name := range identities {
		var okA, okB bool
		listA, okA = d.identify(0, a, name, listA)
		if !okA {
			continue
		}
		if listB, okB = d.identify(1, b, name, listB); okB && d.match(listA, listB, name) {
			return
		}
	}
	listA, listB = d.identifyAll(0, a, listA), d.identifyAll(1, b, listB)
	switch {
	case len(listA) != len(listB) || !d.sameElements(listA, listB):
		d.positions(listA, listB)
	case !slices.EqualFunc(listA, listB, element.same):
		d.reordered(listA, listB, "")
	}
}

// identify lists the elements of an array by a member, and reports whether all have
// it and no two the same.
func (d *treeDiffer) identify(side int, i int32, name string, list []element) ([]element, bool) {
	t := &d.trees[side]
	list = list[:0]
	for c := i + 1; c < t.nodes[i].next; c = t.nodes[c].next {
		if t.nodes[c].kind != '{' {
			return list, false
		}
		d.steps++
		m := t.member(c, []byte(name), c+1)
		if m == 0 || t.nodes[m].kind != '"' && t.nodes[m].kind != '0' {
			return list, false
		}
		list = append(list, element{maphash.Bytes(d.seed, t.raw(m)), c})
	}
	return list, d.isUnique(list)
}

// isUnique reports whether no two elements are the same.
func (d *treeDiffer) isUnique(list []element) bool {
	s := d.sorted(list)
	defer d.give(s)
	for i := 1; i < len(s); i++ {
		if s[i].same(s[i-1]) {
			return false
		}
	}
	return true
}

// identifyAll lists the elements of an array by what they are.
func (d *treeDiffer) identifyAll(side int, i int32, list []element) []element {
	t := &d.trees[side]
	list = list[:0]
	for c := i + 1; c < t.nodes[i].next; c = t.nodes[c].next {
		list = append(list, element{d.hash(t, c), c})
	}
	return list
}

// hash stands for a value, whatever the order of its members.
func (d *treeDiffer) hash(t *tree, i int32) uint64 {
	d.steps++
	n := &t.nodes[i]
	if n.kind != '{' && n.kind != '[' {
		return maphash.Bytes(d.seed, t.raw(i))
	}
	h := uint64(n.kind)
	for c := i + 1; c < n.next; c = t.nodes[c].next {
		if n.kind == '{' {
			h += mix(maphash.Bytes(d.seed, t.key(c)) ^ mix(d.hash(t, c)))
		} else {
			h = mix(h) + d.hash(t, c)
		}
	}
	return mix(h)
}

// mix spreads what differs over all bits (the end of MurmurHash3).
func mix(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// sameElements reports whether two lists of the same length have the same elements, in any order.
func (d *treeDiffer) sameElements(a, b []element) bool {
	x, y := d.sorted(a), d.sorted(b)
	defer d.give(x, y)
	return slices.EqualFunc(x, y, element.same)
}

func (e element) same(o element) bool   { return e.id == o.id }
func (e element) compare(o element) int { return cmp.Compare(e.id, o.id) }

// sorted is a list in the order of what its elements are, to be given back.
func (d *treeDiffer) sorted(list []element) []element {
	s := append(d.take(), list...)
	slices.SortFunc(s, element.compare)
	return s
}

// find is where the element like e is; 0: nowhere.
func find(sorted []element, e element) int32 {
	if i, found := slices.BinarySearchFunc(sorted, e, element.compare); found {
		return sorted[i].at
	}
	return 0
}

// match compares elements with those of the same identity, the member name. It reports false, and
// does nothing, where no two are the same although there could be: identities that are made anew for each answer.
func (d *treeDiffer) match(a, b []element, name string) bool {
	x, y := d.sorted(a), d.sorted(b)
	defer d.give(x, y)
	if len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(e element) bool { return find(y, e) != 0 }) {
		return false
	}
	last, turned := int32(0), false
	for _, e := range a {
		if at := find(y, e); at != 0 {
			turned, last = turned || at < last, at
			d.node(e.at, at)
		} else {
			d.goneElement(e.at, 0)
		}
	}
	for _, e := range b {
		if find(x, e) == 0 {
			d.goneElement(0, e.at)
		}
	}
	if turned {
		d.reordered(a, b, name)
	}
	return true
}

// positions compares elements with those in the same places.
func (d *treeDiffer) positions(a, b []element) {
	n := min(len(a), len(b))
	for i := range n {
		d.node(a[i].at, b[i].at)
	}
	for _, e := range a[n:] {
		d.goneElement(e.at, 0)
	}
	for _, e := range b[n:] {
		d.goneElement(0, e.at)
	}
}

// goneElement tells of an element that only one has. It is not steady: lists get
// longer with time.
func (d *treeDiffer) goneElement(a, b int32) {
	x := Difference{What: Missing, Reason: Body}
	if a != 0 {
		x.Then = d.summary(0, a)
	} else {
		x.What, x.Now = Added, d.summary(1, b)
	}
	d.tell(x)
}

// maxOrder is how many elements of an array are shown to show their order.
const maxOrder = 8

// reordered tells of another order of the same elements, whose identity is the member name, if they have one.
func (d *treeDiffer) reordered(a, b []element, name string) {
	x := Difference{What: Order, Reason: Body}
	if kind := d.trees[0].nodes[a[0].at].kind; name == "" && (kind == '{' || kind == '[') {
		x.Then, x.Now = []byte("elements"), []byte("the same in another order")
	} else {
		x.Then, x.Now = d.sequence(0, a, name), d.sequence(1, b, name)
	}
	d.tell(x)
}

// sequence is the order of elements for people.
func (d *treeDiffer) sequence(side int, list []element, name string) []byte {
	t := &d.trees[side]
	v := d.order[side][:0]
	for i, e := range list[:min(len(list), maxOrder)] {
		if i > 0 {
			v = append(v, ", "...)
		}
		if m := e.at; name == "" {
			v = append(v, d.summary(side, m)...)
		} else if m = t.member(m, []byte(name), m+1); m != 0 {
			v = append(v, d.show(side, t.raw(m))...)
		}
		if len(v) > maxValue {
			break
		}
	}
	if len(list) > maxOrder || len(v) > maxValue {
		v = append(bytes.ToValidUTF8(v[:min(len(v), maxValue)], nil), "…"...)
	}
	d.order[side] = v
	return v
}
