package answers

import (
	"time"

	"gor/capture"
)

// A habit is what was seen of the clients at one address, with one server: whether they wait
// for an answer before they ask again. Most do; those at one address are mostly one
// program, such as a proxy with its pool.
type habit struct {
	waiting   uint16 // connections whose client was seen to wait
	pipelined int64  // when one was seen last that did not; 0: none was
}

// An origin is an address that clients ask from, and what they ask.
type origin struct {
	client [16]byte
	server capture.Endpoint
}

func (p *pair) origin() origin { return origin{p.client.Addr, p.server} }

// resents is for how long a client that did not wait is remembered against its address.
const resents = int64(time.Hour)

// pipelines reports whether a client was seen not to wait.
func (h habit) pipelines(now int64) bool { return h.pipelined != 0 && now-h.pipelined < resents }

// habits are those of as many addresses as there is room for. Where there are more, those are
// forgotten of which nothing was heard for longest, and nothing worse: who is not known
// is not believed.
type habits struct {
	young, old map[origin]habit
	most       int // in each of the two
}

// habitBytes is what one takes, about, with its place in a map.
const habitBytes = 128

// newHabits are none yet, and take no more than a number of bytes.
func newHabits(bytes int64) habits {
	return habits{young: map[origin]habit{}, most: max(int(bytes/habitBytes/2), 1)}
}

func (h *habits) bytes() int64 { return int64(len(h.young)+len(h.old)) * habitBytes }

// of returns what is known of an address.
func (h *habits) of(o origin) habit {
	if v, known := h.young[o]; known {
		return v
	}
	v, known := h.old[o]
	if known {
		h.set(o, v)
	}
	return v
}

func (h *habits) set(o origin, v habit) {
	if _, known := h.young[o]; !known && len(h.young) >= h.most {
		h.young, h.old = map[origin]habit{}, h.young
	}
	delete(h.old, o)
	h.young[o] = v
}

// wait notes a connection whose client waits.
func (h *habits) wait(o origin) {
	v := h.of(o)
	v.waiting = min(v.waiting+1, 1<<15)
	h.set(o, v)
}

// pipeline notes a client that did not.
func (h *habits) pipeline(o origin, now int64) {
	v := h.of(o)
	v.pipelined = now
	h.set(o, v)
}
