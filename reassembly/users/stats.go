package users

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Stats are a Finder's accounts.
type Stats struct {
	Counts
	cookies    [noCookie]uint64 // of ByCookie, by place in sessionCookies
	cookieName string           // the only one, where the rule names it
}

// Counts are a Finder's counters: each request has one source.
//
// Each field carries the counter's declaration; see package report for the tags.
type Counts struct {
	Sources       SourceCounts `name:"by_%s" unit:"requests"`
	Crowds        uint64       `name:"crowds" unit:"users" help:"Users with more requests than any person has, such as a shared API key or the address of an office."`
	CrowdRequests uint64       `name:"crowd_requests" unit:"requests" help:"Requests of such users, which keep the order of their connections only."`
}

// SourceCounts counts requests by what their user is known by, indexed by Source.
type SourceCounts [sources]uint64

// sourceTable declares each Source to the accounts.
var sourceTable = [sources]struct{ name, text, help string }{
	ByCookie:        {"cookie", "cookie", "Requests whose user is known by a session cookie."},
	ByHeader:        {"header", "header", "Requests whose user is known by the header that --session names."},
	ByAuthorization: {"authorization", "authorization", "Requests whose user is known by credentials."},
	ByForwarded:     {"forwarded", "forwarded address", "Requests whose user is known by the address that a proxy says."},
	ByAddress:       {"address", "address", "Requests whose user is known by nothing but the client's address."},
	ByConnection:    {"connection", "connection", "Requests whose user is their connection."},
	ByName:          {"name", "recording", "Requests whose user a recording names."},
}

// Names returns each Source's name in the accounts.
func (SourceCounts) Names() []string {
	all := make([]string, sources)
	for i := range all {
		all[i] = sourceTable[i].name
	}
	return all
}

// Help says what the accounts count under Source i.
func (SourceCounts) Help(i int) string { return sourceTable[i].help }

// count counts a request; rank is its cookie's place.
func (s *Stats) count(u User, rank int) {
	s.Sources[u.By]++
	if u.By == ByCookie {
		s.cookies[rank]++
	}
	if u.Crowd {
		s.CrowdRequests++
	}
}

// Line says for people what the users are known by, the most frequent first, such
// as: by cookie "sid" 94 %, address 6 %. It is empty before the first request.
func (s Stats) Line() string {
	type share struct {
		text string
		n    uint64
	}
	var shares []share
	total := uint64(0)
	for source, n := range s.Sources {
		total += n
		if Source(source) != ByCookie {
			shares = append(shares, share{sourceTable[source].text, n})
		}
	}
	for i, n := range s.cookies {
		name := cmp.Or(s.cookieName, sessionCookies[i].name)
		if sessionCookies[i].prefix && s.cookieName == "" {
			name += "…"
		}
		shares = append(shares, share{fmt.Sprintf("cookie %q", name), n})
	}
	slices.SortStableFunc(shares, func(a, b share) int { return cmp.Compare(b.n, a.n) })
	var parts []string
	for _, sh := range shares {
		if sh.n > 0 {
			parts = append(parts, sh.text+" "+percent(sh.n, total))
		}
	}
	if parts == nil {
		return ""
	}
	return "by " + strings.Join(parts, ", ")
}

// percent is the share of n in total, rounded.
func percent(n, total uint64) string {
	p := (200*n + total) / (2 * total)
	if p == 0 {
		return "<1 %"
	}
	return fmt.Sprintf("%d %%", p)
}
