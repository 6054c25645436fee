package capture

import (
	"encoding/binary"
	"syscall"

	"golang.org/x/sys/unix"
)

// largestPacket is the size of the largest packet that any interface makes of
// what it receives or is given to send (gso_max_size and gro_max_size: more than
// 65,536 with BIG TCP); 0 where the kernel does not say.
func largestPacket() int {
	reply, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return 0
	}
	messages, err := syscall.ParseNetlinkMessage(reply)
	if err != nil {
		return 0
	}
	largest := 0
	for i := range messages {
		if messages[i].Header.Type != unix.RTM_NEWLINK {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(&messages[i])
		if err != nil {
			continue
		}
		for _, a := range attrs {
			switch a.Attr.Type {
			case unix.IFLA_GSO_MAX_SIZE, unix.IFLA_GRO_MAX_SIZE, unix.IFLA_GSO_IPV4_MAX_SIZE, unix.IFLA_GRO_IPV4_MAX_SIZE:
				if len(a.Value) >= 4 {
					largest = max(largest, int(binary.NativeEndian.Uint32(a.Value)))
				}
			}
		}
	}
	return largest
}
