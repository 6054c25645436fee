package capture

import (
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// A portSet has a bit per port, so that a packet's port is looked up at one price
// however many are wanted.
type portSet [1 << 16 / 64]uint64

func portsOf(list []uint16) (s portSet) {
	for _, p := range list {
		s.add(p)
	}
	return s
}

func (s *portSet) add(port uint16) { s[port/64] |= 1 << (port % 64) }

// bit is 1 if the port is in the set, else 0.
func (s *portSet) bit(port uint16) uint64 { return s[port/64] >> (port % 64) & 1 }

func (s *portSet) has(port uint16) bool { return s.bit(port) != 0 }

// list has the ports in ascending order.
func (s *portSet) list() (list []uint16) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			list = append(list, uint16(i*64+bits.TrailingZeros64(word)))
		}
	}
	return list
}

// sayPorts names ports for a log line, such as "port 80" or "ports 80, 8080".
func sayPorts(list []uint16) string {
	names := make([]string, len(list))
	for i, p := range slices.Sorted(slices.Values(list)) {
		names[i] = strconv.Itoa(int(p))
	}
	word := "port "
	if len(list) > 1 {
		word = "ports "
	}
	return word + strings.Join(names, ", ")
}
