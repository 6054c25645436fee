package forward

// A list is a doubly linked list of values that carry their own links: to put
// a value into a list allocates nothing, and it is taken out from anywhere in
// it without a search. The zero value is an empty list. A list that holds
// something must stay where it is in memory.
type list[T any] struct {
	root node[T] // its next is the first value, its prev the last, and it is of none
}

// A node is a value's place in one list. A value that may be in several lists
// at a time has one node for each.
type node[T any] struct {
	prev, next *node[T] // nil: in no list
	of         *T       // the value that carries this node
}

// pushBack appends v, which carries n; n must be in no list.
func (l *list[T]) pushBack(n *node[T], v *T) {
	l.begin()
	*n = node[T]{prev: l.root.prev, next: &l.root, of: v}
	n.prev.next, n.next.prev = n, n
}

// pushFront puts v, which carries n, before all others; n must be in no list.
func (l *list[T]) pushFront(n *node[T], v *T) {
	l.begin()
	*n = node[T]{prev: &l.root, next: l.root.next, of: v}
	n.prev.next, n.next.prev = n, n
}

// insert puts v, which carries n, before the value that carries at; n must be in no list.
func (l *list[T]) insert(n *node[T], v *T, at *node[T]) {
	*n = node[T]{prev: at.prev, next: at, of: v}
	n.prev.next, n.next.prev = n, n
}

// begin makes the zero value a ring.
func (l *list[T]) begin() {
	if l.root.next == nil {
		l.root.prev, l.root.next = &l.root, &l.root
	}
}

// first returns the value that has been in the list longest; nil: it is empty.
func (l *list[T]) first() *T {
	if l.root.next == nil {
		return nil
	}
	return l.root.next.of
}

// last returns the value that was put at the end last; nil: it is empty.
func (l *list[T]) last() *T {
	if l.root.prev == nil {
		return nil
	}
	return l.root.prev.of
}

// isIn reports whether the value is in the list.
func (n *node[T]) isIn() bool { return n.next != nil }

// successor returns the value behind this one in the list that it is in; nil: it is
// the last.
func (n *node[T]) successor() *T { return n.next.of }

// predecessor returns the value before this one in the list that it is in; nil: it is
// the first.
func (n *node[T]) predecessor() *T { return n.prev.of }

// remove takes the value out of the list it is in, if it is in one.
func (n *node[T]) remove() {
	if n.next == nil {
		return
	}
	n.prev.next, n.next.prev = n.next, n.prev
	*n = node[T]{}
}
