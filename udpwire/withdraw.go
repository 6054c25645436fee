package udpwire

// When messages are to be spread anew, what was packed for a replayer and never sent is taken back from it. What was
// sent stays: it may have arrived, and nobody is sent anything twice.

// withdraw takes out of pending what no number was given to. Of a message of which the beginning has one the rest stays; what else
// lies in the same chunk is copied. tag is how many bytes each datagram leaves for a seal. last is the last id that stays.
func (b *begun) withdraw(pending *list[chunk, *chunk], pool *chunkPool, tag int) (taken list[chunk, *chunk], last uint64) {
	var stays list[chunk, *chunk]
	last = b.last
	for c := pending.pop(); c != nil; c = pending.pop() {
		if !c.numbered && c.bases[0] > last {
			taken.push(c)
			continue
		}
		if stays.push(c); !c.numbered && c.last > c.bases[0] {
			copied := pool.get(len(c.buf))
			copied.merge(c)
			taken.push(copied)
			c.truncate(tag)
		}
		last = max(last, c.last)
	}
	*pending = stays
	return taken, last
}

// settled is the last id up to which the fate of each message is known: the replayer has handed it on, or it is lost.
// next is the chunk to be sent next, nil for none.
func (b *begun) settled(f *flight, next *chunk) uint64 {
	if f.unsettled() {
		c := f.at(f.oldest).c
		return c.bases[f.oldest-c.number] - 1
	}
	if next != nil && next.continues() {
		return next.bases[0] - 1 // it goes on there
	}
	return b.last
}

// rewind makes the packer forget the messages with ids beyond last, which are those in taken: the next one gets the id
// behind last, and comes in its lane behind the one that came before those.
func (p *packer) rewind(last uint64, taken list[chunk, *chunk]) {
	u := unpacker{tag: p.tag, hand: func(id uint64, back uint32, m *Message) {
		before := &p.lanes[lane(m.orderedBy())]
		if *before <= last {
			return
		}
		*before = 0
		if back > 0 {
			*before = id - uint64(back)
		}
	}}
	for c := taken.first; c != nil; c = c.next {
		u.chunk(c)
	}
	p.id = last
}

// withdraw takes out what was packed and never sent. The chunks are to be given back.
func (l *link) withdraw() (taken list[chunk, *chunk]) {
	if !l.pack.empty() {
		l.pack.flush()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	out := &l.peer.out
	taken, last := out.begun.withdraw(&out.pending, out.pool, l.pack.tag)
	l.pack.rewind(last, taken)
	l.publish()
	return taken
}

// giveBack takes back chunks that withdraw returned.
func (l *link) giveBack(taken list[chunk, *chunk]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := taken.pop(); c != nil; c = taken.pop() {
		l.buffer.pool.put(c)
	}
	l.publish()
}
