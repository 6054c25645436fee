package forward

import "time"

// overtakeAfter is how long a request has to have been in flight before it no longer
// holds up those that came after it: a second at most, as a tick may be late by one.
const overtakeAfter = time.Second - tickEvery

// An owner says whose request it is, and what it does.
type owner struct {
	user, conn uint64
	crowd      bool // the user is one of many people: only the connection has an order
	write      bool // it may change something at the target
}

// owner says whose r is.
func (r *Request) owner() owner {
	return owner{user: r.user(), conn: r.Conn, crowd: r.Crowd, write: !asksForNothing(r.Raw)}
}

// A user is what there is of one user's requests: those that wait, on whichever
// connection, and those in flight. It exists while there are any.
type user struct {
	key     uint64
	open    int        // requests that wait or are in flight
	waiting list[item] // in the order in which they came
	write   *item      // the first of them that writes; nil: none does
	writing *item      // the write in flight; nil: none is
	reading list[item] // the safe requests in flight, in the order in which they went out
	inHeld  node[user]
}

// mayGo reports whether it is the turn of the first request of l among its user's
// (see the package's documentation).
func (b *buffer) mayGo(l *lane) bool {
	it := l.items.first()
	u := it.user
	switch {
	case u == nil:
		return true
	case it.write:
		return u.waiting.first() == it && u.writing == nil && b.isOld(u.reading.last())
	}
	return (u.write == nil || it.seq < u.write.seq) && b.isOld(u.writing)
}

// isOld reports whether it, which is in flight, holds up nothing any more; nor does
// nothing.
func (b *buffer) isOld(it *item) bool { return it == nil || b.now-it.began >= int64(overtakeAfter) }

// offer lets l have its turn if its first request may go out.
func (b *buffer) offer(l *lane) {
	it := l.items.first()
	if it == nil || l.busy || l.inReady.isIn() || l.parked.isIn() {
		return
	}
	if !b.mayGo(l) {
		b.holdUp(it.user)
		return
	}
	b.clock.beReady(it, b.now)
	b.ready.pushBack(&l.inReady, l)
	b.offered++
}

// holdUp notes that something of u waits for what is in flight, which gets old.
func (b *buffer) holdUp(u *user) {
	if !u.inHeld.isIn() {
		b.held.pushBack(&u.inHeld, u)
	}
}

// lapse lets go out what was held up by what has become old.
func (b *buffer) lapse(now int64) {
	b.now = now
	for u := b.held.first(); u != nil; {
		next := u.inHeld.successor()
		if first := u.waiting.first(); first == nil {
			u.inHeld.remove()
		} else if first.write && b.mayGo(first.lane) || !first.write && b.isOld(u.writing) {
			b.open(u)
		}
		u = next
	}
}

// open offers what of u waited for its turn: a write alone, and safe requests up to
// the next write.
func (b *buffer) open(u *user) {
	u.inHeld.remove()
	first := u.waiting.first()
	for it := first; it != nil && (it == first || !it.write); it = it.inUser.successor() {
		b.offer(it.lane)
		if it.write || !b.isOld(u.writing) {
			return
		}
	}
}

// join lets it wait among the requests of its user.
func (b *buffer) join(it *item, o owner) {
	it.write = o.write
	if o.crowd {
		return
	}
	u := b.users[o.user]
	if u == nil {
		u = b.newUser(o.user)
	}
	it.user = u
	u.open++
	u.waiting.pushBack(&it.inUser, it)
	if it.write && u.write == nil {
		u.write = it
	}
}

func (b *buffer) newUser(key uint64) *user {
	var u *user
	if n := len(b.spareUsers); n > 0 {
		u, b.spareUsers = b.spareUsers[n-1], b.spareUsers[:n-1]
	} else {
		u = new(user)
	}
	*u = user{key: key}
	b.users[key] = u
	return u
}

// leave takes it out of those that wait, and returns the next of them.
func (u *user) leave(it *item) (next *item) {
	next = it.inUser.successor()
	it.inUser.remove()
	if u.write == it {
		for u.write = next; u.write != nil && !u.write.write; {
			u.write = u.write.inUser.successor()
		}
	}
	return next
}

// begin is told that it goes out.
func (b *buffer) begin(it *item) {
	u := it.user
	if u == nil {
		return
	}
	u.leave(it)
	it.began = b.now
	if it.write {
		u.writing = it
	} else {
		u.reading.pushBack(&it.inUser, it)
	}
	if first := u.waiting.first(); first != nil && (it.write || first.write) {
		b.holdUp(u)
	}
}

// end is told that it is in flight no more, and offers what that held up.
func (b *buffer) end(it *item) {
	u := it.user
	if u == nil {
		return
	}
	b.land(u, it)
	if u.open--; u.open == 0 {
		b.dismiss(u)
	} else if first := u.waiting.first(); it.write || first != nil && first.write {
		b.open(u)
	}
}

// land takes it out of those in flight.
func (b *buffer) land(u *user, it *item) {
	if it.write {
		u.writing = nil
	} else {
		it.inUser.remove()
	}
}

// rejoin lets it, which was in flight, wait again in its old place.
func (b *buffer) rejoin(it *item) {
	u := it.user
	if u == nil {
		return
	}
	b.land(u, it)
	next := u.waiting.first()
	for next != nil && next.seq < it.seq {
		next = next.inUser.successor()
	}
	if next == nil {
		u.waiting.pushBack(&it.inUser, it)
	} else {
		u.waiting.insert(&it.inUser, it, &next.inUser)
	}
	if it.write && (u.write == nil || it.seq < u.write.seq) {
		u.write = it
	}
	b.open(u)
}

// abandon is told that it is dropped, and offers what that held up.
func (b *buffer) abandon(it *item) {
	u := it.user
	if u == nil {
		return
	}
	heldUp := u.write == it
	next := u.leave(it)
	if u.open--; u.open == 0 {
		b.dismiss(u)
		return
	}
	for ; heldUp && next != nil && next != u.write; next = next.inUser.successor() {
		b.offer(next.lane)
	}
	if first := u.waiting.first(); first != nil && first.write {
		b.open(u)
	}
}

// dismiss forgets a user of whom there is nothing.
func (b *buffer) dismiss(u *user) {
	u.inHeld.remove()
	delete(b.users, u.key)
	if len(b.spareUsers) < maxSpareLanes {
		b.spareUsers = append(b.spareUsers, u)
	}
}
