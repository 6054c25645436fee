package routes

import (
	"iter"
	"maps"
	"slices"
)

const (
	// DefaultMax is how many routes a Table has at most, if nothing else is said.
	DefaultMax = 500

	// Other is the name of all routes beyond the most that a Table has.
	Other = "(other)"

	maxChildren = 100 // different continuations of a path, until the rare ones become one
	rareShare   = 200 // one with less than 1/rareShare of the requests is rare
	rareMean    = 4   // where there are ever more, so is one with less than rareMean times what they have on average
	settled     = 4   // the first half of them within 1/settled of the requests: there are not ever more
	maxDepth    = 12  // segments of a path; what follows is one segment, {rest}
	maxMethods  = 16  // of one path; more are one
)

// A Table learns routes and keeps a value for each. It is not for concurrent use.
type Table[V any] struct {
	max   int
	merge func(into, from *V)

	root  node[V]
	count int // routes
	other *V  // nil: there was no need

	seen     uint64 // requests
	shrinkAt uint64 // how many must have been seen before it is worth looking for routes to merge again
}

// A node is what paths with the same beginning have in common.
type node[V any] struct {
	requests uint64 // that came by
	children map[string]*node[V]
	routes   map[string]*V // by method: of the paths that end here
	merged   bool          // continuations that are not known are one, {id}
	halfway  uint64        // how many requests had come by when there was half of the continuations that there may be
}

// New makes a Table of at most limit routes; merge adds what one route's value
// holds to another's.
func New[V any](limit int, merge func(into, from *V)) *Table[V] {
	return &Table[V]{max: limit, merge: merge}
}

// At returns the value of the route that a request belongs to; a new route's is the
// zero value. The pointer is good until the next call, which may merge it into
// another.
func (t *Table[V]) At(method, target []byte) *V {
	t.seen++
	if v := t.at(method, target); v != nil {
		return v
	}
	if t.shrink() {
		if v := t.at(method, target); v != nil {
			return v
		}
	}
	if t.other == nil {
		t.other = new(V)
	}
	return t.other
}

// at is At, or nil where one route too many would have to be made.
func (t *Table[V]) at(method, target []byte) *V {
	n := &t.root
	n.requests++
	for segment := range segments(path(target)) {
		c := n.child(segment)
		if c == nil {
			if t.count >= t.max {
				return nil
			}
			c = t.grow(n, segment)
		}
		n = c
		n.requests++
	}
	if v := n.routes[string(method)]; v != nil {
		return v
	}
	name := methodName(method)
	if len(n.routes) >= maxMethods {
		name = Other
	}
	if v := n.routes[name]; v != nil {
		return v
	}
	if t.count >= t.max {
		return nil
	}
	if n.routes == nil {
		n.routes = make(map[string]*V, 1)
	}
	v := new(V)
	n.routes[name] = v
	t.count++
	return v
}

// child is the continuation of n with a segment; nil: there is none yet.
func (n *node[V]) child(segment []byte) *node[V] {
	if c := n.children[string(segment)]; c != nil {
		return c
	}
	var room [maxSegment + len(ID)]byte
	if key := appendShape(room[:0], segment); len(key) > 0 {
		return n.children[string(key)]
	}
	if n.merged {
		return n.children[ID]
	}
	if isPrintable(segment) {
		return nil
	}
	return n.children[printable(segment)]
}

// grow gives n a continuation, and merges its rare ones if it has too many.
func (t *Table[V]) grow(n *node[V], segment []byte) *node[V] {
	key := string(appendShape(nil, segment))
	switch {
	case key != "":
	case n.merged:
		key = ID
	default:
		key = printable(segment)
	}
	if n.children == nil {
		n.children = make(map[string]*node[V], 1)
	}
	c := &node[V]{}
	n.children[key] = c
	if len(n.children) == maxChildren/2 {
		n.halfway = n.requests
	}
	if len(n.children) > maxChildren && !n.merged {
		c.requests = 1 // it is as rare as can be
		t.mergeRare(n)
		return n.child(segment)
	}
	return c
}

// rare is how many requests a continuation has at most that is rare. A server that
// has just many places has shown most of them early, and what comes late is rare.
// Users, articles and the like keep coming, each with a few requests.
func (n *node[V]) rare() uint64 {
	if n.halfway > 0 && n.requests/settled > n.halfway {
		return max(n.requests/rareShare, 1)
	}
	return max(rareMean*n.requests/uint64(len(n.children)), 1)
}

// mergeRare makes one continuation of all that are rare in n, and of those to come.
func (t *Table[V]) mergeRare(n *node[V]) {
	rare := n.rare()
	n.merged = true
	id := n.children[ID]
	if id == nil {
		id = &node[V]{}
	}
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		if c := n.children[key]; c != id && c.requests <= rare {
			t.join(id, c)
			delete(n.children, key)
		}
	}
	n.children[ID] = id
	if len(id.children) > maxChildren && !id.merged {
		t.mergeRare(id)
	}
}

// join adds what is below from to into.
func (t *Table[V]) join(into, from *node[V]) {
	into.requests += from.requests
	into.merged = into.merged || from.merged
	for method, v := range from.routes {
		if have := into.routes[method]; have != nil {
			t.merge(have, v)
			t.count--
			continue
		}
		if into.routes == nil {
			into.routes = make(map[string]*V, 1)
		}
		into.routes[method] = v
	}
	for key, c := range from.children {
		if have := into.children[key]; have != nil {
			t.join(have, c)
			continue
		}
		if into.children == nil {
			into.children = make(map[string]*node[V], 1)
		}
		into.children[key] = c
	}
}

// shrink merges rare routes where a path has the most continuations, until there is
// room again; it reports whether there is. It walks through all there is, and so it
// does not try again before twice as many requests have come.
func (t *Table[V]) shrink() bool {
	if t.seen < t.shrinkAt {
		return false
	}
	for t.count >= t.max {
		n := widest(&t.root)
		if n == nil {
			t.shrinkAt = 2 * t.seen
			return false
		}
		t.mergeRare(n)
	}
	return true
}

// widest is the node with the most continuations whose rare ones were not merged
// yet; nil: no node has more than one.
func widest[V any](n *node[V]) *node[V] {
	var best *node[V]
	if !n.merged && len(n.children) > 1 {
		best = n
	}
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		if w := widest(n.children[key]); w != nil && (best == nil || len(w.children) > len(best.children)) {
			best = w
		}
	}
	return best
}

// All yields every route's name, such as "GET /users/{id}", and its value, in the
// order of the paths; (other) comes last.
func (t *Table[V]) All() iter.Seq2[string, *V] {
	return func(yield func(string, *V) bool) {
		if t.root.all("", yield) && t.other != nil {
			yield(Other, t.other)
		}
	}
}

// all yields the routes of the paths that begin with prefix.
func (n *node[V]) all(prefix string, yield func(string, *V) bool) bool {
	for _, method := range slices.Sorted(maps.Keys(n.routes)) {
		if !yield(method+" "+prefix, n.routes[method]) {
			return false
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		below := prefix + "/" + key
		if prefix == "" && key == asterisk {
			below = asterisk // OPTIONS * asks about no path
		}
		if !n.children[key].all(below, yield) {
			return false
		}
	}
	return true
}

// Len is how many routes there are, without (other).
func (t *Table[V]) Len() int { return t.count }
