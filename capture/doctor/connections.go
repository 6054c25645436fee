package doctor

import (
	"net/netip"
	"slices"
)

// connections are those of the wanted ports' servers: asked for again and again, so
// that short ones are known, too, with what they have received meanwhile.
type connections struct {
	first map[[2]netip.AddrPort]uint64 // bytes received when it was seen first
	all   map[[2]netip.AddrPort]*Connection
}

// maxConnections bounds how many are remembered.
const maxConnections = 1 << 14

// look asks for the connections of some ports; the first look is where counting begins.
func (c *connections) look(d *diag, ports []uint16) error {
	begun := c.all != nil
	if !begun {
		c.first, c.all = map[[2]netip.AddrPort]uint64{}, map[[2]netip.AddrPort]*Connection{}
	}
	for _, p := range ports[:min(len(ports), 16)] {
		found, err := d.tcp(established, p)
		if err != nil {
			return err
		}
		for _, s := range found {
			key := [2]netip.AddrPort{s.local, s.remote}
			one := c.all[key]
			if one == nil && len(c.all) < maxConnections {
				one = &Connection{Local: s.local, Remote: s.remote}
				c.all[key] = one
				if !begun { // what it has received before is nobody's now
					c.first[key] = s.received
				}
			}
			if one != nil {
				one.Received = max(one.Received, s.received-min(c.first[key], s.received))
			}
		}
	}
	return nil
}

// list is all that was seen, sorted.
func (c *connections) list() (all []Connection) {
	for _, one := range c.all {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Connection) int { return a.Remote.Compare(b.Remote) })
	return all
}
