package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

const (
	maxLogLine  = 1 << 20
	stopTimeout = 15 * time.Second // for a command to drain and end after SIGINT
)

// A child is a gor command that runs beside the demo.
type child struct {
	cmd      *exec.Cmd
	ready    chan struct{} // closed once it says that its sockets are open
	ended    chan struct{} // closed when it has ended; the fields below are then final
	err      error
	accounts map[string]any // its final report, as logged
	lastLine string         // the last line that was no log record
}

// startChild runs `exe args…`, and returns once the command is ready for
// traffic. Its warnings and errors go to stderr.
func startChild(ctx context.Context, stderr io.Writer, exe string, args ...string) (*child, error) {
	c := &child{
		cmd:   exec.Command(exe, append(args, "--stats", "0", "--log-format", "json")...),
		ready: make(chan struct{}),
		ended: make(chan struct{}),
	}
	c.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GOR_") }) // flags for others
	log, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(c.ended)
		c.follow(log, stderr)
		c.err = c.cmd.Wait()
	}()
	select {
	case <-c.ready:
		return c, nil
	case <-ctx.Done():
		c.stop()
		return nil, ctx.Err()
	case <-c.ended:
		return nil, errors.New(strings.TrimPrefix(c.lastLine, "gor: "))
	}
}

// follow reads the command's log to its end.
func (c *child) follow(log io.Reader, stderr io.Writer) {
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, maxLogLine)
	for lines.Scan() {
		var record map[string]any
		if json.Unmarshal(lines.Bytes(), &record) != nil {
			c.lastLine = lines.Text()
			continue
		}
		switch msg := record["msg"]; {
		case msg == "listening", msg == "replaying":
			close(c.ready)
		case msg == "accounts":
			c.accounts = record
		case record["level"] == "WARN", record["level"] == "ERROR":
			fmt.Fprintf(stderr, "%s\n", plain(record))
		}
	}
	io.Copy(io.Discard, log) // a line too long must not block the command
}

// plain is a warning as a person reads it: the message, and its attributes by name,
// but for a loss of nothing.
func plain(record map[string]any) string {
	var b strings.Builder
	fmt.Fprintf(&b, "warning: %v", record["msg"])
	for _, name := range slices.Sorted(maps.Keys(record)) {
		if name != "time" && name != "level" && name != "msg" && !(name == "lost" && record[name] == 0.) {
			fmt.Fprintf(&b, "; %s: %v", name, record[name])
		}
	}
	return b.String()
}

// stop interrupts the command, as Ctrl-C would, and waits for its end.
func (c *child) stop() error {
	c.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(stopTimeout, func() { c.cmd.Process.Kill() })
	defer late.Stop()
	<-c.ended
	return c.err
}

// account finds a number in the final report by its path, such as
// "requests", "captured"; a list stands for its first element. False when the
// report has no such number.
func (c *child) account(path ...string) (int, bool) {
	var v any = c.accounts
	for _, name := range path {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, _ := v.(map[string]any)
		v = m[name]
	}
	n, ok := v.(float64)
	return int(n), ok
}
