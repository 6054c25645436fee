package udpwire

// A list is a queue whose values carry their own places in it: queueing allocates nothing, and a value leaves from
// the middle without a search. A type is fit for a list when it embeds links of itself; it is in one list at a time.
// The zero value is an empty list. Not safe for concurrent use.
type list[T any, P linked[T]] struct {
	first P // the value pushed earliest of those still here; nil: the list is empty
	last  P // the value pushed latest
}

// links are a value's neighbours in its list. They belong to the list: only its methods write them.
type links[T any] struct{ prev, next *T }

// place lets a list reach the links that a type embeds.
func (l *links[T]) place() *links[T] { return l }

// linked is satisfied by pointers to types that embed their links.
type linked[T any] interface {
	*T
	place() *links[T]
}

// push puts v, which is in no list, behind all others.
func (l *list[T, P]) push(v P) {
	*v.place() = links[T]{prev: l.last}
	if l.last == nil {
		l.first = v
	} else {
		l.last.place().next = v
	}
	l.last = v
}

// pushFront puts v, which is in no list, before all others.
func (l *list[T, P]) pushFront(v P) {
	*v.place() = links[T]{next: l.first}
	if l.first == nil {
		l.last = v
	} else {
		l.first.place().prev = v
	}
	l.first = v
}

// pop takes the first value out and returns it; nil: the list is empty.
func (l *list[T, P]) pop() P {
	v := l.first
	if v != nil {
		l.remove(v)
	}
	return v
}

// remove takes v, which is in this list, out of it.
func (l *list[T, P]) remove(v P) {
	at := v.place()
	if at.prev == nil {
		l.first = at.next
	} else {
		P(at.prev).place().next = at.next
	}
	if at.next == nil {
		l.last = at.prev
	} else {
		P(at.next).place().prev = at.prev
	}
	*at = links[T]{}
}
