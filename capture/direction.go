package capture

import "fmt"

// A Direction says which way the packets go that are captured. A machine with a
// web server wants what arrives; a proxy whose backends are elsewhere what leaves
// for them; a host of containers both, since what it passes on to a container
// leaves it by the container's interface.
type Direction uint8

// The directions. Loopback packets arrive, whatever the direction, and never leave.
const (
	// Auto is In for the ports that something on this machine listens on, and
	// Both for all others.
	Auto Direction = iota
	In
	Out
	Both
	directions
)

var directionNames = [directions]string{"auto", "in", "out", "both"}

// String is the name on the command line.
func (d Direction) String() string { return directionNames[min(d, directions-1)] }

// ParseDirection reads what String writes.
func ParseDirection(name string) (Direction, error) {
	for d, n := range directionNames {
		if n == name {
			return Direction(d), nil
		}
	}
	return Auto, fmt.Errorf("%q is no direction: give auto, in, out or both", name)
}

// ways are the ports that are wanted of each direction, and those that are of
// either: answers to them are told apart by the filter for these.
type ways struct{ arriving, leaving, either portSet }

// ways decides for each port; heard are those that something listens on.
func (d Direction) ways(ports []uint16, heard *portSet) (w ways) {
	for _, p := range ports {
		w.either.add(p)
		if d != Out {
			w.arriving.add(p)
		}
		if d == Out || d == Both || d == Auto && !heard.has(p) {
			w.leaving.add(p)
		}
	}
	return w
}

// Ways are the ports that are captured of each direction, where something on this
// machine listens on some.
func (d Direction) Ways(ports, listening []uint16) (arriving, leaving []uint16) {
	heard := portsOf(listening)
	w := d.ways(ports, &heard)
	return w.arriving.list(), w.leaving.list()
}

// String says the ways for a log line, such as "what arrives at port 80, what
// leaves for port 8080"; ports of which both is wanted stand first.
func (w *ways) String() string {
	var both, in, out []uint16
	for _, p := range w.arriving.list() {
		if w.leaving.has(p) {
			both = append(both, p)
		} else {
			in = append(in, p)
		}
	}
	for _, p := range w.leaving.list() {
		if !w.arriving.has(p) {
			out = append(out, p)
		}
	}
	said := ""
	for _, way := range []struct {
		words string
		ports []uint16
	}{{"what arrives at and leaves for ", both}, {"what arrives at ", in}, {"what leaves for ", out}} {
		if len(way.ports) > 0 {
			if said != "" {
				said += "; "
			}
			said += way.words + sayPorts(way.ports)
		}
	}
	return said
}
