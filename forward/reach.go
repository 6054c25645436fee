package forward

// Unreached is how many of the targets were out of reach when they were last tried:
// no connection, or no response in time. Where nothing is to be sent nothing is
// tried, and nobody knows.
func (f *Forwarder) Unreached() (n int) {
	for _, t := range f.targets {
		if t.isUnreached() {
			n++
		}
	}
	return n
}

func (t *target) isUnreached() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.backoff.failing || t.backoff.absence.since != 0
}
