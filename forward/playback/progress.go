package playback

import (
	"time"

	"gor/forward/hist"
	"gor/forward/results"
)

// A gauge remembers how the run stood when it was last looked at, so that a line can
// say how it goes now.
type gauge struct {
	at      time.Time
	done    uint64
	latency hist.Histogram
	late    results.Lateness
}

// progressLine says in at most width columns how the run goes.
func (s *Session) progressLine(width int) string {
	m := s.moment(time.Now())
	return m.ProgressLine(width)
}

// moment is how the run goes at a time.
func (s *Session) moment(now time.Time) results.Moment {
	sum, late := s.ledger.Sum()
	last := &s.gauge
	if last.at.IsZero() {
		last.at = s.opened
	}
	m := results.Moment{Done: sum.Started(), Errors: sum.Errors(), Left: s.left(now, sum.Started())}
	for _, t := range s.fwd.Stats() {
		m.InFlight += t.InFlight
	}
	for _, f := range s.referee.Fates() {
		m.Compared += f.Compared
		m.Different += f.Different
	}
	m.Rate = float64(m.Done-last.done) / max(now.Sub(last.at).Seconds(), 1e-3)
	latency := sum.Latency.Since(&last.latency)
	m.P50, m.P99 = latency.Quantile(.5), latency.Quantile(.99)
	for _, cause := range []struct {
		name      string
		now, last *hist.Histogram
	}{
		{"target", &late.Target, &last.late.Target}, {"limit", &late.Limit, &last.late.Limit}, {"gor", &late.Own, &last.late.Own},
	} {
		lately := cause.now.Since(cause.last)
		if lag := lately.Quantile(.99); lag > m.Lag {
			m.Lag, m.Cause = lag, cause.name
		}
	}
	s.gauge = gauge{at: now, done: m.Done, latency: sum.Latency, late: late}
	return m
}

// left is how long the run will go on, if it goes on as it went so far; 0: nobody
// knows. done is how many requests were done at all targets.
func (s *Session) left(now time.Time, done uint64) time.Duration {
	share := s.played(done)
	if share == 0 {
		return 0
	}
	return time.Duration(float64(now.Sub(s.opened)) * (1 - share) / share)
}

// played is how much of all that is to be played is done, 0 to 1; 0: nobody knows. done
// is how many requests are, at all targets.
func (s *Session) played(done uint64) float64 {
	read, total := s.recording.Progress()
	requests := s.player.Read() * uint64(max(len(s.fwd.Stats()), 1))
	if total <= 0 || requests == 0 || done == 0 {
		return 0
	}
	loop := float64(s.player.Loop()) + min(float64(read)/float64(total), 1)
	share := loop / float64(s.options.Loops) * min(float64(done)/float64(requests), 1)
	if share <= 0 || share > 1 {
		return 0
	}
	return share
}
