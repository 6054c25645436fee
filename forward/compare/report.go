package compare

import "time"

// A Report is what is known at a moment. It is also the shape of the JSON, which
// doc.go describes.
type Report struct {
	Original string         `json:"original"` // "production", or the URL of the target whose answers are the originals
	Drift    string         `json:"drift,omitempty"`
	Targets  []TargetReport `json:"targets"` // but the baseline
}

// A TargetReport is about one target.
type TargetReport struct {
	Target string `json:"target"`
	Fates
	LoggedOut *LoggedOut `json:"logged_out,omitempty"`       // nil: nobody was
	Foreign   *Foreign   `json:"foreign_sessions,omitempty"` // nil: they explain nothing
	// NotCompared says by why how many bodies could not be compared, or not to their ends.
	NotCompared map[string]uint64 `json:"not_compared"`
	Routes      []RouteReport     `json:"routes"` // those that differ most first
}

// lacking says why many exchanges have no original; "": few have none.
func (r *Report) lacking(t *TargetReport) string {
	switch {
	case t.NoOriginal*10 <= t.Compared:
		return ""
	case r.Original != "production":
		return "Where there is no original, " + r.Original + " gave no response."
	}
	return "Where there is no original, packets of the answer were lost, or its connection was open before gor looked on: which answer there belongs to which request " +
		"is not certain until it rests for three seconds, is opened anew, or some clients at its address were seen to wait for each answer, from the beginning of their connections. " +
		"Where a proxy keeps connections busy and opens none, start the listener before the proxy, or reload the proxy."
}

// Fates is what became of exchanges: those that were started at a target are the sum
// of all but Compared and InPart.
type Fates struct {
	Compared    uint64 `json:"compared"`      // Same + Different + Undecided + NotLoggedIn + NotModified
	Same        uint64 `json:"same"`          // but for noise
	InPart      uint64 `json:"in_part"`       // of Same, those of which not all was seen: as far as it was, they are the same
	Different   uint64 `json:"different"`     // in something that is no noise
	Undecided   uint64 `json:"undecided"`     // in something of which it is not known whether it is noise
	NotLoggedIn uint64 `json:"not_logged_in"` // the target did not know the user's session, and said nothing else
	NotModified uint64 `json:"not_modified"`  // one of the two said 304, the other gave the content
	NoOriginal  uint64 `json:"no_original"`   // production's answer could not be had
	NoResponse  uint64 `json:"no_response"`   // the target's could not
	Expired     uint64 `json:"expired"`       // one half had to go for want of memory before the other came
	Waiting     uint64 `json:"waiting"`       // the other half may still come
}

// Share is how many of the exchanges that say anything are different, 0 to 1.
func (f *Fates) Share() float64 {
	if f.Compared == 0 {
		return 0
	}
	return float64(f.Different) / float64(f.Compared)
}

// LoggedOut is about the exchanges that are NotLoggedIn.
type LoggedOut struct {
	Exchanges uint64 `json:"exchanges"`
	// LoginSeen of them have a cookie that production set here before, in an answer to a request that
	// the target got as well; the others' users logged in before, or elsewhere.
	LoginSeen uint64   `json:"login_seen"`
	Says      string   `json:"says"` // what to do
	Example   *Example `json:"example,omitempty"`
}

// Foreign is about exchanges that carried a session's cookie which production gave, where
// the target gave another one. It is said if they differ more often than the others.
type Foreign struct {
	Exchanges uint64 `json:"exchanges"` // with such a cookie
	Different uint64 `json:"different"` // of those
	Others    uint64 `json:"others"`    // exchanges without one
	Rest      uint64 `json:"others_different"`
	Says      string `json:"says"` // what to do
}

// A RouteReport is about one route at one target.
type RouteReport struct {
	Route  string `json:"route"` // GET /users/{id}
	Target string `json:"target"`
	Fates
	Reasons  map[string]uint64 `json:"reasons"` // of Different: status, header, body; one exchange may have several
	Paths    []PathReport      `json:"paths"`   // what differs and is no noise
	Open     []PathReport      `json:"open"`    // what may be noise
	Noise    []PathReport      `json:"noise"`   // what is
	Examples []Example         `json:"examples"`
	Then     Latency           `json:"latency_then"`
	Now      Latency           `json:"latency_now"`
	Slower   bool              `json:"slower"`                 // Now stands out from what the other routes' times let expect
	Expected time.Duration     `json:"expected_p50,omitempty"` // what they let expect of Now.P50
}

// A PathReport is about one place of a route's answers.
type PathReport struct {
	Path    string `json:"path"`    // status, header etag, $.items[].price, body
	What    string `json:"what"`    // changed, missing (now), added, type, order
	Reason  string `json:"reason"`  // status, header, body
	Count   uint64 `json:"count"`   // exchanges that differ there
	Of      uint64 `json:"of"`      // exchanges compared
	Repeats uint64 `json:"repeats"` // pairs of answers by one server to the same request
	Varied  uint64 `json:"varied"`  // of those, the pairs that differ there
	Says    string `json:"says"`    // why it is noise, or not

	// Of what is undecided: the values in one exchange, and what would decide it.
	Then   string `json:"then,omitempty"`
	Now    string `json:"now,omitempty"`
	Decide string `json:"decide,omitempty"`
	Drifts bool   `json:"drifts,omitempty"` // production's own value changes within minutes
}

// An Example is one exchange.
type Example struct {
	Request     string       `json:"request"` // GET /users/7
	Then        int          `json:"then"`    // status codes
	Now         int          `json:"now"`
	Differences []Difference `json:"differences"`
	Curl        string       `json:"curl"`
}

// A Difference is one place where two answers differ.
type Difference struct {
	Path string `json:"path"`
	What string `json:"what"`
	Then string `json:"then"`
	Now  string `json:"now"`
}

// Latency is about how long answers took, from the whole request to their head.
type Latency struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50"`
	P99   time.Duration `json:"p99"`

	low, high time.Duration // between which the median is, chance apart
	spread    spread        // over which time
}
