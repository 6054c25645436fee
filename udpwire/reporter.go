package udpwire

import "time"

// A reporter knows when a replayer's next REPORT is due and which missing numbers it names. Times are in ns. Not safe
// for concurrent use.
type reporter struct {
	dueAt  int64  // When the next REPORT is due.
	echo   int64  // The time of the last HEARTBEAT, until reported; 0: none since.
	size   uint32 // UDP payload of the largest HEARTBEAT that waits for its REPORT, in bytes.
	unsaid int64  // Bytes that arrived since the last REPORT.
	vain   int    // How many REPORTs have asked for something since anything came.
	asked  uint64 // Numbers below have been asked for.
	from   uint64 // The next REPORT names what is missing from here on.
	spans  []span // What the last one named.
}

// Pace of the REPORTs.
const (
	askAgain   = int64(2 * time.Millisecond)  // while something is missing
	askMore    = int64(1 * time.Millisecond)  // when more is missing than a REPORT can name
	askVainly  = 100                          // so many times, until something comes: a listener that is there says so more often
	reportBusy = int64(25 * time.Millisecond) // after DATA
	reportIdle = int64(time.Second)
)

// hasten makes a REPORT due at a time, or earlier if it is.
func (r *reporter) hasten(at int64) { r.dueAt = min(r.dueAt, at) }

// ask makes a REPORT due now if a number up to overdue is missing that has not been asked for.
func (r *reporter) ask(now int64, next, overdue uint64) {
	if overdue >= r.asked && next <= overdue {
		r.hasten(now)
	}
}

// heard notes that a HEARTBEAT of size bytes waits for its REPORT.
func (r *reporter) heard(now, echo int64, size int) {
	r.echo, r.size, r.dueAt, r.vain = echo, max(r.size, uint32(size)), now, 0
}

// missing returns what a REPORT made now names of the numbers up to overdue, and sets when the next one is due. The spans
// are lent until the next call.
func (r *reporter) missing(now int64, n *numbers, overdue uint64) []span {
	r.spans = n.missing(r.spans[:0], r.from, overdue+1, maxSpans)
	found := len(r.spans)
	r.spans = fitSpans(r.spans, n.next, reportSpans)
	goneOn := r.from > n.next // lower numbers were left to the REPORT before
	r.unsaid, r.echo, r.size, r.from = 0, 0, 0, 0
	count := len(r.spans)
	switch {
	case count > 0:
		end := r.spans[count-1].end()
		r.asked = max(r.asked, end)
		r.dueAt = now + askAgain
		if r.vain++; r.vain > askVainly {
			r.dueAt = now + reportIdle
		} else if found == maxSpans || found > count { // asking for the lowest again and again would recover no more than these in a round trip
			r.from, r.dueAt = end, now+askMore
		}
	case goneOn:
		r.dueAt = now + askMore
	default:
		r.dueAt = now + reportIdle
	}
	return r.spans
}
