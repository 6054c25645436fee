package control

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leave puts a socket to a path that nobody listens at, as a process does that is killed.
func leave(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
}

// What is stale makes way; what lives does not, nor what is no socket.
func TestOpen(t *testing.T) {
	path := somewhere(t)
	leave(t, path)
	s := newStation(t, path)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if _, err := open(path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("another's living one: %v", err)
	}
	if _, err := Ask(path, []string{"status"}); err != nil {
		t.Errorf("the first one: %v", err)
	}
	s.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("it stays behind: %v", err)
	}
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(path); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a file: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file is %q, %v", b, err)
	}
	if _, err := open(filepath.Join(t.TempDir(), strings.Repeat("x", 120))); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a long path: %v", err)
	}
	if _, err := open("/nosuch/gor.sock"); err == nil {
		t.Error("a folder that is not there")
	}
}

// A socket that somebody else has put in the place of ours is left alone.
func TestCloseAnothers(t *testing.T) {
	path := somewhere(t)
	s := newStation(t, path)
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	leave(t, path)
	s.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the other one: %v", err)
	}
}

// The default place is the first folder that will do; what others have left in it goes.
func TestOpenDefault(t *testing.T) {
	dir := t.TempDir()
	open2 := filepath.Join(dir, "open")
	if err := os.Mkdir(open2, 0o777); err != nil {
		t.Fatal(err)
	}
	os.Chmod(open2, 0o777)
	good := filepath.Join(dir, "run", "gor")
	folders := []string{filepath.Join(os.DevNull, "gor"), open2, good}
	if err := os.MkdirAll(good, 0o700); err != nil {
		t.Fatal(err)
	}
	leave(t, filepath.Join(good, "1.sock"))
	living, err := net.Listen("unix", filepath.Join(good, "2.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	s, err := openDefault(folders)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if want := filepath.Join(good, fmt.Sprint(os.Getpid(), ".sock")); s.path != want {
		t.Errorf("at %s, want %s", s.path, want)
	}
	if left := sockets(good); len(left) != 2 {
		t.Errorf("%q are left", left)
	}
	if _, err := openDefault(folders[:2]); err == nil || !strings.Contains(err.Error(), "others may write") {
		t.Errorf("%v", err)
	}
}

// Those are found that somebody answers at; where there are none it is said why.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	if _, err := places([]string{dir}); err == nil || !strings.Contains(err.Error(), "nothing runs here") {
		t.Errorf("none: %v", err)
	}
	one, two := filepath.Join(dir, "1.sock"), filepath.Join(dir, "2.sock")
	leave(t, filepath.Join(dir, "0.sock"))
	newStation(t, one)
	newStation(t, two, func(s *Server) { s.cfg.Command = "listen" })
	all, err := places([]string{filepath.Join(dir, "nosuch"), dir})
	want := []Place{{Path: one, Self: Self{"replay", "v1", os.Getpid()}}, {Path: two, Self: Self{"listen", "v1", os.Getpid()}}}
	if err != nil || !slices.Equal(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
	if _, err := Ask(filepath.Join(dir, "9.sock"), []string{"status"}); err == nil || !strings.Contains(err.Error(), "there is no") {
		t.Errorf("no socket: %v", err)
	}
	if _, err := Ask(filepath.Join(dir, "0.sock"), []string{"status"}); err == nil || !strings.Contains(err.Error(), "nobody answers") {
		t.Errorf("a stale one: %v", err)
	}
	if err := unreachable("x", fs.ErrPermission); !strings.Contains(err.Error(), "sudo") {
		t.Error(err)
	}
}

// Of several that start at a time one gets the socket, though a stale one is there.
func TestOpenAtATime(t *testing.T) {
	for range 20 {
		path := somewhere(t)
		leave(t, path)
		opened := make(chan *socket)
		for range 8 {
			go func() {
				s, err := open(path)
				if err != nil {
					s = nil
				}
				opened <- s
			}()
		}
		var got []*socket
		for range 8 {
			if s := <-opened; s != nil {
				got = append(got, s)
			}
		}
		if len(got) != 1 {
			t.Fatalf("%d have the socket", len(got))
		}
		if conn, err := net.Dial("unix", path); err != nil {
			t.Errorf("nobody is there: %v", err)
		} else {
			conn.Close()
		}
		got[0].close()
	}
}
