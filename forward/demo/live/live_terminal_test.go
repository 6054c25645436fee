//go:build linux

package live

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A window is a terminal of tmux in which gor runs.
type window struct {
	t      *testing.T
	socket string
}

// newWindow runs a shell command in a terminal of a size, in a namespace.
func newWindow(t *testing.T, n *namespace, columns, rows int, command string) *window {
	t.Helper()
	needTools(t, "tmux")
	w := &window{t: t, socket: filepath.Join(t.TempDir(), "tmux")}
	n.start(nil, "tmux", "-S", w.socket, "-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows),
		"trap : INT; TERM=screen "+command+"; echo ended; sleep 600").wait()
	t.Cleanup(func() { exec.Command("tmux", "-S", w.socket, "kill-server").Run() })
	return w
}

// do gives tmux a command.
func (w *window) do(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// lines are what the terminal shows and what has scrolled out of it; a line that was
// wrapped is one.
func (w *window) lines() []string {
	all := strings.Split(strings.TrimRight(w.do("capture-pane", "-p", "-J", "-S", "-2000"), "\n "), "\n")
	for i := range all {
		all[i] = strings.TrimRight(all[i], " ")
	}
	return all
}

// await waits until a text is shown.
func (w *window) await(text string) {
	w.t.Helper()
	for limit := time.Now().Add(patience); !strings.Contains(strings.Join(w.lines(), "\n"), text); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			w.t.Fatalf("no %q in\n%s", text, strings.Join(w.lines(), "\n"))
		}
	}
}

// checkView fails unless the view is the last that the terminal has, once, in lines that
// fit, and all above it are whole lines of the log.
func (w *window) checkView(head string, columns int) {
	w.t.Helper()
	lines := w.lines()
	begin := -1
	for i, l := range lines {
		if strings.HasPrefix(l, head) {
			if begin >= 0 {
				w.t.Fatalf("two views in\n%s", strings.Join(lines, "\n"))
			}
			begin = i
		} else if begin < 0 && !strings.HasPrefix(l, "time=") {
			w.t.Errorf("%q is no line of the log", l)
		}
	}
	if begin < 0 || len(lines)-begin > 8 || !strings.HasPrefix(lines[len(lines)-1], "wrong ") {
		w.t.Fatalf("no view of at most 8 lines at the end of\n%s", strings.Join(lines, "\n"))
	}
	for _, l := range lines[begin:] {
		if len(l) >= columns {
			w.t.Errorf("%d columns: %q", len(l), l)
		}
	}
}

// TestLiveTerminal runs both sides in terminals of 80 and 120 columns: nothing wraps or
// mixes, a resize is survived, and at the end the accounts take the place of the view.
// With --print on the same terminal there is none.
func TestLiveTerminal(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	needTools(t, "tmux")
	m.startServer()
	gor := gorBinary(t)
	replay := newWindow(t, m.stage, 80, 24, gor+" replay -f '"+stageURL+",http://"+stageIP+":9#5'")
	replay.await("msg=replaying")
	listen := newWindow(t, m.web, 120, 24, gor+" listen -p 80 --control off -r "+wireAddr)
	printing := newWindow(t, m.web, 80, 24, gor+" listen -p 80 --control off --stats 1s --print")
	listen.await("msg=listening")
	printing.await("msg=listening")
	l := m.newLoad(1, 600)
	l.rate = 100
	ran := make(chan error, 1)
	go func() { ran <- l.run() }()
	replay.await("refused")
	time.Sleep(1500 * time.Millisecond)
	replay.checkView("gor replay ", 80)
	listen.checkView("gor listen ", 120)
	for _, columns := range []int{100, 60, 140, 80} {
		replay.do("resize-window", "-x", fmt.Sprint(columns), "-y", "20")
		listen.do("resize-window", "-x", fmt.Sprint(columns), "-y", "20")
		time.Sleep(500 * time.Millisecond)
		replay.checkView("gor replay ", columns)
		listen.checkView("gor listen ", columns)
	}
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	l.close()
	m.sink.await(l.count)
	t.Logf("\n%s\n%s", strings.Join(listen.lines(), "\n"), strings.Join(replay.lines(), "\n"))
	for _, w := range []*window{listen, printing, replay} {
		w.do("send-keys", "C-c")
		w.await("ended")
	}
	for head, w := range map[string]*window{"gor listen  ": listen, "gor replay  ": replay, "requests  captured ": printing} {
		all := strings.Join(w.lines(), "\n")
		if strings.Contains(all, head) || !strings.Contains(all, ": accounts after ") {
			t.Errorf("a view is left, or no accounts:\n%s", all)
		}
	}
	printed := 0
	for _, line := range printing.lines() {
		if strings.Contains(line, "/r/") {
			printed++
			if strings.Contains(line, "time=") || strings.Contains(line, "captured") {
				t.Errorf("mixed: %q", line)
			}
		}
	}
	if printed != l.count {
		t.Errorf("%d of %d lines printed", printed, l.count)
	}
}
