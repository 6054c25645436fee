package capture

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A clerk makes and removes the files of a recording for a process that has dropped
// the privileges which that takes, as in a folder of root's. It is a process of its
// own, begun before they are dropped, that can do nothing else: it is told which file
// of the series is meant, and hands over what it has opened. It ends with whom it
// works for, whose end of the socket between them is closed then.
type clerk struct {
	mu     sync.Mutex
	socket int // SOCK_SEQPACKET: a message for each question and each response; -1: closed
	cmd    *exec.Cmd
}

// clerkFlag is what the clerk's process is started with; a program that does not
// know it, such as one of Go's tests, ends at once.
const clerkFlag = "-clerk-of-a-recording"

const (
	clerkMakes   = 'm'
	clerkRemoves = 'r'

	clerkSocket = 3 // the descriptors that the process begins with
	clerkFolder = 4
)

// startClerk starts one for the files of a series in a folder.
func startClerk(folder *os.Root, s series) (_ *clerk, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(pair[1]), "clerk")
	defer theirs.Close()
	dir, err := folder.Open(".")
	if err == nil {
		defer dir.Close()
		c := &clerk{socket: pair[0], cmd: &exec.Cmd{
			Path: "/proc/self/exe", Args: []string{"gor", clerkFlag, s.stem, s.ext}, Env: []string{"GOMAXPROCS=1"},
			ExtraFiles: []*os.File{theirs, dir}, SysProcAttr: &syscall.SysProcAttr{Setpgid: true}, // a terminal's Ctrl-C is not for it
		}}
		if err = c.cmd.Start(); err == nil {
			return c, nil
		}
	}
	return nil, errors.Join(err, unix.Close(pair[0]))
}

// create makes a file that must not be there, and opens it for writing.
func (c *clerk) create(name string) (*os.File, error) {
	fds, err := c.ask(clerkMakes, name)
	if err == nil && len(fds) != 1 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, &os.PathError{Op: "create", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fds[0]), name), nil
}

func (c *clerk) remove(name string) error {
	if _, err := c.ask(clerkRemoves, name); err != nil {
		return &os.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

// ask waits for the response to a question: nothing, or the number of an error, and
// perhaps a descriptor.
func (c *clerk) ask(what byte, name string) (fds []int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := unix.Write(c.socket, append([]byte{what}, name...)); err != nil {
		return nil, err
	}
	number, rights := make([]byte, 2), make([]byte, unix.CmsgSpace(4))
	n, m, _, _, err := unix.Recvmsg(c.socket, number, rights, unix.MSG_CMSG_CLOEXEC)
	switch {
	case err != nil:
		return nil, err
	case n != len(number):
		return nil, io.ErrUnexpectedEOF // it has ended
	case number[0]|number[1] != 0:
		return nil, unix.Errno(uint(number[0])<<8 | uint(number[1]))
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err == nil && len(messages) == 1 {
		fds, err = unix.ParseUnixRights(&messages[0])
	}
	return fds, err
}

// close ends the process.
func (c *clerk) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket < 0 {
		return nil
	}
	err := unix.Close(c.socket)
	c.socket = -1
	return errors.Join(err, c.cmd.Wait())
}

// ServeAsClerk makes the process a clerk if it was started as one, and reports
// whether it was. It is the first thing that a program which records calls.
func ServeAsClerk(args []string) bool {
	if len(args) != 4 || args[1] != clerkFlag {
		return false
	}
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP) // whom it works for may still need it
	s := series{stem: args[2], ext: args[3]}
	question := make([]byte, 4096)
	for {
		n, err := unix.Read(clerkSocket, question)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n <= 0 || err != nil {
			return true
		}
		file, err := s.serve(question[0], string(question[1:n]))
		number, rights := unix.Errno(0), []byte(nil)
		if err != nil && !errors.As(err, &number) {
			number = unix.EIO
		}
		if file >= 0 {
			rights = unix.UnixRights(file)
		}
		err = unix.Sendmsg(clerkSocket, []byte{byte(number >> 8), byte(number)}, rights, nil, 0)
		if file >= 0 {
			err = errors.Join(err, unix.Close(file))
		}
		if err != nil {
			return true
		}
	}
}

// serve does what the clerk is asked to, for a file of the series alone.
func (s series) serve(what byte, name string) (file int, err error) {
	if _, ours := s.number(name); !ours {
		return -1, fmt.Errorf("%q: %w", name, unix.EPERM)
	}
	if what == clerkMakes {
		return unix.Openat(clerkFolder, name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o666)
	}
	return -1, unix.Unlinkat(clerkFolder, name, 0)
}
