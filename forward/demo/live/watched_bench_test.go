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
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkWatched says what it costs to be watched: both sides' CPU time per request,
// with a page that a browser looks at, metrics that are fetched every second, a control
// socket and the view on a terminal, beside the same without any of these, by turns. The
// medians count. At 20,000 requests a second nothing is forwarded, which is the
// listener's load; at 2,000 all is.
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
			var costs [2][2][]float64 // without and with; of the listener and the replayer
			for range turns {
				for i, name := range []string{"unwatched", "watched"} {
					b.Run(name, func(b *testing.B) {
						listen, replay := watchedTurn(b, tt.rate, i == 1, tt.replay)
						costs[i][0], costs[i][1] = append(costs[i][0], listen), append(costs[i][1], replay)
						b.ReportMetric(0, "ns/op") // the length of the load, says nothing
						b.ReportMetric(listen, "listener-us/req")
						b.ReportMetric(replay, "replayer-us/req")
						b.ReportMetric(median(costs[i][0])/median(costs[0][0]), "medians:listener:with/without")
						b.ReportMetric(median(costs[i][1])/median(costs[0][1]), "medians:replayer:with/without")
					})
				}
			}
		})
	}
}

// watchedTurn has a load mirrored, and returns the CPU time per request of both sides, in
// microseconds.
func watchedTurn(b *testing.B, rate float64, watched bool, replay []string) (perListened, perReplayed float64) {
	m := newMirror(b)
	m.startNginx()
	gor, dir := gorBinary(b), b.TempDir()
	var views []*sync.WaitGroup
	start := func(n *namespace, name string, args ...string) *process {
		if !watched {
			return n.gorAt(gor, append(append([]string{name}, args...), "--control", "off")...)
		}
		p, shown := n.onTerminal(gor, append([]string{name, "--metrics", "127.0.0.1:9100", "--control", filepath.Join(dir, name)}, args...)...)
		p.await(map[string]string{"listen": "msg=listening", "replay": "msg=replaying"}[name])
		n.poll("http://127.0.0.1:9100/metrics")
		views = append(views, shown)
		return p
	}
	if watched {
		replay = append(replay, "--web", "127.0.0.1:8080")
	}
	m.replayer = start(m.stage, "replay", append(replay, "-f", stageURL)...)
	m.listener = start(m.web, "listen", "-p", "80", "-r", wireAddr)
	if watched {
		m.stage.poll("http://127.0.0.1:8080/events")
	}
	const seconds = 4
	warm, l := m.newLoad(1, int(4.5*rate)), m.newLoad(1_000_000, seconds*int(rate))
	warm.rate, l.rate, l.conns = rate, rate, 64
	m.run(warm)
	time.Sleep(time.Second) // what the beginning costs is not asked
	pids := []int{m.listener.cmd.Process.Pid, m.replayer.cmd.Process.Pid}
	cost := [2]float64{-cpuTime(b, pids[0]), -cpuTime(b, pids[1])}
	m.run(l)
	for i, pid := range pids {
		cost[i] = (cost[i] + cpuTime(b, pid)) * 1e6 / float64(l.count)
	}
	if l.fellShort() {
		b.Logf("the load was %v behind at worst", l.late)
	}
	m.listener.interrupt()
	m.replayer.interrupt()
	for _, shown := range views {
		shown.Wait()
	}
	sent := fmt.Sprintf(`sent=%d `, warm.count+l.count)
	if !watched {
		sent = fmt.Sprintf(`"sent":%d,`, warm.count+l.count)
	}
	if !strings.Contains(m.listener.stderr.String(), sent) {
		b.Errorf("not all requests were sent: no %s in %s", sent, m.listener.stderr.String())
	}
	if watched && !strings.Contains(m.replayer.stderr.String(), "\x1b[") {
		b.Error("there was no view")
	}
	return cost[0], cost[1]
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
