//go:build linux

package live

import (
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sealedEnv names the program that the role "sealed" becomes.
const sealedEnv = "SEALED_PROGRAM"

// sealed becomes a program that a seccomp filter lets open no packet sockets, as the
// filters of some container runtimes do.
func sealed(program string, args []string) error {
	runtime.LockOSThread()   // the filter is this thread's, and so the program's that it becomes
	const nr, family = 0, 16 // in struct seccomp_data: the call, and the lower half of its first argument
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_SOCKET, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: family},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.AF_PACKET, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program1 := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program1))); errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return unix.Exec(program, append([]string{program}, args...), os.Environ())
}

// attachXDP has a program drop all that comes to an interface of the namespace, before
// any socket sees it; it skips where this kernel lets nobody do so.
func (n *namespace) attachXDP(t *testing.T, name string) {
	t.Helper()
	const drop = 1                                  // XDP_DROP
	instructions := []uint64{0xb7 | drop<<32, 0x95} // r0 = drop; exit
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		t.Skip("the program is written for processors that have the lowest byte first")
	}
	license := [4]byte{'G', 'P', 'L'}
	attr := struct {
		kind, count           uint32
		instructions, license uint64
		rest                  [12]uint64
	}{kind: unix.BPF_PROG_TYPE_XDP, count: uint32(len(instructions)),
		instructions: uint64(uintptr(unsafe.Pointer(&instructions[0]))), license: uint64(uintptr(unsafe.Pointer(&license)))}
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_PROG_LOAD, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	runtime.KeepAlive(instructions)
	runtime.KeepAlive(&license)
	if errno != 0 {
		t.Skipf("this kernel takes no XDP program: %v", errno)
	}
	defer unix.Close(int(fd))
	var err error
	n.do(func() { err = setXDP(name, int(fd)) })
	if err != nil {
		t.Skipf("this kernel attaches no XDP program: %v", err)
	}
}

// setXDP attaches a program to an interface of this thread's namespace (rtnetlink(7)),
// in the generic mode that every kind of interface has.
func setXDP(name string, fd int) error {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	s, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	put := binary.NativeEndian
	attribute := func(kind uint16, value []byte) []byte {
		return append(put.AppendUint16(put.AppendUint16(nil, uint16(4+len(value))), kind), value...)
	}
	inside := append(attribute(unix.IFLA_XDP_FD, put.AppendUint32(nil, uint32(fd))), attribute(unix.IFLA_XDP_FLAGS, put.AppendUint32(nil, unix.XDP_FLAGS_SKB_MODE))...)
	info := make([]byte, unix.SizeofIfInfomsg)
	put.PutUint32(info[4:], uint32(link.Index))
	body := append(info, attribute(unix.IFLA_XDP|unix.NLA_F_NESTED, inside)...)
	header := put.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	header = put.AppendUint16(put.AppendUint16(header, unix.RTM_SETLINK), unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	header = append(header, make([]byte, 8)...)
	if err := unix.Sendto(s, append(header, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 4096)
	size, _, err := unix.Recvfrom(s, reply, 0)
	if err != nil {
		return err
	}
	if size < unix.SizeofNlMsghdr+4 {
		return fmt.Errorf("%d bytes in response", size)
	}
	if code := int32(put.Uint32(reply[unix.SizeofNlMsghdr:])); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

// TestDoctorKernel: what the kernel itself keeps from being seen is named, and what it
// makes larger than usual is no hindrance.
func TestDoctorKernel(t *testing.T) {
	needRoot(t)
	needTools(t, "curl")
	large := strings.Repeat("x", 40_000)
	for _, test := range []struct {
		name         string
		run          func(t *testing.T, m *mirror) (configure func(*exec.Cmd), file string)
		args         []string
		cause, typed string
	}{
		{"XDP that keeps all", func(t *testing.T, m *mirror) (func(*exec.Cmd), string) {
			m.startNginx()
			m.web.attachXDP(t, "w0")
			m.client.start(nil, "sh", "-c", "while sleep 0.1; do curl -s -m 1 http://"+webAddr+"/r/1; done")
			return nil, gorBinary(t)
		}, []string{"-p", "80"}, "xdp", "dev w0"},
		{"seccomp", func(t *testing.T, m *mirror) (func(*exec.Cmd), string) {
			m.startNginx()
			m.keepRunning(m.client, webAddr)
			environment := append(os.Environ(), roleEnv+"=sealed", sealedEnv+"="+gorBinary(t))
			return func(cmd *exec.Cmd) { cmd.Env = environment }, os.Args[0]
		}, []string{"-p", "80"}, "privilege", "let the filter pass socket(AF_PACKET)"},
		{"jumbo frames", func(t *testing.T, m *mirror) (func(*exec.Cmd), string) {
			for link, n := range map[string]*namespace{"c0": m.client, "w0": m.web, "w1": m.web, "s0": m.stage} {
				n.ip("link set " + link + " mtu 9000")
			}
			m.startServer()
			m.replay()
			post := fmt.Sprintf("POST /r/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(large), large)
			m.keepDoing(func() error {
				c, err := m.client.dial("tcp", webAddr)
				if err != nil {
					return err
				}
				defer c.Close()
				if _, err = c.Write([]byte(post)); err == nil {
					_, err = c.Read(make([]byte, 1))
				}
				return err
			})
			return nil, gorBinary(t)
		}, []string{"-p", "80", "-r", wireAddr}, "", ""},
		{"a quiet port beside a busy one", func(t *testing.T, m *mirror) (func(*exec.Cmd), string) {
			gor := gorBinary(t) // which may take a while to be made
			m.startServer()
			m.web.newSink(":81")
			busy := m.newLoad(1_000_000, scaled(12_000))
			busy.rate, busy.conns = scaled(3000.), 32
			ran := make(chan error, 1)
			go func() { ran <- busy.run() }()
			t.Cleanup(func() {
				if err := <-ran; err != nil {
					t.Error(err)
				}
				busy.close()
			})
			m.client.start(nil, "sh", "-c", "while sleep 0.7; do curl -s http://10.99.1.1:81/r/1; done")
			return nil, gor
		}, []string{"-p", "80,81"}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			configure, file := test.run(t, m)
			m.mustFind(m.examine(configure, file, test.args...), test.cause, test.typed)
		})
	}
}

// TestDoctorVisit: a quiet server that is reached by loopback alone is to be asked there;
// who types what doctor says, sees it.
func TestDoctorVisit(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	needTools(t, "curl")
	m.web.newSink("127.0.0.1:8787")
	found := m.examine(nil, gorBinary(t), "-p", "8787")
	m.mustFind(found, "silence", "in another terminal: while sleep 1; do curl ")
	if len(found) != 1 {
		return
	}
	_, line, _ := strings.Cut(found[0].Type, "terminal: ")
	m.web.start(nil, "sh", "-c", line)
	m.mustFind(m.examine(nil, gorBinary(t), "-p", "8787"), "", "")
}
