package playback

import (
	"context"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/results"
)

// The line says how it goes now, not how it went on average, and how long it will go on.
func TestMoment(t *testing.T) {
	fwd, err := forward.New(forward.Config{Targets: []forward.TargetSpec{{URL: "http://127.0.0.1:1"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{
		options: Options{Loops: 2}, fwd: fwd, ledger: results.NewLedger(1), opened: time.Now(),
		recording: Recording{Progress: func() (int64, int64) { return 50, 100 }},
	}
	if s.player, err = NewPlayer(PlayerConfig{Submit: func(context.Context, *forward.Request) error { return nil }}); err != nil {
		t.Fatal(err)
	}
	take := func(n int, took, late time.Duration) {
		for range n {
			s.ledger.Take(&forward.Outcome{Status: 200, Started: late, Ended: late + took, Late: forward.Late{Limit: late}})
			s.player.read.Add(1)
		}
	}
	if m := s.moment(s.opened.Add(time.Second)); m.Done != 0 || m.Rate != 0 || m.Left != 0 {
		t.Errorf("at the beginning: %+v", m)
	}
	take(1000, time.Second, 0)
	if m := s.moment(s.opened.Add(2 * time.Second)); m.Done != 1000 || m.Rate != 1000 || m.P99 < time.Second || m.Lag != 0 {
		t.Errorf("after a slow second: %+v", m)
	}
	take(100, time.Millisecond, 5*time.Millisecond)
	m := s.moment(s.opened.Add(3 * time.Second))
	if m.Done != 1100 || m.Rate != 100 || m.P99 > 7*time.Millisecond || m.Cause != "limit" || m.Lag < 5*time.Millisecond || m.Lag > 6*time.Millisecond {
		t.Errorf("after a fast second: %+v", m)
	}
	if m.Left != 9*time.Second { // half of the first of two loops took three
		t.Errorf("%v left", m.Left)
	}
	s.player.read.Add(1100) // twice as many were read as are done
	if got := s.left(s.opened.Add(3*time.Second), 1100); got.Round(time.Millisecond) != 21*time.Second {
		t.Errorf("%v left", got)
	}
}
