package doctor

import (
	"net/netip"
	"time"

	"gor/capture"
)

// A Question is what gor is to capture.
type Question struct {
	Ports       []uint16
	Interfaces  []string // nil, or with "any" in it: all
	Direction   capture.Direction
	Promiscuous bool
}

// A Scene is all that was seen.
type Scene struct {
	Question Question

	// Arriving and Leaving are the ports that are captured, by the way that is.
	Arriving, Leaving []uint16

	Rights Rights
	Links  []Link
	Look   *capture.Look // nil: no packets could be looked at

	Servers     []Server // what listens on TCP ports in this network namespace
	Elsewhere   []Server // what listens on wanted ports in others
	Connections []Connection
	UnixHops    []UnixHop

	// Blind names what could not be seen, with the reason.
	Blind []string
}

// Rights are what this process may do.
type Rights struct {
	UID        int
	NetRaw     bool // it has the capability to open packet sockets
	Seccomp    bool // a filter of system calls is in force
	Forbidden  bool // opening a packet socket was refused
	Other      error
	Privileged bool // it may look at other users' processes
}

// A Link is a network interface.
type Link struct {
	Index      int
	Name       string
	Kind       string // such as "bridge" or "veth"; "": a real one, or not known
	Up         bool   // it is switched on
	Carrier    bool   // and connected
	Loopback   bool
	Addr       netip.Addr // one of its addresses; not valid: it has none
	MTU        int
	XDP        bool   // a program takes packets before any socket sees them
	LargestGRO int    // bytes of the largest packets that it makes; 0: not known
	Received   uint64 // packets in the time of looking
}

// A Process is one that has a socket.
type Process struct {
	PID  int    // 0: not known
	Name string // as in /proc/PID/comm
}

// A Server listens on a TCP port.
type Server struct {
	Process
	Addr      netip.AddrPort
	Namespace string // a name, or the number, of the network namespace; "": ours
	inode     uint32 // of the socket
}

// A Connection is a socket of a server on a wanted port.
type Connection struct {
	Local, Remote netip.AddrPort
	Received      uint64 // bytes in the time of looking
}

// A UnixHop is a way of requests over a Unix socket, which no packet goes.
type UnixHop struct {
	From Process // that listens on TCP, too; its PID is 0 where that is not known
	To   Process // that listens there
	Path string
	Used bool // somebody was connected meanwhile
}

// rank is how likely requests of the web go this way.
func (h *UnixHop) rank() int {
	switch {
	case h.From.PID != 0:
		return 2
	case h.Used:
		return 1
	}
	return 0
}

// lookTime is how long everything is looked at.
const lookTime = 2 * time.Second
