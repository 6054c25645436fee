//go:build linux

package live

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLiveLimit replays to a limited and to an unlimited target.
func TestLiveLimit(t *testing.T) {
	t.Parallel()
	// What reaches the sink late, on a busy machine, shortens its distance to
	// the next. The stretch in which at most ten may begin is therefore taken
	// shorter than the second that the replayer promises.
	const limit, stretch = 10, 750 * time.Millisecond
	m := newMirror(t)
	m.startServer()
	free := m.stage.newSink(":8001")
	m.replay("-f", stageURL+"|10,http://"+stageIP+":8001")
	m.listen()
	l := m.newLoad(1, 300)
	l.rate = 100
	m.run(l)
	free.await(l.count)
	started := time.Now()
	m.sink.await(40) // about a second beyond the load
	t.Logf("%d had begun at the limited target %v after the load", m.sink.unique(), time.Since(started))
	_, replay := m.finish(0)
	free.check(t, l)
	if n := m.sink.busiest(stretch); n > limit {
		t.Errorf("%d requests began within %v at the target that is limited to %d a second", n, stretch, limit)
	}
	limited, unlimited := replay.target(t, 0), replay.target(t, 1)
	// What was in flight when the replayer stopped may have arrived, or not.
	n, answered := uint64(m.sink.unique()), limited.number("answered")
	if n < 30 || n < answered || n > answered+limited.number("failed") {
		t.Errorf("the limited target received %d, its accounts say %v", n, limited)
	}
	for _, target := range []target{limited, unlimited} {
		if target.number("received") != uint64(l.count) {
			t.Errorf("%v, want %d received", target, l.count)
		}
	}
	if unlimited.number("answered") != uint64(l.count) {
		t.Errorf("%v, want %d answered", unlimited, l.count)
	}
}

// TestLiveDeadTarget has one target that refuses and one that never answers:
// they must cost the third nothing.
func TestLiveDeadTarget(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.stage.newHangingSink(":8002")
	m.replay("-f", "http://"+stageIP+":9,http://"+stageIP+":8002", "-f", stageURL)
	m.listen()
	l := m.newLoad(1, 3000)
	l.rate = 1000
	m.run(l)
	_, replay := m.finish(l.count)
	m.sink.check(t, l)
	dead, good := replay.target(t, 0), replay.target(t, 2)
	if dead.number("answered") != 0 || dead.number("failed") == 0 {
		t.Errorf("accounts of the target that refuses: %v", dead)
	}
	if good.number("answered") != uint64(l.count) {
		t.Errorf("accounts of the target that answers: %v", good)
	}
	for _, target := range replay.Targets {
		if target.number("received") != uint64(l.count) {
			t.Errorf("%v, want %d received", target, l.count)
		}
	}
}

// TestLiveLoop listens on the machine that replays to its own port 80: what is
// replayed is captured again, known by its mark, and not replayed again.
func TestLiveLoop(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	server := m.startServer()
	m.replayer = m.web.gor("replay", "-f", "http://localhost:80")
	m.listen("-r", "localhost:28020")
	l := m.newLoad(1, 500)
	l.rate = 500
	m.run(l)
	server.awaitTotal(2 * l.count)
	listen, replay := m.finish(0)
	for id := l.first; id < l.first+uint64(l.count); id++ {
		if n := server.times(id); n != 2 {
			t.Fatalf("request %d arrived %d times, want itself and one replay", id, n)
		}
	}
	want := uint64(l.count)
	r := listen.Requests
	if r["captured"] != 2*want || r["sent"] != want || r["loop"] != want {
		t.Errorf("listener: %v, want %d sent and as many dropped as loop", r, want)
	}
	if a := replay.target(t, 0); a.number("answered") != want {
		t.Errorf("target: %v, want %d answered", a, want)
	}
}

// TestLiveReplayerLate starts the replayer when half of the load is through.
func TestLiveReplayerLate(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.listen()
	early, late := m.newLoad(1, 500), m.newLoad(10000, 500)
	early.rate, late.rate = 500, 500
	m.run(early)
	m.replay()
	m.run(late)
	m.mirrored(early, late)
}

