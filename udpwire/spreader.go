package udpwire

// A spreader says which replayer each message goes to, and keeps every lane's order when that changes. It belongs to the
// goroutine that calls Send, and takes no lock but the links' own.
//
// When the replayers change, everything that was not sent comes back, from those that stay as well; each lane gets its
// place anew; a lane that has moved waits until its former replayer has settled what it was sent of it; and what came back
// is placed like new messages, in its order. So a lane's messages are in one place at a time, beside those sent.
type spreader struct {
	now  func() int64
	view *view // What was adopted last.

	owners [laneCount]uint8 // Each lane's place among the view's members; waits: it has none yet.
	holds  holds            // The lanes that wait.
	lookAt int64            // When holds are to be looked at again, in ns.
}

// A view is who is there: members are the replayers that messages are spread over, at least one; leaving are those
// that are to get nothing more. It never changes.
type view struct {
	members   []*link
	instances []uint64 // The members', by which lanes are spread.
	leaving   []*link
	ended     []*link // Those that have left, and keep what they could not send.
}

const (
	waits     = maxReplayers   // stands for the place of a lane that waits
	lookEvery = int64(1000000) // ns between looks at the holds while messages come
)

// newSpreader returns a spreader that has adopted v, which has one member. Messages that wait take limit bytes at most.
func newSpreader(v *view, limit int64, now func() int64) spreader {
	return spreader{now: now, view: v, holds: holds{limit: limit}}
}

// place returns where a message of a user goes: to a link, or to a lane that waits.
func (s *spreader) place(user uint64) (*link, *hold) {
	if len(s.view.members) == 1 && !s.holds.any() {
		return s.view.members[0], nil
	}
	lane := lane(user)
	if at := s.owners[lane]; at != waits {
		return s.view.members[at], nil
	}
	return nil, s.holds.byLane[lane]
}

// adopt goes over to another view.
func (s *spreader) adopt(v *view) {
	before := s.view.members
	taken := make([]list[chunk, *chunk], len(before))
	for i, l := range before {
		taken[i] = l.withdraw()
	}
	s.assign(v)
	for i, l := range before {
		u := unpacker{tag: l.pack.tag, hand: func(_ uint64, _ uint32, m *Message) { s.put(m) }}
		for c := taken[i].first; c != nil; c = c.next {
			u.chunk(c)
		}
		l.giveBack(taken[i])
	}
	for _, l := range v.leaving {
		l.leave()
	}
	for _, l := range v.ended {
		s.giveUp(l, s.now())
	}
}

// assign gives each lane its place in a view. Those that move while something sent is not settled wait.
func (s *spreader) assign(v *view) {
	before, now := s.view.members, s.now()
	s.view = v
	for lane := range s.owners {
		at := s.owners[lane]
		if at == waits {
			continue // it goes on to wait, and gets its place afterwards
		}
		next := choose(lane, v.instances)
		s.owners[lane] = uint8(next)
		from := before[at]
		if id := from.pack.lanes[lane]; v.members[next] != from && id > from.settled.Load() {
			s.holds.begin(lane, from, id, now)
			s.owners[lane] = waits
		}
	}
}

// put packs a message that was accepted before, whatever room there is: it had its room elsewhere.
func (s *spreader) put(m *Message) {
	l, h := s.place(m.orderedBy())
	if h != nil {
		s.holds.keep(h, m)
		return
	}
	l.send(m)
}

// release sends what waits for nothing any more. atOnce says to look now, however short ago that was; patient, that
// more than the limit may wait.
func (s *spreader) release(atOnce, patient bool) {
	now := s.now()
	if !atOnce && now < s.lookAt && (patient || !s.holds.full()) {
		return
	}
	s.lookAt = now + lookEvery
	s.open(now, func(h *hold) bool { return h.over(now) })
	for s.holds.full() && !patient {
		first := s.holds.begun[0]
		s.open(now, func(h *hold) bool { return h == first })
	}
}

// open ends the holds that are over, and sends what they have. What a replayer that is not there was sent will not be
// waited for any more: it is lost, so that it cannot come late, behind what others are sent now.
func (s *spreader) open(now int64, over func(*hold) bool) {
	given := make(map[*link]bool)
	for _, h := range s.holds.begun {
		if over(h) && h.from.settled.Load() < h.id && !given[h.from] {
			given[h.from] = true
			s.giveUp(h.from, now)
		}
	}
	for _, h := range s.holds.take(over) {
		s.owners[h.lane] = uint8(choose(h.lane, s.view.instances))
		for i := range h.queue {
			s.put(&h.queue[i])
		}
	}
}

// giveUp waits for a replayer no longer, if that is not there. What had a number and never left comes back then: it
// belongs before what its lanes hold. What else waits for it, which is there alone or has left, is placed anew.
func (s *spreader) giveUp(l *link, now int64) {
	if l.up.Load() {
		return
	}
	l.giveUp(now)
	back := l.withdraw()
	first := make(map[*hold]*hold)
	u := unpacker{tag: l.pack.tag, hand: func(_ uint64, _ uint32, m *Message) {
		h := s.holds.byLane[lane(m.orderedBy())]
		if h == nil || h.from != l {
			s.put(m)
			return
		}
		if first[h] == nil {
			first[h] = &hold{}
		}
		s.holds.keep(first[h], m)
	}}
	for c := back.first; c != nil; c = c.next {
		u.chunk(c)
	}
	l.giveBack(back)
	for h, f := range first {
		h.queue, h.bytes = append(f.queue, h.queue...), f.bytes+h.bytes
	}
}
