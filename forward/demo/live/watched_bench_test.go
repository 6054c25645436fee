//go:build linux

package live

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkWatched says what it costs to be watched: both sides' CPU time per request,
// with a page that a browser looks at, metrics that are fetched every second, a control
// socket and the view on a terminal, beside the same without any of these. Both are at
// work at the same time, on the same requests, so that whatever else the machine does is
// the same for both; which of them began first takes turns, and the medians count. At
// 20,000 requests a second nothing is forwarded, which is the listener's load; at 2,000
// all is.
func BenchmarkWatched(b *testing.B) {
	for _, tt := range []struct {
		name   string
		rate   float64
		replay []string
	}{
		{"20000 per second", 20000, []string{"--method", "NONE"}},
		{"2000 per second forwarded", 2000, nil},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var listener, replayer []float64 // with by without
			for turn := range turns {
				b.Run("turn", func(b *testing.B) {
					plain, watched := watchedTurn(b, tt.rate, turn%2 == 1, tt.replay)
					listener, replayer = append(listener, watched[0]/plain[0]), append(replayer, watched[1]/plain[1])
					b.ReportMetric(0, "ns/op") // the length of the load, says nothing
					b.ReportMetric(plain[0], "listener-us/req")
					b.ReportMetric(watched[0], "watched-listener-us/req")
					b.ReportMetric(plain[1], "replayer-us/req")
					b.ReportMetric(watched[1], "watched-replayer-us/req")
					b.ReportMetric(median(listener), "medians:listener:with/without")
					b.ReportMetric(median(replayer), "medians:replayer:with/without")
				})
			}
		})
	}
}

// watchedTurn has a load mirrored by two pairs of listener and replayer, one of which is
// watched, and returns the CPU time per request of both sides of either, in microseconds.
func watchedTurn(b *testing.B, rate float64, watchedFirst bool, replay []string) (plain, watched [2]float64) {
	m := newMirror(b)
	m.startNginx()
	pairs := [2]watchedPair{{port: "28020"}, {port: "28021", watched: true}}
	order := []*watchedPair{&pairs[0], &pairs[1]}
	if watchedFirst {
		slices.Reverse(order)
	}
	for _, p := range order {
		p.start(m, replay)
	}
	const seconds = 8
	warm, l := m.newLoad(1, int(2.5*rate)), m.newLoad(1_000_000, seconds*int(rate))
	warm.rate, l.rate, l.conns = rate, rate, 64
	m.run(warm)
	time.Sleep(time.Second) // what the beginning costs is not asked
	var cost [2][2]float64
	for i := range pairs {
		cost[i] = pairs[i].cpuTime(b)
	}
	m.run(l)
	for i := range pairs {
		for side, now := range pairs[i].cpuTime(b) {
			cost[i][side] = (now - cost[i][side]) * 1e6 / float64(l.count)
		}
		pairs[i].finish(b, warm.count+l.count)
	}
	if l.fellShort() {
		b.Logf("the load was %v behind at worst", l.late)
	}
	return cost[0], cost[1]
}

// BenchmarkWatchedIdle says what it costs to be watched where there are no requests: the
// CPU time of both sides per second, beside the same without. It is the part that does not
// grow with the load, and varies least.
func BenchmarkWatchedIdle(b *testing.B) {
	m := newMirror(b)
	pairs := [2]watchedPair{{port: "28020"}, {port: "28021", watched: true}}
	for i := range pairs {
		pairs[i].start(m, nil)
	}
	time.Sleep(2 * time.Second) // what the beginning costs is not asked
	const seconds = 20
	before := [2][2]float64{pairs[0].cpuTime(b), pairs[1].cpuTime(b)}
	time.Sleep(seconds * time.Second)
	b.ReportMetric(0, "ns/op")
	for i, kind := range []string{"", "watched-"} {
		now := pairs[i].cpuTime(b)
		b.ReportMetric((now[0]-before[i][0])*1e3/seconds, kind+"listener-ms/s")
		b.ReportMetric((now[1]-before[i][1])*1e3/seconds, kind+"replayer-ms/s")
	}
}

// A watchedPair is a listener and its replayer, watched or not.
type watchedPair struct {
	port               string // of the wire
	watched            bool
	listener, replayer *process
	shown              []*sync.WaitGroup // the terminals
}

