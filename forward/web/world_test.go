package web

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/report"
)

// wireStats is what a replayer's group has, as far as the page looks.
type wireStats struct {
	Lost uint64 `name:"messages_lost" unit:"messages" help:"Messages lost."`
}

// A world is a replayer with traffic that a test makes up.
type world struct {
	mu       sync.Mutex
	at       time.Time
	snapshot report.Snapshot
	looks    int // how often it was looked at
	random   *rand.Rand
}

// hostile are what strangers may call things.
var hostile = []string{
	`<img src=x onerror="document.title='owned'">`, `</script><script>document.title='owned'</script>`, `"><svg onload=alert(1)>`,
	"javascript:alert(1)", "a\u202egnp.exe", `'+alert(1)+'`, "{{data}}/*script*/",
}

func newWorld(names ...string) *world {
	w := &world{at: time.Unix(1_800_000_000, 0), random: rand.New(rand.NewPCG(1, 2))}
	for _, name := range names {
		w.snapshot.Targets = append(w.snapshot.Targets, forward.TargetStats{Target: name, Status: map[int]uint64{}})
	}
	w.snapshot.Groups = []report.Group{{Name: "wire", Stats: wireStats{}}}
	return w
}

// collect is a Config's Collect.
func (w *world) collect() report.Snapshot {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.looks++
	s := w.snapshot
	s.Targets = nil
	for _, t := range w.snapshot.Targets {
		codes := map[int]uint64{}
		for code, n := range t.Status {
			codes[code] = n
		}
		t.Status, t.Latency, t.Wait = codes, t.Latency.Clone(), t.Wait.Clone()
		s.Targets = append(s.Targets, t)
	}
	return s
}

// answer has n requests answered by a target with a code, in about this time.
func (w *world) answer(target, n, code int, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := &w.snapshot.Targets[target]
	t.Received += uint64(n)
	t.Answered += uint64(n)
	t.Status[code] += uint64(n)
	for range n {
		t.Latency.Add(time.Duration(float64(took) * (.6 + w.random.ExpFloat64())))
		t.Wait.Add(took / 50)
	}
}

// listener sets what a listener says of itself, in pairs of name and value.
func (w *world) listener(i int, host, version string, accounts ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := report.Listener{Host: host, Version: version, Address: "10.0.0." + string(rune('1'+i)) + ":4711"}
	for k := 0; k < len(accounts); k += 2 {
		l.Accounts = append(l.Accounts, report.ListenerAccount{Name: accounts[k].(string), Value: uint64(accounts[k+1].(int))})
	}
	all := append([]report.Listener(nil), w.snapshot.Listeners...)
	for len(all) <= i {
		all = append(all, report.Listener{})
	}
	all[i] = l
	w.snapshot.Listeners = all
}

// change changes the accounts otherwise.
func (w *world) change(f func(s *report.Snapshot)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(&w.snapshot)
}

// pageOf is a page of a world, that serves on a socket where it is started.
func pageOf(t *testing.T, w *world) *Page {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := newPage(Config{
		Address: "127.0.0.1:0", Version: "1.2.3", Machine: "replay.test", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Collect: w.collect,
	}, socket)
	t.Cleanup(p.Close)
	return p
}

// busy fills a page with 15 minutes of traffic that has a bit of everything, which end
// now.
func busy(p *Page, w *world) {
	at := time.Now().Add(-history)
	p.begin(at)
	sent := 0
	for i := range maxSlots {
		n := 700 + 6*(i%40) + w.random.IntN(50)
		slow := time.Duration(1)
		if i > 110 && i < 130 {
			slow = 9
		}
		for target := range w.snapshot.Targets {
			took := slow * time.Duration(target+1) * 6 * time.Millisecond
			share, failed := 1, 0
			if target == 1 {
				share, failed = 4, i%2
			}
			w.answer(target, n*4/100/share, 404, took/3)
			w.answer(target, n*5/100/share, 302, took/2)
			if target == 1 && i > 110 {
				w.answer(target, n*2/100/share, 503, took)
			}
			w.change(func(s *report.Snapshot) {
				t := &s.Targets[target]
				t.Failed[forward.FailTimeout] += uint64(failed)
				t.QueueFull += uint64(failed)
				t.SampledOut += uint64(n - n/share)
				t.Received += uint64(2*failed + n - n/share)
				t.Queue, t.InFlight = 3*target, 12
			})
			left := sent + n - int(w.collect().Targets[target].Received)
			w.answer(target, left, 200, took)
		}
		sent += n
		total := int(w.snapshot.Targets[0].Received)
		w.listener(0, "web1", "1.2.3", "requests_captured", total*7/10, "requests_sent", total*66/100, "requests_queue_full", i/2, "requests_filtered", total*4/100-i/2,
			"wire_messages_sent", total*66/100, "wire_messages_received", total*65/100, "wire_messages_lost", i/4, "wire_messages_pending", 3)
		w.listener(1, "web2", "1.2.2", "requests_captured", total*4/10, "requests_sent", total*38/100, "requests_gap", total*2/100,
			"wire_messages_sent", total*38/100, "wire_messages_received", total*35/100, "wire_messages_lost", 0, "wire_messages_pending", 40)
		p.endSlot(at.Add(time.Duration(i+1) * slotTime))
	}
	for i, route := range []string{"/", "/api/v1/users/12", "/api/v1/users/13/orders", "/cart", "/static/app.js", "/search?q=x"} {
		for target := range w.snapshot.Targets {
			for n := range 4000 / (i + 1) {
				o := forward.Outcome{Target: target, Method: []byte("GET"), Path: []byte(route), Status: 200, Ended: time.Duration(target+i+1) * time.Millisecond}
				if n%50 == 1 && i == 3 && target == 1 {
					o.Status = 503
				}
				p.Take(&o)
			}
		}
	}
}

// examples are routes that differ.
func examples() *compare.Report {
	return &compare.Report{Targets: []compare.TargetReport{{Routes: []compare.RouteReport{{
		Route: "GET /api/v1/users/{id}", Target: "http://staging:8080", Fates: compare.Fates{Compared: 4100, Different: 37, Same: 4063},
		Reasons: map[string]uint64{"status": 30, "body": 7},
		Paths:   []compare.PathReport{{Path: "status", What: "changed", Count: 30, Of: 4100}, {Path: "$.name", What: "missing", Count: 7, Of: 4100}},
		Then:    compare.Latency{Count: 4100, P50: 4 * time.Millisecond, P99: 21 * time.Millisecond},
		Now:     compare.Latency{Count: 4100, P50: 9 * time.Millisecond, P99: 80 * time.Millisecond}, Slower: true,
		Examples: []compare.Example{{
			Request: "GET /api/v1/users/12?full=1", Then: 200, Now: 500, Curl: "curl -i 'http://staging:8080/api/v1/users/12?full=1'",
			Differences: []compare.Difference{{Path: "status", What: "changed", Then: "200", Now: "500"}, {Path: "$.name", What: "missing", Then: `"Anna"`}},
		}},
	}, {Route: "GET /cart", Target: "http://staging:8080", Fates: compare.Fates{Compared: 100, Same: 100}}}}}}
}
