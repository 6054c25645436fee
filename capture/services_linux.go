package capture

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// services are the TCP ports that something on this machine listens on, as
// far as its network namespace is ours. They are asked for anew each time: by
// netlink (sock_diag(7)), which shows what listens and nothing else; where the
// kernel cannot do that, in the lists of /proc.
type services struct {
	diag  int        // the netlink socket; -1: there is none
	lists []*os.File // what there is instead
	known portSet    // as of the last time
	next  time.Time  // when it is asked again
}

// How often the kernel is asked. Netlink costs it 0.2 ms where its table of
// listeners is large, and the lists a walk through all connections, 2 ms.
const (
	diagPeriod = 3 * time.Second
	listPeriod = 15 * time.Second
)

// openServices opens what can be asked again and again. Where there is nothing,
// nothing is known to listen.
func openServices() *services {
	s := &services{}
	var err error
	if s.diag, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG); err == nil {
		if err = s.ask(&s.known); err == nil {
			return s
		}
		unix.Close(s.diag)
	}
	s.diag = -1
	for _, name := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		if f, err := os.Open(name); err == nil {
			s.lists = append(s.lists, f)
		}
	}
	return s
}

// ports asks, if it is time to. Where that fails, what was known is still believed.
func (s *services) ports(now time.Time) portSet {
	if now.Before(s.next) {
		return s.known
	}
	var heard portSet
	var err error
	if s.diag >= 0 {
		s.next = now.Add(diagPeriod)
		err = s.ask(&heard)
	} else {
		s.next = now.Add(listPeriod)
		err = s.read(&heard)
	}
	if err == nil {
		s.known = heard
	}
	return s.known
}

// read adds what the lists have.
func (s *services) read(heard *portSet) error {
	for _, f := range s.lists {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		readServices(f, heard)
	}
	return nil
}

// The parts of linux/inet_diag.h that are needed.
const (
	diagByFamily    = 20      // SOCK_DIAG_BY_FAMILY
	diagListening   = 1 << 10 // the bit of TCP_LISTEN
	diagRequestSize = 56      // struct inet_diag_req_v2
	diagPortOffset  = 4       // of the source port in an answer, struct inet_diag_msg
)

// ask adds what listens.
func (s *services) ask(heard *portSet) error {
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		request := binary.NativeEndian.AppendUint32(nil, unix.SizeofNlMsghdr+diagRequestSize)
		request = binary.NativeEndian.AppendUint16(request, diagByFamily)
		request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
		request = append(request, make([]byte, 8)...) // sequence number and sender
		request = append(request, family, unix.IPPROTO_TCP, 0, 0)
		request = binary.NativeEndian.AppendUint32(request, diagListening)
		request = append(request, make([]byte, diagRequestSize-8)...)
		if err := unix.Sendto(s.diag, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
			return err
		}
		if err := s.answers(heard); err != nil {
			return err
		}
	}
	return nil
}

// answers reads the answers to one question.
func (s *services) answers(heard *portSet) error {
	var buf [1 << 15]byte
	for {
		n, _, err := unix.Recvfrom(s.diag, buf[:], 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:n])
		if err != nil {
			return err
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return nil
			case m.Header.Type == unix.NLMSG_ERROR:
				return errors.New("the kernel does not list its sockets")
			case len(m.Data) >= diagPortOffset+2:
				heard.add(binary.BigEndian.Uint16(m.Data[diagPortOffset:]))
			}
		}
	}
}

// readServices adds the ports of a list in the format of /proc/net/tcp
// (proc_pid_net(5)). What listens stands first; hundreds of thousands of
// connections may follow, of which no more is read than the buffer holds.
func readServices(list io.Reader, heard *portSet) {
	const listening = "0A"
	lines := bufio.NewScanner(list)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 4 || fields[3] != listening {
			return
		}
		_, port, _ := strings.Cut(fields[1], ":")
		if p, err := strconv.ParseUint(port, 16, 16); err == nil {
			heard.add(uint16(p))
		}
	}
}

// close gives back what is open.
func (s *services) close() {
	if s.diag >= 0 {
		unix.Close(s.diag)
	}
	for _, f := range s.lists {
		f.Close()
	}
}
