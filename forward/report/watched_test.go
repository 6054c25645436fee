package report

import (
	"io"
	"testing"
	"time"

	"gor/forward/report/screen"
)

// watchedSnapshot is what a command with much to show collects.
func watchedSnapshot(replay bool) Snapshot {
	all := everyStats()
	if replay {
		return Snapshot{Groups: all[len(all)-1:], Targets: exampleStats()}
	}
	return Snapshot{Groups: all[:len(all)-1]}
}

// BenchmarkView is what a terminal's view costs, which is drawn once a second.
func BenchmarkView(b *testing.B) {
	for name, replay := range map[string]bool{"listen": false, "replay": true} {
		b.Run(name, func(b *testing.B) {
			s := watchedSnapshot(replay)
			at := time.Unix(1_800_000_000, 0)
			v := &view{declared: new(registry), command: name, started: at, window: 5 * time.Second}
			out := screen.New(io.Discard, func() (int, int) { return 120, 40 })
			b.ReportAllocs()
			for b.Loop() {
				at = at.Add(viewEvery)
				out.Show(v.next(at, s, "", ""))
			}
		})
	}
}

// BenchmarkMetrics is what it costs to be asked for metrics.
func BenchmarkMetrics(b *testing.B) {
	for name, replay := range map[string]bool{"listen": false, "replay": true} {
		b.Run(name, func(b *testing.B) {
			r, s := &Reporter{cfg: Config{Command: name, Version: "1.2.3"}}, watchedSnapshot(replay)
			b.ReportAllocs()
			for b.Loop() {
				r.appendProcess(r.appendMetrics(nil, s))
			}
		})
	}
}
