package doctor

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// owners are the processes that have sockets, by the inodes of these.
type owners map[uint32][]Process

// maxOwners bounds how many processes are remembered of a socket: a web server's
// workers share those that their master has opened.
const maxOwners = 64

// first is one of those that have a socket.
func (o owners) first(inode uint32) Process {
	if all := o[inode]; len(all) > 0 {
		return all[0]
	}
	return Process{}
}

// serve reports whether a process has one of the servers' sockets.
func (o owners) serve(pid int, servers []Server) bool {
	return slices.ContainsFunc(servers, func(s Server) bool {
		return slices.ContainsFunc(o[s.inode], func(p Process) bool { return p.PID == pid })
	})
}

// A census is what /proc says of all processes.
type census struct {
	owners     owners
	namespaces map[string]int // a process in each network namespace but ours
	denied     bool           // some processes could not be looked at
	late       bool           // there was no time for all
}

// takeCensus looks at all processes until a time.
func takeCensus(until time.Time) *census {
	c := &census{owners: owners{}, namespaces: map[string]int{}}
	ours, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		c.denied = true
	}
	dir, err := os.Open("/proc")
	if err != nil {
		c.denied = true
		return c
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	c.denied = c.denied || err != nil
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if time.Now().After(until) {
			c.late = true
			return c
		}
		ns, err := os.Readlink("/proc/" + name + "/ns/net")
		switch {
		case os.IsPermission(err):
			c.denied = true
			continue
		case err == nil && ours != "" && ns != ours:
			if p, known := c.namespaces[ns]; !known || pid < p {
				c.namespaces[ns] = pid
			}
		}
		c.sockets(pid)
	}
	return c
}

// sockets notes which sockets a process has.
func (c *census) sockets(pid int) {
	folder := fmt.Sprintf("/proc/%d/fd", pid)
	dir, err := os.Open(folder)
	if err != nil {
		c.denied = c.denied || os.IsPermission(err)
		return
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1) // of a process that ends meanwhile there is nothing to know
	var name string
	for _, fd := range names {
		link, err := os.Readlink(folder + "/" + fd)
		if err != nil {
			continue
		}
		number, isSocket := strings.CutPrefix(link, "socket:[")
		inode, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 32)
		if !isSocket || err != nil {
			continue
		}
		if name == "" {
			comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
			name = string(bytes.TrimSpace(comm))
		}
		if all := c.owners[uint32(inode)]; len(all) < maxOwners {
			c.owners[uint32(inode)] = append(all, Process{PID: pid, Name: name})
		}
	}
}

// elsewhere lists the servers of some ports in other network namespaces.
func (c *census) elsewhere(ports []uint16) (all []Server) {
	for ns, pid := range c.namespaces {
		name := namespaceName(ns)
		for _, list := range []string{"tcp", "tcp6"} {
			f, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, list))
			if err != nil {
				continue // it has ended
			}
			for _, s := range readServers(f, ports) {
				s.Process, s.Namespace = c.owners.first(s.inode), name
				if s.PID == 0 {
					s.PID = pid
				}
				all = append(all, s)
			}
			f.Close()
		}
	}
	slices.SortFunc(all, func(a, b Server) int { return a.PID - b.PID })
	return all
}

// namespaceName is what ip netns calls a namespace, or what the kernel does.
func namespaceName(link string) string {
	const folder = "/run/netns"
	entries, _ := os.ReadDir(folder) // without it, there are no names
	inode := strings.Trim(strings.TrimPrefix(link, "net:"), "[]")
	for _, e := range entries {
		if info, err := os.Stat(folder + "/" + e.Name()); err == nil && inodeOf(info) == inode {
			return e.Name()
		}
	}
	return link
}

// readServers reads those of a list in the format of /proc/net/tcp
// (proc_pid_net(5)) that listen on some ports. What listens stands first.
func readServers(list io.Reader, ports []uint16) (all []Server) {
	const isListening = "0A"
	lines := bufio.NewScanner(list)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 10 || fields[3] != isListening {
			return all
		}
		address, port, _ := strings.Cut(fields[1], ":")
		p, err := strconv.ParseUint(port, 16, 16)
		inode, ierr := strconv.ParseUint(fields[9], 10, 32)
		if err != nil || ierr != nil || !slices.Contains(ports, uint16(p)) {
			continue
		}
		all = append(all, Server{Addr: netip.AddrPortFrom(listedAddr(address), uint16(p)), inode: uint32(inode)})
	}
	return all
}

// listedAddr reads an address as those lists have it: words of 32 bits, in hexadecimal
// and in this machine's byte order.
func listedAddr(s string) netip.Addr {
	b, err := hex.DecodeString(s)
	if err != nil || len(b)%4 != 0 {
		return netip.Addr{}
	}
	for i := 0; i < len(b); i += 4 {
		native(b[i : i+4])
	}
	addr, _ := netip.AddrFromSlice(b)
	return addr.Unmap()
}