// start starts both, the replayer with arguments of its own.
func (p *watchedPair) start(m *mirror, replay []string) {
	if p.watched {
		replay = append(slices.Clone(replay), "--web", "127.0.0.1:8080")
	}
	p.replayer = p.gor(m.stage, "replay", append(slices.Clone(replay), "-p", p.port, "-f", stageURL)...)
	p.listener = p.gor(m.web, "listen", "-p", "80", "-r", stageIP+":"+p.port)
	if p.watched {
		m.stage.poll("http://127.0.0.1:8080/events")
	}
}

// gor starts one of them.
func (p *watchedPair) gor(n *namespace, name string, args ...string) *process {
	args, program := append([]string{name}, args...), gorBinary(n.t)
	if !p.watched {
		return n.gorAt(program, append(args, "--control", "off")...)
	}
	process, shown := n.onTerminal(program, append(args, "--metrics", "127.0.0.1:9100", "--control", filepath.Join(n.t.TempDir(), name))...)
	process.await(map[string]string{"listen": "msg=listening", "replay": "msg=replaying"}[name])
	n.poll("http://127.0.0.1:9100/metrics")
	p.shown = append(p.shown, shown)
	return process
}

// cpuTime is what both have taken so far, the listener first, in seconds.
func (p *watchedPair) cpuTime(b *testing.B) [2]float64 {
	return [2]float64{cpuTime(b, p.listener.cmd.Process.Pid), cpuTime(b, p.replayer.cmd.Process.Pid)}
}

// finish ends both, and fails unless the listener sent so many requests and what was to
// be seen was.
func (p *watchedPair) finish(b *testing.B, requests int) {
	p.listener.interrupt()
	p.replayer.interrupt()
	for _, shown := range p.shown {
		shown.Wait()
	}
	sent := fmt.Sprintf(`"sent":%d,`, requests)
	if p.watched {
		sent = fmt.Sprintf(`sent=%d `, requests)
		if !strings.Contains(p.replayer.stderr.String(), "\x1b[") {
			b.Error("there was no view")
		}
	}
	if !strings.Contains(p.listener.stderr.String(), sent) {
		b.Errorf("not all requests were sent: no %s in %s", sent, p.listener.stderr.String())
	}
}

// onTerminal starts a program whose standard error is a terminal: what it shows there is
// in stderr, all of it once shown is done.
func (n *namespace) onTerminal(name string, args ...string) (p *process, shown *sync.WaitGroup) {
	n.t.Helper()
	master, slave, err := openTerminal(120, 40)
	if err != nil {
		n.t.Fatalf("a terminal: %v", err)
	}
	p = n.start(func(cmd *exec.Cmd) { cmd.Stderr, cmd.Env = slave, append(os.Environ(), "TERM=xterm") }, name, args...)
	slave.Close()
	shown = &sync.WaitGroup{}
	shown.Go(func() { io.Copy(&p.stderr, master) }) // ends with the process, which has the other end
	n.t.Cleanup(func() { master.Close(); shown.Wait() })
	return p, shown
}

// openTerminal opens a terminal of a size: what is written to the slave is read from the
// master (pty(7)).
func openTerminal(columns, rows uint16) (master, slave *os.File, err error) {
	if master, err = os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		return nil, nil, err
	}
	number := 0
	if err = unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err == nil {
		number, err = unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows})
	}
	if err == nil {
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		master.Close()
		return nil, nil, err
	}
	return master, slave, nil
}

// poll fetches a page of a server in the namespace every second, and one without an end
// as it comes, until the test ends.
func (n *namespace) poll(url string) {
	ctx, cancel := context.WithCancel(context.Background())
	client := &http.Client{Transport: &http.Transport{DialContext: func(_ context.Context, network, addr string) (net.Conn, error) { return n.dial(network, addr) }}}
	var polling sync.WaitGroup
	polling.Go(func() {
		for ctx.Err() == nil {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
			if err != nil {
				n.t.Error(err)
				return
			}
			if answer, err := client.Do(r); err == nil {
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if answer.StatusCode != http.StatusOK {
					n.t.Errorf("%s: %s", url, answer.Status)
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	})
	n.t.Cleanup(func() { cancel(); polling.Wait(); client.CloseIdleConnections() })
}
