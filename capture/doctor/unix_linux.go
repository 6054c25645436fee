package doctor

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// The parts of linux/unix_diag.h that are needed.
const (
	unixEntrySize = 16 // struct unix_diag_msg: family, type, state, padding; inode; cookie
	showName      = 1 << 0
	showPeer      = 1 << 2
	nameOf        = 0 // attributes
	peerOf        = 2
	unixListening = 10
)

// A unixSocket is one as the kernel lists it.
type unixSocket struct {
	inode, peer uint32 // peer: 0 where it is not connected
	path        string // "": it has no name in the file system
	listens     bool
}

// unixSockets lists the stream sockets of this network namespace.
func (d *diag) unixSockets() (all []unixSocket, err error) {
	body := []byte{unix.AF_UNIX, 0, 0, 0}
	body = binary.NativeEndian.AppendUint32(body, 1<<1|1<<unixListening)
	body = append(body, 0, 0, 0, 0) // any inode
	body = binary.NativeEndian.AppendUint32(body, showName|showPeer)
	body = append(body, 0, 0, 0, 0, 0, 0, 0, 0)
	err = d.ask(body, func(entry []byte) {
		if s, ok := unixEntry(entry); ok {
			all = append(all, s)
		}
	})
	return all, err
}

// unixEntry reads struct unix_diag_msg and the attributes behind it.
func unixEntry(b []byte) (s unixSocket, ok bool) {
	if len(b) < unixEntrySize || b[1] != unix.SOCK_STREAM {
		return s, false
	}
	s.listens, s.inode = b[2] == unixListening, binary.NativeEndian.Uint32(b[4:])
	for kind, value := range attributes(b[unixEntrySize:]) {
		switch kind {
		case nameOf:
			if len(value) > 0 && value[0] == '/' {
				s.path = strings.TrimRight(string(value), "\x00")
			}
		case peerOf:
			s.peer = number(value)
		}
	}
	return s, true
}

// hops are the ways from web servers over Unix sockets, as far as they were seen.
type hops struct {
	listeners map[string]uint32    // the inode of the socket that listens on a path
	connected map[[2]uint32]string // by the two inodes, the path
}

// maxHops bounds how many connections are remembered.
const maxHops = 4096

// look takes in what there is now.
func (h *hops) look(d *diag) error {
	all, err := d.unixSockets()
	if err != nil {
		return err
	}
	if h.connected == nil {
		h.listeners, h.connected = map[string]uint32{}, map[[2]uint32]string{}
	}
	paths := map[uint32]string{}
	for _, s := range all {
		if s.path == "" || isSystem(s.path) {
			continue
		}
		if s.listens {
			h.listeners[s.path] = s.inode
		} else {
			paths[s.inode] = s.path
		}
	}
	for _, s := range all {
		if path := paths[s.peer]; path != "" && s.path == "" && len(h.connected) < maxHops {
			h.connected[[2]uint32{s.inode, s.peer}] = path
		}
	}
	return nil
}

// isSystem reports whether a socket is one of those that every machine has, which no
// web server passes requests on to.
func isSystem(path string) bool {
	return slices.ContainsFunc([]string{"systemd", "dbus", "/dev/log", "nscd", "sssd", "avahi", "containerd", "docker", "podman", "snapd", "udev", "lvm",
		"X11", "ssh-", "gpg", "mysql", "mariadb", "PGSQL", "redis", "memcache", "rpcbind", "acpid", "chrony", "polkit", "wayland", "pulse", "pipewire", "/gor/"},
		func(part string) bool { return strings.Contains(path, part) })
}

// list names the hops: first those from processes that listen on TCP, then sockets
// that were connected to meanwhile, then those on which somebody only listens.
func (h *hops) list(owners owners, servers []Server) (all []UnixHop) {
	for path, inode := range h.listeners {
		hop := UnixHop{To: owners.first(inode), Path: path}
		for ends, p := range h.connected {
			if p != path {
				continue
			}
			hop.Used = true
			if from := owners.first(ends[0]); from.PID != 0 && owners.serve(from.PID, servers) {
				hop.From = from
				break
			}
		}
		if hop.To.PID == 0 || hop.To.PID == 1 || owners.serve(hop.To.PID, servers) {
			continue // nobody's that could be a server of the web behind another
		}
		all = append(all, hop)
	}
	slices.SortFunc(all, func(a, b UnixHop) int { return cmp.Or(b.rank()-a.rank(), strings.Compare(a.Path, b.Path)) })
	return all
}
