package forward

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"
)

// fastServerEnv makes the test binary be a fastServer.
const fastServerEnv = "GOR_FAST_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(fastServerEnv) == "" {
		os.Exit(m.Run())
	}
	if err := serveFast(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A fastProcess is a target in a process of its own, so that its CPU time is
// not the client's. It costs as little as a server can.
type fastProcess struct {
	tb     testing.TB
	addr   string
	stdin  io.Closer
	stdout io.Reader
}

func fastServer(tb testing.TB) *fastProcess {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fastServerEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stdin.Close(); io.Copy(io.Discard, stdout); cmd.Wait() })
	p := &fastProcess{tb: tb, stdin: stdin, stdout: stdout}
	if _, err := fmt.Fscanln(stdout, &p.addr); err != nil {
		tb.Fatal(err)
	}
	return p
}

// arrivals ends the server and returns when each request was read, in order,
// in ns since the Unix epoch.
func (p *fastProcess) arrivals() (times []int64) {
	p.tb.Helper()
	p.stdin.Close()
	if err := gob.NewDecoder(p.stdout).Decode(&times); err != nil {
		p.tb.Fatal(err)
	}
	slices.Sort(times)
	return times
}

// serveFast answers each read that ends in a blank line, without looking at
// it, until in ends. It writes its address to out, and at the end the times.
func serveFast(in io.Reader, out io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var times []int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answerFast(c, func() {
					mu.Lock()
					times = append(times, time.Now().UnixNano())
					mu.Unlock()
				})
			}()
		}
	}()
	fmt.Fprintln(out, l.Addr())
	if _, err = io.Copy(io.Discard, in); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	return errors.Join(gob.NewEncoder(out).Encode(times), l.Close())
}

func answerFast(c net.Conn, note func()) {
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	buf := make([]byte, 16<<10)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
			note()
			c.Write(answer)
		}
	}
}
