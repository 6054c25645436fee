package reassembly

import "iter"

// Stats are the accounts of an Assembler. At any time Captured is the sum of
// Fates and Open; after Close, Open is zero.
type Stats struct {
	Captured uint64        // requests that began
	Fates    [fates]uint64 // what became of them, indexed by Fate
	Open     uint64        // begun and not decided yet

	GuessesFailed    uint64            // requests that were only guessed at and turned out to be part of something else
	DoubtfulRequests uint64            // what looked like requests behind a message of which nobody can know where it ends
	DoubtfulBytes    uint64            // bytes there
	Foreign          uint64            // segments that the server does not take for the connection's: of an older one, or behind its end
	MissingBytes     uint64            // bytes never seen, in holes that were given up and in cut packets
	Connections      uint64            // connections with data, by SYN or joined in the middle
	Evicted          uint64            // connections forgotten, oldest first, to stay below the budget
	Flows            uint64            // connections known now
	Memory           uint64            // bytes held now: connections, requests, out-of-order data, pools
	PeakMemory       uint64            // the most Memory ever was
	Streams          [protocols]uint64 // streams that are not HTTP/1, indexed by Protocol
}

// All yields the counters under their names in the accounts, in fixed order.
func (s Stats) All() iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		if !yield("captured", s.Captured) {
			return
		}
		for f, n := range s.Fates {
			if !yield(fateNames[f], n) {
				return
			}
		}
		rest := [...]struct {
			name string
			n    uint64
		}{
			{"open", s.Open}, {"guesses_failed", s.GuessesFailed}, {"doubtful_requests", s.DoubtfulRequests}, {"doubtful_bytes", s.DoubtfulBytes}, {"segments_foreign", s.Foreign}, {"missing_bytes", s.MissingBytes}, {"connections", s.Connections},
			{"connections_evicted", s.Evicted}, {"flows", s.Flows},
			{"memory_bytes", s.Memory}, {"memory_peak_bytes", s.PeakMemory},
		}
		for _, c := range rest {
			if !yield(c.name, c.n) {
				return
			}
		}
		for p, n := range s.Streams {
			if !yield("streams_"+protocolNames[p], n) {
				return
			}
		}
	}
}
