package control

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Another user is refused, also where the socket's mode would let it in.
func TestAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to be somebody else")
	}
	dir, err := os.MkdirTemp("", "gor")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	s := newStation(t, path)
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := askAs(t, 65534, path); err != unix.EACCES {
		t.Errorf("the socket lets others in: %v", err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	answer, err := askAs(t, 65534, path)
	if err != nil {
		t.Fatal(err)
	}
	var a Answer
	if err := json.Unmarshal([]byte(answer), &a); err != nil || a.Error != "it belongs to user 0, and you are user 65534" {
		t.Errorf("%q", answer)
	}
	s.Close()
	if len(s.done) != 0 || !strings.Contains(s.log.String(), "uid=65534") {
		t.Errorf("%q was done; the log:\n%s", s.done, s.log)
	}
	newStation(t, path, func(s *Server) { s.owner = 65534 }) // as where that user started it
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if answer, err = askAs(t, 65534, path); err != nil || !strings.Contains(answer, "is paused") {
		t.Errorf("the owner: %q, %v", answer, err)
	}
}

// askAs gives an order as another user: one thread of the process becomes that, and ends
// with it.
func askAs(t *testing.T, uid uintptr, path string) (string, error) {
	t.Helper()
	type result struct {
		answer string
		err    error
	}
	asked := make(chan result)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		answer, err := "", error(nil)
		defer func() { asked <- result{answer, err} }()
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, ^uintptr(0), uid, ^uintptr(0)); errno != 0 {
			err = errno
			return
		}
		fd, err2 := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err = err2; err != nil {
			return
		}
		defer unix.Close(fd)
		if err = unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
			return
		}
		if _, err = unix.Write(fd, []byte("[\"pause\",\"t\"]\n")); err != nil && err != unix.EPIPE {
			return
		}
		buf := make([]byte, 1000)
		n, err2 := unix.Read(fd, buf)
		err = err2
		answer = string(buf[:max(n, 0)])
	}()
	r := <-asked
	return r.answer, r.err
}
