//go:build linux

package live

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestLiveRestarts kills the replayer under load and starts it again at once, many times in a row, with and without a
// machine that says that nobody listens there. The listener is back within a second each time, nothing arrives twice,
// and each time little more is lost than what was under way. With -full there are 200 restarts at 2,000 requests a second.
func TestLiveRestarts(t *testing.T) {
	t.Parallel()
	restarts, rate := 20, 500
	if *full {
		restarts, rate = 200, 2000
	}
	for _, icmp := range []bool{true, false} {
		t.Run(fmt.Sprintf("icmp=%t", icmp), func(t *testing.T) {
			t.Parallel()
			needTools(t, "nft")
			m := newMirror(t)
			if !icmp {
				m.web.command("nft", "table inet quiet { chain in { type filter hook input priority 0; meta l4proto icmp drop; }; }")
			}
			m.startServer()
			m.replay()
			m.listen()
			const pause = 600 * time.Millisecond
			l := m.newLoad(1, int((time.Duration(restarts+4)*pause).Seconds()*float64(rate)))
			l.rate = float64(rate)
			done := make(chan error, 1)
			go func() { done <- l.run() }()
			m.sink.await(rate / 10)
			for i := range restarts {
				m.restart(i + 1)
				time.Sleep(pause / 2)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			l.close()
			last := l.first + uint64(l.count) - 1
			m.sink.awaitOne(last)
			listen, _ := m.finish(0)
			missing := 0
			for id := l.first; id <= last; id++ {
				switch n := m.sink.times(id); {
				case n > 1:
					t.Errorf("request %d arrived %d times", id, n)
				case n == 0:
					missing++
				}
			}
			sent, lost := listen.Requests["sent"], listen.Wire["messages_lost"]
			t.Logf("%d restarts: %d of %d missing; listener: %d sent, %d lost", restarts, missing, l.count, sent, lost)
			// 50 ms of traffic or three round trips, which are long on a busy machine, and what the killed replayers held.
			if most := restarts * rate / 4; missing > most {
				t.Errorf("%d requests are missing, more than %d", missing, most)
			}
			if sent != uint64(l.count) || listen.Wire["messages_received"]+lost != sent {
				t.Errorf("listener: %v", listen.Wire)
			}
		})
	}
}

// restart kills the replayer and starts another, for the nth time, and waits until the listener has a session with it.
func (m *mirror) restart(n int) {
	m.t.Helper()
	m.replayer.kill()
	m.replay()
	since := time.Now()
	back := func() bool { return strings.Count(m.listener.stderr.String(), "a new session begins") >= n }
	for !back() && time.Since(since) < patience {
		time.Sleep(time.Millisecond)
	}
	if took := time.Since(since); took > time.Second {
		m.t.Errorf("restart %d: back after %v", n, took)
	}
}
