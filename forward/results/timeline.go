package results

import (
	"time"

	"gor/forward"
	"gor/forward/hist"
)

const (
	maxSlots  = 240 // of a timeline; with more, two become one
	firstSlot = 100 * time.Millisecond
)

// A Timeline says how a run went over time, in slots of equal width. However long
// the run is, there are at most maxSlots: when time goes beyond them, their width
// doubles.
type Timeline struct {
	Width time.Duration
	Slots []Slot
}

// A Slot is one of a Timeline: what came of the requests that were due in it.
type Slot struct {
	Due     uint64 // requests
	Errors  uint64 // of them, as Tally.Errors counts them
	Ended   uint64 // requests that had their response, or failed, in the slot
	Latency hist.Histogram
	Service hist.Histogram
	Late    forward.Late // the longest by each cause
}

// slot is the one for a time after the start.
func (l *Timeline) slot(at time.Duration) *Slot {
	if l.Width == 0 {
		l.Width = firstSlot
	}
	at = max(at, 0)
	for at/l.Width >= maxSlots {
		l.halve()
	}
	i := int(at / l.Width)
	for len(l.Slots) <= i {
		l.Slots = append(l.Slots, Slot{})
	}
	return &l.Slots[i]
}

// halve makes one slot of two.
func (l *Timeline) halve() {
	l.Width *= 2
	n := (len(l.Slots) + 1) / 2
	for i := range n {
		s := l.Slots[2*i]
		if 2*i+1 < len(l.Slots) {
			s.merge(&l.Slots[2*i+1])
		}
		l.Slots[i] = s
	}
	clear(l.Slots[n:])
	l.Slots = l.Slots[:n]
}

func (s *Slot) merge(o *Slot) {
	s.Due += o.Due
	s.Errors += o.Errors
	s.Ended += o.Ended
	s.Latency.Merge(&o.Latency)
	s.Service.Merge(&o.Service)
	s.Late = longest(s.Late, o.Late)
}

// longest is the longest of each.
func longest(a, b forward.Late) forward.Late {
	return forward.Late{Target: max(a.Target, b.Target), Limit: max(a.Limit, b.Limit), Own: max(a.Own, b.Own)}
}

// add counts one request; start is when the run began.
func (l *Timeline) add(o *forward.Outcome, start time.Duration) {
	s := l.slot(o.Due - start)
	s.Due++
	if o.Status == 0 || o.Status >= 500 {
		s.Errors++
	}
	s.Latency.Add(o.Latency())
	if o.Started < o.Ended {
		s.Service.Add(o.Service())
	}
	s.Late = longest(s.Late, o.Late)
	l.slot(o.Ended-start).Ended++
}

// clone is a Timeline of its own with the same slots.
func (l *Timeline) clone() Timeline {
	c := Timeline{Width: l.Width, Slots: make([]Slot, len(l.Slots))}
	for i := range l.Slots {
		c.Slots[i] = l.Slots[i]
		c.Slots[i].Latency, c.Slots[i].Service = l.Slots[i].Latency.Clone(), l.Slots[i].Service.Clone()
	}
	return c
}