// TestLiveReplayerRestart kills the replayer under load and starts it again.
// What it held is lost with it; nothing arrives twice, and once it is back
// nothing is missing any more.
func TestLiveReplayerRestart(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	m.listen()
	before, during, after := m.newLoad(1, 500), m.newLoad(10000, 2000), m.newLoad(20000, 500)
	before.rate, during.rate, after.rate = 1000, 1000, 1000
	m.run(before)
	m.sink.await(before.count)
	done := make(chan error, 1)
	go func() { done <- during.run() }()
	m.sink.await(before.count + during.count/4)
	m.replayer.kill()
	arrived := m.sink.unique()
	m.replay()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	during.close()
	m.run(after)
	m.sink.awaitOne(after.first + uint64(after.count) - 1)
	listen, replay := m.finish(0)

	missing := 0
	for _, l := range []*load{before, during, after} {
		for id := l.first; id < l.first+uint64(l.count); id++ {
			switch n := m.sink.times(id); {
			case n > 1:
				t.Errorf("request %d arrived %d times", id, n)
			case n == 0 && l != during:
				t.Errorf("request %d is missing; it was not sent while the replayer was away", id)
			case n == 0:
				missing++
			}
		}
	}
	if len(m.sink.corrupt) != 0 {
		t.Errorf("corrupt: %.3q", m.sink.corrupt)
	}
	t.Logf("killed when %d had arrived; %d of %d missing; listener's wire: %v; the second replayer's: %v", arrived, missing, during.count, listen.Wire, replay.Wire)
	if missing > during.count/2 {
		t.Errorf("%d of %d requests are missing after a short restart", missing, during.count)
	}
}

// TestLiveListenerRestart starts the listener again under load: the new session
// is accepted and nothing that the old one had sent arrives twice.
func TestLiveListenerRestart(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	m.replay()
	first, second := m.newLoad(1, 500), m.newLoad(10000, 500)
	m.listen()
	m.run(first)
	m.sink.await(first.count)
	m.listener.interrupt()
	m.listen()
	m.run(second)
	_, replay := m.finish(first.count + second.count)
	m.sink.check(t, first, second)
	if n := replay.target(t, 0).number("answered"); n != uint64(first.count+second.count) {
		t.Errorf("target: %d answered", n)
	}
}

// TestLiveSecret encrypts the wire.
func TestLiveSecret(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	m.startServer()
	secret := secretFile(t, "correct horse battery staple")
	m.replay("--secret-file", secret)
	m.listen("--secret-file", secret)
	gets, posts := m.newLoad(1, 1000), m.newLoad(10000, 20)
	posts.body = 500_000
	m.run(gets)
	m.run(posts)
	m.mirrored(gets, posts)
}

// TestLiveWrongSecret sends what the replayer must not accept.
func TestLiveWrongSecret(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name           string
		listen, replay []string
	}{
		{"another", []string{"--secret-file", secretFile(t, "correct horse battery staple")}, []string{"--secret-file", secretFile(t, "hunter2 hunter2 hunter2")}},
		{"none sent", nil, []string{"--secret-file", secretFile(t, "correct horse battery staple")}},
		{"none expected", []string{"--secret-file", secretFile(t, "correct horse battery staple")}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := newMirror(t)
			m.startServer()
			m.replay(test.replay...)
			m.listen(test.listen...)
			l := m.newLoad(1, 200)
			m.run(l)
			listen, replay := m.finish(0)
			if n := m.sink.unique(); n != 0 {
				t.Errorf("%d requests arrived", n)
			}
			if n := listen.Requests["captured"]; n != uint64(l.count) {
				t.Errorf("%d of %d requests captured", n, l.count)
			}
			if n := replay.target(t, 0).number("received"); n != 0 {
				t.Errorf("target: %d received", n)
			}
			rejected := uint64(0)
			for name, n := range replay.Wire {
				if strings.HasPrefix(name, "rejected") {
					rejected += n
				}
			}
			if rejected == 0 {
				t.Errorf("the replayer rejected nothing: %v", replay.Wire)
			}
			if !strings.Contains(m.replayer.stderr.String(), "secret") {
				t.Errorf("the replayer does not speak of the secret:\n%s", m.replayer.stderr.String())
			}
			if !strings.Contains(m.listener.stderr.String(), `"level":"WARN"`) {
				t.Errorf("the listener does not warn:\n%s", m.listener.stderr.String())
			}
		})
	}
}

func secretFile(t testing.TB, secret string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLiveLoss drops datagrams of the wire at random in both directions.
func TestLiveLoss(t *testing.T) {
	t.Parallel()
	m := newMirror(t)
	needTools(t, "nft")
	m.startServer()
	m.stage.command("nft", `
		table inet lossy {
			chain in { type filter hook input priority 0; udp dport 28020 numgen random mod 100 < 5 drop; }
			chain out { type filter hook output priority 0; udp sport 28020 numgen random mod 100 < 5 drop; }
		}`)
	m.replay()
	m.listen()
	gets, posts := m.newLoad(1, 3000), m.newLoad(10000, 100)
	gets.rate, posts.body = 1500, 64<<10
	m.run(gets)
	m.run(posts)
	listen, replay := m.mirrored(gets, posts)
	if replay.Wire["datagrams_recovered"] == 0 {
		t.Errorf("nothing was lost, so nothing was shown: listener %v, replayer %v", listen.Wire, replay.Wire)
	}
}
