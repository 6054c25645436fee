package udpwire

import "time"

// A roundTrip is how long a datagram and the response to it take, as learnt from REPORTs. The zero value knows nothing.
type roundTrip struct {
	smoothed int64 // ns; 0: unknown
	shortest int64 // ns; what the path takes when no queue is in the way
}

// Pace of sending again.
const (
	resendSlack = int64(time.Millisecond)       // a response may be late by as much
	firstRTT    = int64(50 * time.Millisecond)  // until it is known
	quickTries  = 4                             // after so many the wait doubles each time
	resendLast  = int64(200 * time.Millisecond) // up to this
)

// learn takes a measured time in, in ns and above 0. One stall of a busy machine must not slow down what follows, so a
// shorter time counts at once and a longer one by and by.
func (r *roundTrip) learn(sample int64) {
	if r.smoothed == 0 {
		r.smoothed, r.shortest = sample, sample
	}
	if sample < r.smoothed {
		r.smoothed -= (r.smoothed - sample) / 2
	} else {
		r.smoothed += (sample - r.smoothed) / 8
	}
	r.shortest = min(r.shortest, sample)
}

// known reports whether there was a measurement.
func (r *roundTrip) known() bool { return r.smoothed != 0 }

// guess is how long it takes, in ns, whether that is known or not.
func (r *roundTrip) guess() int64 {
	if !r.known() {
		return firstRTT
	}
	return r.smoothed
}

// resendAfter is how long a datagram sent again so many times is left to arrive before that is done once more, in ns.
// The first time there is nothing to wait for: it is asked for because later ones have arrived.
func (r *roundTrip) resendAfter(tries uint8) int64 {
	if tries == 0 {
		return 0
	}
	rtt := r.guess()
	wait := rtt + rtt/8 + resendSlack
	if tries > quickTries {
		wait = min(wait<<(tries-quickTries), resendLast)
	}
	return wait
}
