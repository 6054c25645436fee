package doctor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A diag is a netlink socket that lists sockets (sock_diag(7)): those of the network
// namespace it was opened in.
type diag struct {
	fd    int
	asked uint32 // sequence number of the last question
}

func openDiag() (*diag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return nil, fmt.Errorf("list sockets: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(time.Second))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("list sockets: %w", err)
	}
	return &diag{fd: fd}, nil
}

func (d *diag) close() { unix.Close(d.fd) }

const diagByFamily = 20 // SOCK_DIAG_BY_FAMILY

// maxAnswers bounds how many sockets are taken of one question.
const maxAnswers = 1 << 16

// ask asks for a list, whose entries f is lent one after the other.
func (d *diag) ask(body []byte, f func(entry []byte)) error {
	request := binary.NativeEndian.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	request = binary.NativeEndian.AppendUint16(request, diagByFamily)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	d.asked++
	request = binary.NativeEndian.AppendUint32(request, d.asked)
	request = append(append(request, make([]byte, 4)...), body...) // the sender
	if err := unix.Sendto(d.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("list sockets: %w", err)
	}
	buf := make([]byte, 1<<16)
	for n := 0; ; {
		size, _, err := unix.Recvfrom(d.fd, buf, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("list sockets: %w", err)
		}
		messages, err := syscall.ParseNetlinkMessage(buf[:size])
		if err != nil {
			return fmt.Errorf("list sockets: %w", err)
		}
		for _, m := range messages {
			if m.Header.Seq != d.asked {
				continue // the rest of what was given up
			}
			switch m.Header.Type {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				return errors.New("list sockets: the kernel does not do that")
			case diagByFamily:
				if n++; n <= maxAnswers {
					f(m.Data)
				}
			}
		}
	}
}
