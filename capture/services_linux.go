package capture

import (
	"bufio"
	"io"
	"os"
	"strconv"
	"strings"
)

// services are the TCP ports that something on this machine listens on, as
// far as its network namespace is ours.
type services struct{ files []*os.File }

// openServices opens the kernel's lists, which can be read again and again. Where
// there is none nothing is known to listen.
func openServices() *services {
	s := &services{}
	for _, name := range []string{"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"} {
		if f, err := os.Open(name); err == nil {
			s.files = append(s.files, f)
		}
	}
	return s
}

// ports reads the lists.
func (s *services) ports() (heard portSet) {
	for _, f := range s.files {
		if _, err := f.Seek(0, io.SeekStart); err == nil {
			readServices(f, &heard)
		}
	}
	return heard
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
