package compare

import (
	"time"

	"gor/forward/compare/diff"
)

const (
	echoAfter = time.Second     // so that what changes with time has time to
	echoLost  = 2 * time.Minute // after which no answer comes any more
	maxCredit = 20              // echoes in a row
	maxEchoes = 1000            // that wait to be asked for, or for their answer
)

// echoes are requests that the target is asked once more: where its two answers differ,
// that is noise. Which ones does not depend on what they were answered; but a route of which more has to be known
// has more of them.
type echoes struct {
	share  float64
	limit  int64 // bytes
	used   int64
	credit float64 // how many may be asked for now
	wished []wish  // the first is due first
	sent   map[Key]wish
}

// A wish is an echo.
type wish struct {
	x    *Exchange // with the first answer
	turn uint64
	due  time.Duration
}

// A worth says what an echo is worth to a route. Where there are too few for all, those that are worth
// less leave so much credit to the others, but for the share that is sent anyway.
type worth float64

const (
	worthMost   worth = 1             // something may be noise, and little is known of that
	worthMore   worth = maxCredit / 4 // something may be noise though much is known; or too few repeats would have shown any
	worthLittle worth = maxCredit / 2 // all is known
)

// wants reports whether an exchange is to be echoed.
func (e *echoes) wants(x *Exchange, of worth) bool {
	if e.share == 0 {
		return false
	}
	e.credit = min(e.credit+e.share, maxCredit)
	if !isSafe(x.Method) || len(x.Raw) == 0 || len(x.Raw) >= maxRaw || // which is cut
		x.Answer == nil || e.used >= e.limit || len(e.wished)+len(e.sent) >= maxEchoes {
		return false
	}
	return e.credit >= max(1, float64(of)*(1-e.share))
}

func (e *echoes) wish(x *Exchange, turn uint64, now time.Duration) {
	w := wish{x.clone(), turn, now + echoAfter}
	e.credit--
	e.used += w.x.size()
	e.wished = append(e.wished, w)
}

// due takes the exchanges that are to be asked for.
func (e *echoes) due(now time.Duration) (all []*Exchange) {
	for k, w := range e.sent {
		if now-w.due >= echoLost {
			e.drop(k, w)
		}
	}
	n := 0
	for ; n < len(e.wished) && e.wished[n].due <= now; n++ {
		w := e.wished[n]
		if _, twice := e.sent[w.x.Key]; twice {
			e.used -= w.x.size()
			continue
		}
		if e.sent == nil {
			e.sent = map[Key]wish{}
		}
		e.sent[w.x.Key] = w
		all = append(all, w.x)
	}
	e.wished = append(e.wished[:0], e.wished[n:]...)
	return all
}

func (e *echoes) drop(k Key, w wish) {
	delete(e.sent, k)
	e.used -= w.x.size()
}

// answered returns what the target answered to a request the first time; nil: it was
// not asked a second time, or its user has changed something since.
func (e *echoes) answered(x *Exchange, writes *writes) *diff.Answer {
	w, ok := e.sent[x.Key]
	if !ok {
		return nil
	}
	e.drop(x.Key, w)
	if x.Answer == nil || writes.since(x.User, w.turn, w.x.Time) {
		return nil
	}
	return w.x.Answer
}

// open is how many are yet to be asked for, or to be answered.
func (e *echoes) open() int { return len(e.wished) + len(e.sent) }
