//go:build linux

package live

import (
	"flag"
	"testing"
	"time"
)

var beside = flag.String("beside", "", "another gor, such as one built from an older commit, for the benchmarks that compare with one")

// turns is how often each of two programs has its turn: a machine's speed changes
// while it measures, and so the two take turns and the medians count.
const turns = 5

// BenchmarkListenerBeside puts another gor beside this one: what a listener costs
// per request at 20,000 a second, with the short head of a script and with a
// browser's, and per second at ten requests a second and at none.
func BenchmarkListenerBeside(b *testing.B) {
	if *beside == "" {
		b.Skip("beside what? -args -beside FILE names another gor")
	}
	for _, tt := range []struct {
		name    string
		rate    float64
		seconds int
		browser bool
	}{
		{"20000 per second", 20000, 3, false},
		{"20000 per second of a browser", 20000, 3, true},
		{"10 per second", 10, 10, false},
		{"none", 0, 10, false},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var costs [2][]float64
			for range turns {
				for i, file := range []string{*beside, gorBinary(b)} {
					b.Run([]string{"before", "now"}[i], func(b *testing.B) {
						cost := listenerTurn(b, file, tt.rate, tt.seconds, tt.browser)
						costs[i] = append(costs[i], cost)
						b.ReportMetric(0, "ns/op") // the length of the load, says nothing
						b.ReportMetric(cost, unit(tt.rate))
						if i == 1 {
							b.ReportMetric(median(costs[1])/median(costs[0]), "medians:now/before")
						}
					})
				}
			}
		})
	}
}

// unit is that of a listener's cost at a rate: where there is little to do, it is
// the time that counts.
func unit(rate float64) string {
	if rate < 100 {
		return "ms/s"
	}
	return "us/req"
}

// listenerTurn has one gor listen to a load, all of which has to be handed on, and
// returns the CPU time that it took, in the unit of that rate.
func listenerTurn(b *testing.B, gor string, rate float64, seconds int, browser bool, flags ...string) float64 {
	m := newMirror(b)
	m.startNginx()
	m.replayer = m.stage.gorAt(gor, "replay", "-f", stageURL, "--method", "NONE")
	m.listener = m.web.gorAt(gor, append([]string{"listen", "-p", "80", "-r", wireAddr}, flags...)...)
	warm, l := m.newLoad(1, 300), m.newLoad(1_000_000, int(rate)*seconds)
	if warm.rate = 300; rate > warm.rate { // once around the ring: the first use of its memory costs more
		warm.rate, warm.count = rate, int(4.5*rate)
	}
	l.rate, l.conns, l.browser, warm.browser = rate, 64, browser, browser
	m.run(warm)
	time.Sleep(time.Second) // what the beginning costs is not asked
	cost := -cpuTime(b, m.listener.cmd.Process.Pid)
	if rate == 0 {
		time.Sleep(time.Duration(seconds) * time.Second)
	} else {
		m.run(l)
	}
	cost += cpuTime(b, m.listener.cmd.Process.Pid)
	if l.fellShort() {
		b.Logf("the load was %v behind at worst", l.late)
	}
	m.listener.interrupt()
	if sent, want := finalAccounts(b, m.listener).Requests["sent"], uint64(warm.count+l.count); sent != want {
		b.Errorf("%d of %d requests sent", sent, want)
	}
	if unit(rate) == "ms/s" {
		return cost * 1e3 / float64(seconds)
	}
	return cost * 1e6 / float64(l.count)
}
