package forward

// Queues are a target's waiting requests: those of live sources, which are dropped
// when there is no room for them, and patient ones, whose sources wait until there
// is. The target's lock guards them.
type queues struct{ live, patient *buffer }

// Patient requests have a place of their own beside the live ones', which is this
// part of it: with the defaults more than half a second's worth at 20,000 per second,
// which is more than the way to a listener and back takes.
const (
	patientShare      = 8 // of Config.Buffer
	patientShareBytes = 4 // of Config.BufferBytes

	// patientExcess is how many times as much a source that does not keep to the room
	// can make a target hold.
	patientExcess = 4
)

func newQueues(cfg *Config, clock *heldClock) queues {
	return queues{
		live:    newBuffer(cfg.Buffer, cfg.BufferBytes, clock),
		patient: newBuffer(max(cfg.Buffer/patientShare, 1), max(cfg.BufferBytes/patientShareBytes, 1), clock),
	}
}

// ready reports whether something may go out.
func (q *queues) ready() bool { return q.live.ready.first() != nil || q.patient.ready.first() != nil }

// turns is how many lanes have their turn, counted up to most.
func (q *queues) turns(most int) (n int) {
	for _, b := range [...]*buffer{q.live, q.patient} {
		for l := b.ready.first(); l != nil && n < most; l = l.inReady.successor() {
			n++
		}
	}
	return n
}

// pop takes the next request that may go out. What is live goes first: a source
// that can wait gets what the others leave of workers and limit.
func (q *queues) pop(now int64) *item {
	if it := q.live.pop(now); it != nil {
		return it
	}
	return q.patient.pop(now)
}

// lapse is told the time, so that what is in flight for long holds up nothing.
func (q *queues) lapse(now int64) {
	q.live.lapse(now)
	q.patient.lapse(now)
}

// offers is how many lanes may have their turn that could not when it was last asked.
func (q *queues) offers() int {
	n := q.live.offered + q.patient.offered
	q.live.offered, q.patient.offered = 0, 0
	return n
}

// waiting is how many requests wait.
func (q *queues) waiting() int { return q.live.count + q.patient.count }

// bursts reports whether sources have submitted far more than there was room for.
func (q *queues) bursts() bool {
	return q.patient.count >= patientExcess*q.patient.maxCount || q.patient.cost >= patientExcess*q.patient.maxCost
}

// left is how much more there is room for that is patient. A last request may be
// larger.
func (q *queues) left() (requests int, bytes int64) {
	requests, bytes = q.patient.maxCount-q.patient.count, q.patient.maxCost-q.patient.cost
	if requests <= 0 || bytes <= 0 {
		return 0, 0
	}
	return requests, bytes
}

// halfFree reports whether half of the place for patient requests is free.
func (q *queues) halfFree() bool {
	return q.patient.count <= q.patient.maxCount/2 && q.patient.cost <= q.patient.maxCost/2
}
