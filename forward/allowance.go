package forward

// An allowance is how many requests a target takes on one HTTP/2 connection before it
// ends it (nginx: keepalive_requests). Nothing says so beforehand: it is learnt from how
// the target ends connections, believed at once, and given up when a connection that has
// had as many goes on. A target that is restarted ends connections at any number: where
// one has proved right, another has to come twice in a row.
type allowance struct {
	seen   int  // after how many requests a connection was ended; 0: nobody knows
	proven bool // others were ended after just as many
	last   int  // after how many one was ended that was not it
}

// reached reports whether a connection that had n requests gets no more. Where the
// target's number is certain, that is one before it, so that the target has nothing to
// end.
func (a *allowance) reached(n int) bool {
	if a.proven && a.seen > 1 {
		return n >= a.seen-1
	}
	return a.seen > 0 && n >= a.seen
}

// ended takes in that the target ended a connection that was in use, of which it had
// processed n requests.
func (a *allowance) ended(n int) {
	switch {
	case n == 0:
	case n == a.seen:
		a.proven, a.last = true, 0
	case !a.proven || n > a.seen || n == a.last:
		*a = allowance{seen: n}
	default:
		a.last = n
	}
}

// isSpent reports whether a connection that has had what it may have is to be closed,
// though the target would go on with it. If it was not certain that it would not, it was
// wrong.
func (a *allowance) isSpent() bool {
	if !a.proven {
		*a = allowance{}
	}
	return a.proven
}

// doubt makes the next connection prove the number anew.
func (a *allowance) doubt() { a.proven = false }
