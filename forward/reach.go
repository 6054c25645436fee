package forward

// Unreached is how many of the targets were out of reach when they were last tried:
// no connection, or no response in time. Where nothing is to be sent nothing is
// tried, and nobody knows.
func (f *Forwarder) Unreached() (n int) {
	for _, t := range f.targets {
		t.mu.Lock()
		if t.backoff.failing || t.backoff.absence.since != 0 {
			n++
		}
		t.mu.Unlock()
	}
	return n
}
