package doctor

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// links lists the interfaces of this network namespace (rtnetlink(7)), with an address of
// those that are named.
func links(named []string) ([]Link, error) {
	reply, err := syscall.NetlinkRIB(unix.RTM_GETLINK, unix.AF_UNSPEC)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(reply)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var all []Link
	for i := range messages {
		if messages[i].Header.Type != unix.RTM_NEWLINK || len(messages[i].Data) < unix.SizeofIfInfomsg {
			continue
		}
		attrs, err := syscall.ParseNetlinkRouteAttr(&messages[i])
		if err != nil {
			continue
		}
		l := linkOf(messages[i].Data, attrs)
		if slices.Contains(named, l.Name) { // there may be thousands of others
			l.Addr = addressOf(l.Index)
		}
		all = append(all, l)
	}
	return all, nil
}

// addressOf is the first address of an interface, as it lists them: IPv4 first.
func addressOf(index int) netip.Addr {
	addrs, err := (&net.Interface{Index: index}).Addrs()
	if err != nil || len(addrs) == 0 {
		return netip.Addr{} // what is not known is not said
	}
	prefix, err := netip.ParsePrefix(addrs[0].String())
	if err != nil {
		return netip.Addr{}
	}
	return prefix.Addr()
}

// linkOf reads one interface: b begins with struct ifinfomsg.
func linkOf(b []byte, attrs []syscall.NetlinkRouteAttr) Link {
	flags := binary.NativeEndian.Uint32(b[8:])
	l := Link{
		Index: int(binary.NativeEndian.Uint32(b[4:])), Up: flags&unix.IFF_UP != 0,
		Carrier: flags&unix.IFF_RUNNING != 0, Loopback: flags&unix.IFF_LOOPBACK != 0,
	}
	for _, a := range attrs {
		v := a.Value
		switch a.Attr.Type {
		case unix.IFLA_IFNAME:
			l.Name = strings.TrimRight(string(v), "\x00")
		case unix.IFLA_MTU:
			l.MTU = int(number(v))
		case unix.IFLA_GRO_MAX_SIZE, unix.IFLA_GRO_IPV4_MAX_SIZE:
			l.LargestGRO = max(l.LargestGRO, int(number(v)))
		case unix.IFLA_STATS64:
			if len(v) >= 8 {
				l.Received = binary.NativeEndian.Uint64(v)
			}
		case unix.IFLA_LINKINFO, unix.IFLA_LINKINFO | unix.NLA_F_NESTED:
			for kind, value := range attributes(v) {
				if kind == unix.IFLA_INFO_KIND {
					l.Kind = strings.TrimRight(string(value), "\x00")
				}
			}
		case unix.IFLA_XDP, unix.IFLA_XDP | unix.NLA_F_NESTED:
			for kind, value := range attributes(v) {
				if kind == unix.IFLA_XDP_ATTACHED && len(value) > 0 {
					l.XDP = value[0] != 0
				}
			}
		}
	}
	return l
}

// number reads a value of 32 bits.
func number(v []byte) uint32 {
	if len(v) < 4 {
		return 0
	}
	return binary.NativeEndian.Uint32(v)
}

// attributes walks through nested attributes (netlink(7)).
func attributes(b []byte) func(func(uint16, []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofNlAttr {
			n := int(binary.NativeEndian.Uint16(b))
			if n < unix.SizeofNlAttr || n > len(b) {
				return
			}
			if !yield(binary.NativeEndian.Uint16(b[2:])&^uint16(unix.NLA_F_NESTED), b[unix.SizeofNlAttr:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}
