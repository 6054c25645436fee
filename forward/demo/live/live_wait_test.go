//go:build linux

package live

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// record writes a capture file with the requests of a load, a round over its
// connections after the other.
func (l *load) record(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "load.pcap")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &pcapRecorder{out: bufio.NewWriterSize(f, 1<<20), rng: rand.New(rand.NewPCG(1, 2)), step: 10}
	w.out.Write(binary.LittleEndian.AppendUint32([]byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0}, 1))
	clients, next := make([]client, l.conns), make([]uint32, l.conns)
	var request []byte
	for n := range l.count {
		i := n % l.conns
		c := &clients[i]
		if c.load == nil {
			*c = client{load: l, name: 1<<40 + l.first + uint64(i)}
			w.client(i, next[i], 0x02, nil) // SYN
			next[i]++
		}
		request = c.append(request[:0], l.first+uint64(n))
		for rest := request; len(rest) > 0; {
			piece := rest[:min(len(rest), 60_000)]
			w.client(i, next[i], 0x18, piece)
			next[i] += uint32(len(piece))
			rest = rest[len(piece):]
		}
	}
	if err := w.out.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return file
}

// read starts a listener that sends a recording to the replayer.
func (m *mirror) read(file string) *process {
	m.t.Helper()
	return m.web.gor("listen", "-p", "80", "--read", file, "-r", wireAddr)
}

// highWater is the most memory that a process had so far, in bytes.
func (p *process) highWater() (bytes int) {
	p.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	if _, err := fmt.Sscanf(rest, "%d kB", &bytes); err != nil {
		p.t.Fatal(err)
	}
	return bytes << 10
}

// TestLiveRecording: a recording is replayed whole, each request once and in the
// order of its connection, to a target that has a limit or is slow, in flat memory;
// and when the listener has ended, it is done.
func TestLiveRecording(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		targets string
		count   int
		body    int
		least   time.Duration
	}{
		{"limited", stageURL + "|500", 2000, 0, 3500 * time.Millisecond},
		{"as fast as it goes", stageURL, 50_000, 0, 0},
		{"larger than all buffers", stageURL, 60, 5 << 20, 0},
		{"one refuses", "http://" + stageIP + ":9," + stageURL, 40_000, 0, 5 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.replay("-f", tt.targets)
			l := m.newLoad(1, tt.count)
			l.body, l.conns = tt.body, 50
			file := l.record(t)
			start := time.Now()
			m.listener = m.read(file)
			if code := m.listener.wait(); code != 0 {
				t.Errorf("exit %d: %s", code, m.listener.stderr.String())
			}
			if took := time.Since(start); took < tt.least {
				t.Errorf("it took %v", took)
			}
			m.sink.check(t, l)
			if most := m.replayer.highWater(); most > 200<<20 {
				t.Errorf("the replayer had %d MiB", most>>20)
			}
			m.replayer.interrupt()
			listen, replay := finalAccounts(t, m.listener), finalAccounts(t, m.replayer)
			listen.checkListener(t)
			replay.checkTargets(t)
			for _, target := range replay.Targets {
				if target.number("queue_full")+target.number("limited")+target.number("stopped") != 0 {
					t.Errorf("%v", target)
				}
			}
		})
	}
}

// TestLiveRecordingForNobody: where no replayer responds, or none can reach a
// target, a recording's run ends in time, says why and how much is left, and fails.
func TestLiveRecordingForNobody(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		targets string // "": no replayer
		count   int
		body    int
		want    string
	}{
		{"no replayer", "", 100, 2 << 20, "skipped="},
		{"no target", "http://" + stageIP + ":9,http://" + stageIP + ":10", 30_000, 4000, "skipped="},
		{"no target for a few", "http://" + stageIP + ":9", 10, 0, "can reach none of its targets"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			gorBinary(t) // it may have to be built
			if tt.targets != "" {
				m.replay("-f", tt.targets)
			}
			l := m.newLoad(1, tt.count)
			l.body = tt.body
			file := l.record(t)
			start := time.Now()
			m.listener = m.read(file)
			code := m.listener.wait()
			if took := time.Since(start); code != 1 || took > 15*time.Second {
				t.Errorf("exit %d after %v: %s", code, took, m.listener.stderr.String())
			}
			errs := strings.TrimSpace(m.listener.stderr.String())
			if last := errs[strings.LastIndexByte(errs, '\n')+1:]; !strings.Contains(last, "was not delivered whole") || !strings.Contains(last, tt.want) {
				t.Errorf("the last line is %s", last)
			}
			finalAccounts(t, m.listener).checkListener(t)
			if tt.targets != "" {
				m.replayer.interrupt()
				replay := finalAccounts(t, m.replayer)
				replay.checkTargets(t)
				for _, target := range replay.Targets {
					if target.number("received") != target.number("failed") {
						t.Errorf("%v", target)
					}
				}
			}
		})
	}
}

// TestLiveBesideRecording: live traffic loses nothing to a recording that is
// replayed beside it to a target with a limit.
func TestLiveBesideRecording(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay("-f", stageURL+"|1000", "--max-wait", "2s")
	m.listen()
	read := m.newLoad(100_000, 8000)
	read.conns = 200
	reader := m.read(read.record(t))
	live := m.newLoad(1, 1500)
	live.rate = 300
	m.run(live)
	if code := reader.wait(); code != 0 {
		t.Errorf("exit %d: %s", code, reader.stderr.String())
	}
	_, replay := m.finish(live.count + read.count)
	m.sink.check(t, live, read)
	if target := replay.target(t, 0); target.number("answered") != uint64(live.count+read.count) {
		t.Errorf("%v", target)
	}
}

// TestLiveRecordingStops: a signal ends a recording that is held back, in time and
// with its accounts; the status says whether all that was read is with the replayer.
func TestLiveRecordingStops(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.replay("-f", stageURL+"|10")
	l := m.newLoad(1, 50_000)
	l.body = 2000
	m.listener = m.read(l.record(t))
	m.sink.await(5)
	start := time.Now()
	m.listener.cmd.Process.Signal(syscall.SIGTERM)
	code := m.listener.wait()
	listen := finalAccounts(t, m.listener)
	listen.checkListener(t)
	want := 0
	if listen.Wire["messages_lost"]+listen.Requests["skipped"]+listen.Requests["queue_full"] > 0 {
		want = 1
	}
	if took := time.Since(start); code != want || took > 8*time.Second {
		t.Errorf("exit %d, want %d, after %v: %s", code, want, took, m.listener.stderr.String())
	}
}
