package sniffer

import (
	"container/heap"

	"gor/reassembly"
)

// orderBytes bounds what an order holds.
const orderBytes = 32 << 20

// An order is a Consumer that hands requests on in the order of their times. They
// come out of reassembly as soon as they are known to be requests: most when
// they are complete, but what was only guessed to be one some seconds later,
// when it is proven. Then those that came meanwhile are held until the guess has
// proved itself or failed: as many as fit. One that comes too late gets the time
// of the one before it.
type order struct {
	take    func(Recorded) error
	settled func() int64 // no request that comes from now on is older

	held  requestHeap
	bytes int64 // held
	last  int64 // the time of the request that was taken last
	err   error // of take: nothing is handed on any more
}

// Take holds a copy of a request, and hands on those whose turn has come.
func (o *order) Take(r *reassembly.Request) reassembly.Fate {
	if o.err != nil {
		return reassembly.Stopped
	}
	settled := o.settled()
	if len(o.held) == 0 && r.Last <= settled {
		o.next(recorded(r))
		return o.fate()
	}
	o.bytes += int64(len(r.Raw))
	heap.Push(&o.held, recorded(r))
	for len(o.held) > 0 && (o.held[0].Time <= settled || o.bytes > orderBytes) {
		o.pop()
	}
	return o.fate()
}

// fate is Stopped where take has failed just now.
func (o *order) fate() reassembly.Fate {
	if o.err != nil {
		return reassembly.Stopped
	}
	return reassembly.Sent
}

// Flush hands on all that is held: the source is about to be waited for, so that
// it tells its own time, or has ended.
func (o *order) Flush() {
	for len(o.held) > 0 {
		o.pop()
	}
}

func (o *order) pop() {
	q := heap.Pop(&o.held).(Recorded)
	o.bytes -= int64(len(q.Raw))
	o.next(q)
}

// next hands on a request.
func (o *order) next(q Recorded) {
	if o.err != nil {
		return
	}
	o.last = max(o.last, q.Time)
	q.Time = o.last
	o.err = o.take(q)
}

// A requestHeap has the earliest request first, and of one connection that with
// the lowest index.
type requestHeap []Recorded

func (h requestHeap) Len() int { return len(h) }

func (h requestHeap) Less(i, j int) bool {
	if h[i].Time != h[j].Time {
		return h[i].Time < h[j].Time
	}
	if h[i].Conn != h[j].Conn {
		return h[i].Conn < h[j].Conn
	}
	return h[i].Index < h[j].Index
}

func (h requestHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

func (h *requestHeap) Push(q any) { *h = append(*h, q.(Recorded)) }

func (h *requestHeap) Pop() any {
	old := *h
	n := len(old) - 1
	q := old[n]
	old[n] = Recorded{}
	*h = old[:n]
	return q
}
