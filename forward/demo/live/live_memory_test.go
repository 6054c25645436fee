//go:build linux

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// memoryGroup makes a control group with a limit of memory, and returns the file
// that a process is put into it by.
func memoryGroup(t *testing.T, limit int) string {
	t.Helper()
	dir, file := "/sys/fs/cgroup", "memory.max"
	if _, err := os.Stat(filepath.Join(dir, "memory")); err == nil {
		dir, file = filepath.Join(dir, "memory"), "memory.limit_in_bytes"
	}
	group, err := os.MkdirTemp(dir, "gor-test-")
	if err != nil {
		t.Skipf("no control group for memory can be made: %v", err)
	}
	t.Cleanup(func() { os.Remove(group) })
	if err := os.WriteFile(filepath.Join(group, file), []byte(fmt.Sprint(limit)), 0); err != nil {
		t.Skipf("no limit can be set: %v", err)
	}
	return filepath.Join(group, "cgroup.procs")
}

// TestLiveMemoryLimit: in a control group of 128 MiB a listener lives through
// thousands of half requests, says what it has made of the limit, and serves whole
// ones all the while.
func TestLiveMemoryLimit(t *testing.T) {
	needRoot(t)
	procs := memoryGroup(t, 128<<20)
	m := newMirror(t)
	m.web.drain(":81") // which reads and never responds
	m.startServer()
	m.replay()
	m.listener = m.web.start(nil, "sh", "-c", `echo $$ > "$0" && exec "$@"`, procs, gorBinary(t),
		"listen", "-p", "80,81", "-r", wireAddr, "--log-format", "json")
	m.listener.await(`"msg":"listening"`)
	m.listener.await("limited to 128MiB")
	const halves, clients = 6_000, 40
	half := fmt.Appendf(nil, "POST /half HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n%s", strings.Repeat("x", 32_000))
	errs := make([]error, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			for range halves / clients {
				c, err := m.client.dial("tcp", "10.99.1.1:81")
				if err == nil {
					t.Cleanup(func() { c.Close() })
					_, err = c.Write(half)
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	l := m.newLoad(1, 500)
	m.run(l)
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	listen, _ := m.finish(l.count)
	m.sink.check(t, l)
	if listen.Requests["shed"] == 0 || listen.Requests["memory_peak_bytes"] > 32<<20 {
		t.Errorf("%v", listen.Requests)
	}
}
