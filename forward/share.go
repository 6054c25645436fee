package forward

import "math"

// A Share is what a target gets a part of.
type Share uint8

// What may be shared.
const (
	ShareUsers       Share = iota // whole users, with all their requests
	ShareConnections              // whole client connections
	ShareRequests                 // requests, each by itself
	shares
)

// shareTable says what follows the percent sign for a Share, and what people call it.
var shareTable = [shares]struct{ suffix, text string }{
	ShareUsers:       {"", "users"},
	ShareConnections: {"conn", "client connections"},
	ShareRequests:    {"req", "requests"},
}

// parseShare reads what follows the percent sign.
func parseShare(suffix string) (Share, bool) {
	for s := range shares {
		if shareTable[s].suffix == suffix {
			return s, true
		}
	}
	return 0, false
}

// of is a number of what r is shared by: the same for every target and in every
// process, so that a small share is a part of a larger one, and evenly spread
// whatever users and connections are numbered by.
func (s Share) of(r *Request) uint64 {
	switch s {
	case ShareConnections:
		return mix(r.Conn)
	case ShareRequests:
		return mix(mix(r.Conn) + r.Index)
	}
	return mix(r.user())
}

// A quota is the part of a Share that a target gets.
type quota struct {
	share Share
	upTo  uint64 // what has a number up to this
}

func newQuota(l Limit) quota {
	if l.Percent == 0 || l.Percent >= 100 {
		return quota{upTo: math.MaxUint64}
	}
	return quota{l.Share, uint64(l.Percent / 100 * math.MaxUint64)}
}

// Samples reports whether r is in the share of any target. Of r only Conn, Index, User
// and Crowd have to be known.
func (f *Forwarder) Samples(r *Request) bool {
	for _, t := range f.targets {
		if t.quota.Load().has(r) {
			return true
		}
	}
	return false
}

// has reports whether r is within the quota.
func (q quota) has(r *Request) bool { return q.share.of(r) <= q.upTo }

// mix is the finaliser of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
