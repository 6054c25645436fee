package diff

import (
	"bytes"
	"slices"
	"strings"
)

// Names are what servers may call themselves in their answers: the hosts that the
// request was sent to, at either server. Where it says its own name, a server says the same as the other that says its.
type Names struct {
	all     [][]byte // what begins with another is before it
	lengths []int    // of the hosts as they were given
}

// NewNames makes Names of hosts, with their ports if they have any.
func NewNames(hosts ...string) *Names {
	n, bare := &Names{}, &Names{}
	for _, host := range hosts {
		if host == "" {
			continue
		}
		n.lengths = append(n.lengths, len(host))
		n.add(host)
		n.add(strings.ReplaceAll(host, ":", "%3A"))
		if name, _, found := strings.Cut(host, ":"); found && !strings.HasPrefix(host, "[") {
			bare.add(name)
		}
	}
	for _, names := range []*Names{n, bare} {
		slices.SortStableFunc(names.all, func(a, b []byte) int { return len(b) - len(a) })
	}
	n.all = append(n.all, bare.all...)
	return n
}

// add adds one spelling. A name that may be any word counts only in a URL.
func (n *Names) add(name string) {
	if !strings.ContainsAny(name, ".:%") {
		n.all = append(n.all, []byte("//"+name), []byte(`\/\/`+name), []byte("%2F%2F"+name))
		return
	}
	n.all = append(n.all, []byte(name))
}

// itself stands for every name, and for every scheme before it.
var itself = []byte("//itself")

// without is a text with the same word for all names; it may be the text itself.
func (n *Names) without(v []byte) []byte {
	if n == nil {
		return v
	}
	found := false
	for _, name := range n.all {
		if bytes.Contains(v, name) {
			v = bytes.ReplaceAll(v, name, itself)
			found = true
		}
	}
	if !found {
		return v
	}
	for _, before := range []string{"//", `\/\/`, "%2F%2F", "%2f%2f"} {
		v = bytes.ReplaceAll(v, append([]byte(before), itself...), itself)
	}
	for _, scheme := range []string{"https:", "http:", "https%3A", "http%3A", "https%3a", "http%3a"} {
		v = bytes.ReplaceAll(v, append([]byte(scheme), itself...), itself)
	}
	return v
}

// same reports whether two texts are the same but for the servers' names.
func (n *Names) same(a, b []byte) bool {
	return n != nil && bytes.Equal(n.without(a), n.without(b))
}

const (
	// mostNames is how often a body may hold its server's name, for the length that this makes.
	mostNames = 20

	// leastApart is by how many bytes two names have to differ for a difference in
	// length to be told by it: of any others too many are multiples of it.
	leastApart = 5
)

// explain reports whether the lengths of two bodies of which nothing else is known may
// differ for the names in them.
func (n *Names) explain(then, now int64) bool {
	if n == nil {
		return false
	}
	for _, a := range n.lengths {
		for _, b := range n.lengths {
			if d := int64(a - b); (d >= leastApart || d <= -leastApart) && (then-now)%d == 0 && (then-now)/d > 0 && (then-now)/d <= mostNames {
				return true
			}
		}
	}
	return false
}
