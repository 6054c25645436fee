//go:build linux

package live

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what terminals show to the files that it is compared with")

// pane is what the terminal shows, row by row as a person sees it.
func (w *window) pane() string {
	var rows []string
	for row := range strings.Lines(w.do("capture-pane", "-p")) {
		rows = append(rows, strings.TrimRight(row, " \n"))
	}
	return strings.TrimRight(strings.Join(rows, "\n"), "\n") + "\n"
}

// view is the part of a pane below the log.
func view(pane, head string) string {
	i := strings.Index(pane, "\n"+head)
	if i < 0 || strings.Count(pane, "\n"+head) > 1 {
		return "not one view in\n" + pane
	}
	return pane[i+1:]
}

// stable is a view without what differs from run to run: figures, their units, and the
// room that they take, and what is under way at a moment.
func stable(view string) string {
	for _, r := range []struct{ from, to string }{
		{`[0-9][0-9.,]*`, "0"}, {`\b(0m)?0(us|ms|s)\b`, "0s"}, {` *~\n`, "\n"}, {` +`, " "}, {` \n`, "\n"},
		{` messages_pending 0`, ""}, // it is shown while there are some
	} {
		view = regexp.MustCompile(r.from).ReplaceAllString(view, r.to)
	}
	return view
}

// TestLivePanes compares what both sides show in terminals of 80 and of 120 columns with
// what they showed when testdata/panes was written (-update): the same rows, with other
// figures. A terminal that has become the other size shows what belongs to that.
func TestLivePanes(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	needTools(t, "tmux")
	m.startServer()
	gor := gorBinary(t)
	type shown struct {
		*window
		side    string
		columns int
	}
	var all []shown
	for i, columns := range []int{80, 120} {
		port := 28020 + i
		replay := newWindow(t, m.stage, columns, 24, fmt.Sprintf("%s replay -p %d --control off -f '%s|10,http://%s:9'", gor, port, stageURL, stageIP))
		replay.await("msg=replaying")
		listen := newWindow(t, m.web, columns, 24, fmt.Sprintf("%s listen -p 80 --control off -r %s:%d", gor, stageIP, port))
		listen.await("msg=listening")
		all = append(all, shown{replay, "replay", columns}, shown{listen, "listen", columns})
	}
	l := m.newLoad(1, 100)
	l.rate = 200
	ran := make(chan error, 1)
	seen, enough := context.WithCancel(t.Context())
	defer enough()
	go func() { // as long as anybody looks
		var err error
		for err == nil && seen.Err() == nil {
			err = l.run()
		}
		ran <- err
	}()
	file := func(side string, columns int) string {
		return filepath.Join("../../../testdata/panes", fmt.Sprintf("%s-%d.txt", side, columns))
	}
	check := func(w shown, columns int) {
		head := "gor " + w.side + " "
		want := stable(readFile(t, file(w.side, columns)))
		got := ""
		for limit := time.Now().Add(5 * time.Second); time.Now().Before(limit); time.Sleep(100 * time.Millisecond) {
			if got = view(w.pane(), head); stable(got) == want {
				break
			}
		}
		if stable(got) != want {
			t.Errorf("%s in %d columns, now %d:\n%s\nwant but for the figures\n%s", w.side, w.columns, columns, got, want)
		}
		for row := range strings.Lines(got) {
			if n := len(strings.TrimSuffix(row, "\n")); n >= columns {
				t.Errorf("%d of %d columns: %s", n, columns, row)
			}
		}
	}
	if *update {
		time.Sleep(4 * time.Second)
		for _, w := range all {
			if err := os.WriteFile(file(w.side, w.columns), []byte(view(w.pane(), "gor "+w.side+" ")), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, w := range all {
		check(w, w.columns)
	}
	for _, w := range all {
		other := 200 - w.columns
		w.do("resize-window", "-x", fmt.Sprint(other), "-y", "24")
		check(w, other)
	}
	enough()
	if err := <-ran; err != nil {
		t.Fatal(err)
	}
	l.close()
}
