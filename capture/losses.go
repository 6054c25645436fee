package capture

import (
	"fmt"
	"time"
)

// losses says what the kernel's drops cost, and whose fault they are.
type losses struct {
	said  uint64    // drops that were said
	until time.Time // nothing more is said before
	late  time.Duration
}

// say takes in a source's counters, how much too late the caller runs, and how
// many requests there were. It returns a sentence when it is time for one.
func (l *losses) say(now time.Time, late time.Duration, s Stats, requests uint64) string {
	l.late = max(l.late, late)
	fresh := s.Drops - l.said
	if fresh == 0 || now.Before(l.until) {
		if fresh == 0 && late < lateEnough {
			l.late = 0
		}
		return ""
	}
	said := fmt.Sprintf("the kernel dropped %d packets", fresh)
	if s.Packets > 0 && requests > 0 {
		said += fmt.Sprintf(", about %d requests", max(uint64(float64(fresh)*float64(requests)/float64(s.Packets)), 1))
	}
	if l.late >= lateEnough {
		said += fmt.Sprintf(": gor was not given a processor for %s", l.late.Round(100*time.Millisecond))
	} else {
		said += ": the ring was full, packets came faster than they could be read"
	}
	l.said, l.until, l.late = s.Drops, now.Add(dropPeriod), 0
	return said
}

const (
	dropPeriod = 5 * time.Second // drops are said once in this time
	lateEnough = 2 * time.Second // who comes so much too late was kept from running
)
