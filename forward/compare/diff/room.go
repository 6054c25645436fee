package diff

import "unsafe"

// Room is about how many bytes d keeps for the next pair of answers. What one pair may need is bounded, by maxDecoded, maxNodes and what is
// kept of bodies: less than 8 MB.
func (d *Differ) Room() int {
	n := cap(d.path)
	for i := range 2 {
		n += cap(d.values[i]) + d.decoders.room[i].Cap() + cap(d.json.trees[i].nodes)*int(unsafe.Sizeof(node{})) + cap(d.json.order[i])
	}
	for _, l := range d.json.lists {
		n += cap(l) * int(unsafe.Sizeof(element{}))
	}
	return n
}
