//go:build linux

package live

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkListenerCost puts gor, the yardstick and tcpdump beside the same
// web server, all at once, under 20,000 keep-alive GETs a second, and reports
// the CPU time of each per request. The replayer accepts the requests and
// forwards none of them, so that the machine can carry the load.
func BenchmarkListenerCost(b *testing.B) {
	needTools(b, "tcpdump")
	m := newMirror(b)
	m.startNginx()
	m.replay("--method", "NONE")
	m.listen()
	discard := m.stage.discardUDP(":9999")
	yard := m.web.start(asRole("yardstick"), "/proc/self/exe", discard)
	yard.await("ready")
	dump := m.web.start(nil, "tcpdump", "-i", "any", "-Z", "root", "-w", "/dev/null", "tcp dst port 80")
	dump.await("listening on")

	warm := m.newLoad(1, 90000) // once around the rings: the first use of their memory costs more
	warm.rate = 20000
	m.run(warm)
	runners := []struct {
		name string
		*process
	}{{"gor", m.listener}, {"yardstick", yard}, {"tcpdump", dump}}
	cost := make([]float64, len(runners))
	requests := 0
	for b.Loop() {
		l := m.newLoad(uint64(requests)+1_000_000, 60000)
		l.rate, l.conns = 20000, 64
		for i, r := range runners {
			cost[i] -= cpuTime(b, r.cmd.Process.Pid)
		}
		m.run(l)
		for i, r := range runners {
			cost[i] += cpuTime(b, r.cmd.Process.Pid)
		}
		requests += l.count
		b.Logf("%d requests; the load was %v behind at worst", l.count, l.late)
	}
	m.listener.interrupt()
	listen := finalAccounts(b, m.listener)
	if want := uint64(requests + warm.count); listen.Requests["sent"]+listen.kernelDrops() < want {
		b.Errorf("listener: %v, want %d sent", listen, want)
	}
	yard.interrupt()
	b.Logf("yardstick: %s", yard.stderr.String())
	b.ReportMetric(0, "ns/op") // the length of the load, says nothing
	for i, r := range runners {
		b.ReportMetric(cost[i]*1e6/float64(requests), r.name+"-us/req")
	}
	b.ReportMetric(cost[0]/cost[1], "gor/yardstick")
}

// BenchmarkListenerRest is what the listener costs where little or nothing is to
// be done: CPU time and switches per second at a few rates.
func BenchmarkListenerRest(b *testing.B) {
	for _, rate := range []int{0, 10, 100, 1000, 5000} {
		b.Run(fmt.Sprint(rate, " per second"), func(b *testing.B) {
			m := newMirror(b)
			m.startServer()
			m.replay("--method", "NONE")
			m.listen()
			warm := m.newLoad(1, 100)
			warm.rate = 100
			m.run(warm)
			const seconds = 10
			pid := m.listener.cmd.Process.Pid
			cost, switches := -cpuTime(b, pid), -contextSwitches(b, pid)
			for b.Loop() {
				if rate == 0 {
					time.Sleep(seconds * time.Second)
					continue
				}
				l := m.newLoad(1_000_000, seconds*rate)
				l.rate = float64(rate)
				m.run(l)
			}
			cost += cpuTime(b, pid)
			switches += contextSwitches(b, pid)
			b.ReportMetric(0, "ns/op") // the length of the load, says nothing
			b.ReportMetric(cost*1e3/float64(b.N*seconds), "ms/s")
			b.ReportMetric(switches/float64(b.N*seconds), "switches/s")
		})
	}
}

// contextSwitches is how often a process's living threads were switched to.
func contextSwitches(b *testing.B, pid int) (sum float64) {
	b.Helper()
	for _, status := range threadStatus(b, pid) {
		for line := range strings.Lines(status) {
			if name, n, _ := strings.Cut(line, ":"); strings.HasSuffix(name, "ctxt_switches") {
				v, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
				if err != nil {
					b.Fatal(err)
				}
				sum += v
			}
		}
	}
	return sum
}

// cpuTime is the CPU time in seconds that a process's living threads have had,
// from the scheduler's own accounts: utime and stime count in steps of 10 ms.
func cpuTime(b testing.TB, pid int) float64 {
	b.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		b.Fatalf("no threads of process %d: %v", pid, err)
	}
	var sum uint64
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has just ended
		}
		ns, err := strconv.ParseUint(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += ns
	}
	return float64(sum) / 1e9
}

// discardUDP receives datagrams as a replayer does, many at once, and throws
// them away. It returns the address in stage.
func (n *namespace) discardUDP(addr string) string {
	n.t.Helper()
	conn := n.listenUDP(addr)
	raw, err := conn.SyscallConn()
	if err == nil {
		err = raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) })
	}
	if err != nil {
		n.t.Fatal(err)
	}
	go func() { // ends with the socket
		buf := make([]byte, 1<<16)
		for {
			if _, err := conn.Read(buf); err != nil {
				return
			}
		}
	}()
	return stageIP + addr
}
