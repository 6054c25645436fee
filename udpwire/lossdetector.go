package udpwire

import "time"

// A lossDetector decides which of the numbers that have not arrived are missing, and not merely late: those some below
// the highest known, and those sent long enough ago. Times are in ns. Not safe for concurrent use.
type lossDetector struct {
	known       uint64 // The highest number known to have been sent.
	overdue     uint64 // Numbers up to here are missing if they have not arrived.
	nextOverdue uint64 // Numbers up to here will be so at overdueAt.
	overdueAt   int64  // never: nothing becomes overdue.
}

const (
	reorder      = 3                           // a number this far below the highest is missing
	overdueAfter = int64(2 * time.Millisecond) // so is one sent this long before
)

// never is a time that does not come.
const never = int64(1<<63 - 1)

// begin makes it ready: no number is known.
func (d *lossDetector) begin() { *d = lossDetector{overdueAt: never} }

// know notes that numbers up to n were sent. It reports whether more are missing now because n is so much higher.
func (d *lossDetector) know(now int64, n uint64) (more bool) {
	if n <= d.known {
		return false
	}
	d.known = n
	if d.overdueAt == never {
		d.nextOverdue, d.overdueAt = n, now+overdueAfter
	}
	if n <= reorder || n-reorder <= d.overdue {
		return false
	}
	d.overdue = n - reorder
	return true
}

// tick lets numbers become overdue and reports whether some did.
func (d *lossDetector) tick(now int64) (more bool) {
	if now < d.overdueAt {
		return false
	}
	d.overdue, d.overdueAt = max(d.overdue, d.nextOverdue), never
	if d.known > d.overdue {
		d.nextOverdue, d.overdueAt = d.known, now+overdueAfter
	}
	return true
}
