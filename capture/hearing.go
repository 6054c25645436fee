package capture

import "time"

// A hearing remembers when something was last heard to listen on each port. A
// server that is started anew is silent for a moment: that is no reason to
// look the other way.
type hearing map[uint16]time.Time

// grace is how long a silent port still counts as one that is listened on.
const grace = 10 * time.Second

// settle takes in which ports are listened on now, and returns those that count
// as such.
func (h hearing) settle(ports []uint16, now *portSet, at time.Time) (heard portSet) {
	for _, p := range ports {
		if now.has(p) {
			h[p] = at
		}
		if last, ok := h[p]; ok && at.Sub(last) < grace {
			heard.add(p)
		}
	}
	return heard
}
