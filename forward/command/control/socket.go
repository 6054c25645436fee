package control

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// suffix ends the names of sockets in the default folders.
const suffix = ".sock"

// folders are where sockets are without --control, best first.
func folders() []string {
	all := []string{"/run/gor"}
	if own := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(own) {
		all = append(all, filepath.Join(own, "gor"))
	}
	return all
}

// A socket is one that somebody listens at, in the file system.
type socket struct {
	path     string
	listener *net.UnixListener
	file     fs.FileInfo // so that another's in its place is not taken for it
}

// openDefault opens the socket of this process in the first folder that will do, and
// removes what others have left there.
func openDefault(folders []string) (*socket, error) {
	var all []error
	for _, folder := range folders {
		err := prepare(folder)
		if err == nil {
			var s *socket
			if s, err = open(filepath.Join(folder, strconv.Itoa(os.Getpid())+suffix)); err == nil {
				sweep(folder)
				return s, nil
			}
		}
		all = append(all, err)
	}
	return nil, errors.Join(all...)
}

// prepare makes a folder, or looks whether the one there is may be trusted: whoever may
// write to it may put their own sockets in the place of ours.
func prepare(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(folder)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no directory", folder)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others may write to %s", folder)
	}
	return nil
}

// sweep removes the sockets of a folder that nobody answers at.
func sweep(folder string) {
	for _, path := range sockets(folder) {
		unlock := lock(folder)
		if isStale(path) {
			os.Remove(path) // or somebody may who comes later
		}
		unlock()
	}
}

// sockets are the paths of those in a folder.
func sockets(folder string) (all []string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil // there are none that we could use
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) && e.Type() == fs.ModeSocket {
			all = append(all, filepath.Join(folder, e.Name()))
		}
	}
	return all
}

// open listens at a path. What is stale there makes way, what lives does not.
func open(path string) (*socket, error) {
	defer lock(filepath.Dir(path))()
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.Mode()&fs.ModeSocket == 0:
		return nil, fmt.Errorf("%s is there, and is no socket", path)
	case !isStale(path):
		return nil, fmt.Errorf("%s is in use by another process", path)
	default:
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	listen := net.ListenConfig{Control: private}
	l, err := listen.Listen(context.Background(), "unix", path)
	if err != nil {
		if len(path) > 100 && errors.Is(err, syscall.EINVAL) {
			err = fmt.Errorf("%w: the path is too long for a socket", err)
		}
		return nil, err
	}
	s := &socket{path: path, listener: l.(*net.UnixListener)}
	s.listener.SetUnlinkOnClose(false) // close looks whose it is
	if err = os.Chmod(path, 0o600); err == nil {
		s.file, err = os.Lstat(path)
	}
	if err != nil {
		return nil, errors.Join(err, s.listener.Close())
	}
	return s, nil
}

// isStale reports whether nobody listens at a socket any more.
func isStale(path string) bool {
	conn, err := net.DialTimeout("unix", path, patience)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED)
}

// close listens no more and removes the socket, unless another has taken its place.
func (s *socket) close() error {
	err := s.listener.Close()
	if info, statErr := os.Lstat(s.path); statErr == nil && os.SameFile(info, s.file) {
		err = errors.Join(err, os.Remove(s.path))
	}
	return err
}

// lockFor is how long a lock is waited for: somebody who keeps it must not keep gor from
// starting.
const lockFor = time.Second

// lock keeps others that start from looking at the sockets of a folder, until unlock.
func lock(folder string) (unlock func()) {
	f, err := os.Open(folder)
	if err != nil {
		return func() {}
	}
	for until := time.Now().Add(lockFor); !tryLock(f) && time.Now().Before(until); {
		time.Sleep(10 * time.Millisecond)
	}
	return func() { f.Close() }
}
