package udpwire

import "time"

// resends is the account of what was sent again or given up, what is known of whether that helps, and scratch for doing
// so. Times are in ns.
type resends struct {
	recovered uint64 // Datagrams sent again because the replayer asked.
	lost      uint64 // Datagrams given up.

	progressAt int64  // When a REPORT last said that anything new had arrived.
	roundAt    int64  // When something was last sent again.
	missing    uint64 // How many numbers the last REPORT named.

	gone gone // Scratch.
}

// A datagram is given up that has been sent again so often over so long: it does not pass this path.
const (
	maxTries = 12
	maxAge   = int64(5 * time.Second)
)

// Where nothing arrives any more, sending more does not help.
const (
	stallAfter = int64(100 * time.Millisecond) // or 8 round trips, without anything new
	stallLast  = int64(500 * time.Millisecond) // rounds of sending again are at most so far apart; each waits as long as all before
	stallTries = 16                            // so many of the lowest numbers are sent again in each
)

// learn takes in a REPORT, and the one before: whether anything has arrived between them.
func (rs *resends) learn(now int64, r, before *report) {
	missing := uint64(0)
	for _, s := range r.missing {
		missing += s.count
	}
	if r.next > before.next || r.highest > before.highest || r.messages > before.messages || missing < rs.missing {
		rs.progressAt = now
	}
	rs.missing = missing
}

// budget is how many datagrams may be sent again now. Before oldestAt, when the oldest one that is not settled was first
// sent, nothing was to arrive.
func (rs *resends) budget(now, roundTrip, oldestAt int64) int {
	stall, since := max(stallAfter, 8*roundTrip), max(rs.progressAt, oldestAt)
	switch {
	case now-rs.progressAt <= stall:
		return maxOutstanding
	case now-since > stall && now-rs.roundAt < min(rs.roundAt-since, stallLast):
		return 0
	}
	return stallTries
}

// resend sends the missing numbers again, neighbours in one call, and says which ones it will not.
func (o *outbox) resend(now int64, missing []span) {
	o.resends.gone.numbers = o.resends.gone.numbers[:0]
	wrote, budget := o.wrote(), 0
	if o.flight.unsettled() {
		budget = o.resends.budget(now, o.trip.smoothed, o.flight.at(o.flight.oldest).c.at)
	}
	var r run
	for _, m := range missing {
		for n := max(m.first, o.flight.oldest); n < m.end() && n <= wrote && budget > 0; n++ {
			s := o.flight.at(n)
			if o.resends.givenUp(s, now) {
				o.resends.gone.numbers = addNumber(o.resends.gone.numbers, n)
				continue
			}
			if now-s.at < o.trip.resendAfter(s.tries) {
				continue
			}
			budget--
			o.again(&r, n, s)
			s.at, o.resends.roundAt = now, now
			s.tries = min(s.tries+1, 255)
			o.resends.recovered++
		}
	}
	o.tx.run(&r)
	if g := &o.resends.gone; len(g.numbers) > 0 {
		g.numbers = fitSpans(g.numbers, g.numbers[0].first, goneSpans)
		o.tx.control(&o.channel, kindGone, g.append(o.tx.body()))
	}
}

// again sends a number once more, or gathers it in r. An error needs no response: the replayer will ask again.
func (o *outbox) again(r *run, number uint64, s *sent) {
	if int(s.end-s.start) > o.tx.size.full {
		o.tx.pieces(&o.channel, number, s.c.buf[s.start:s.end])
		return
	}
	if !r.add(s) {
		o.tx.run(r)
		r.add(s)
	}
}

// givenUp reports whether a datagram is not worth being sent again.
func (rs *resends) givenUp(s *sent, now int64) bool {
	if !s.gone && s.tries >= maxTries && now-s.c.at > maxAge {
		s.gone = true
		rs.lost++
	}
	return s.gone
}

// holeTries: after so many resends a datagram's size is suspected. A path that loses a fifth at random loses one in three
// thousand so often; sizes are found again within a round trip then.
const holeTries = 4

// hole reports whether large datagrams vanish on the way where small ones pass, as behind a router that neither forwards
// them nor says so (RFC 2923): the oldest missing one is large and was sent again and again, and nothing as large
// sent after it has arrived. full is the largest that is sent whole.
func (f *flight) hole(missing []span, full int) bool {
	if len(missing) == 0 || missing[0].first != f.oldest || !f.unsettled() {
		return false
	}
	s := f.at(f.oldest)
	size := int(s.end - s.start)
	if size <= minDatagram || size > full || s.tries < holeTries {
		return false
	}
	known := min(missing[len(missing)-1].end(), f.next) // what lies behind may be missing as well
	if len(missing) < maxSpans {
		known = min(f.seen+1, f.next)
	}
	for n := f.oldest; n < known; n++ {
		if len(missing) > 0 && n >= missing[0].first {
			n = missing[0].end() - 1
			missing = missing[1:]
			continue
		}
		if s := f.at(n); int(s.end-s.start) >= size {
			return false
		}
	}
	return true
}
