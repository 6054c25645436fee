package web

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// A river is where requests came from and where they went, as the page draws it.
type river struct {
	Source   string   `json:"source"` // what began: captured, read or received
	Began    uint64   `json:"began"`
	Unsent   []branch `json:"unsent,omitempty"`
	Lost     []branch `json:"lost,omitempty"` // between there and here
	Received uint64   `json:"received"`
	Targets  []delta  `json:"targets"`
}

// A branch is some of the requests, by what became of them.
type branch struct {
	Kind string `json:"kind,omitempty"`
	Name string `json:"name"`
	N    uint64 `json:"n"`
}

// A delta is what became of those that came, at one target.
type delta struct {
	Name  string   `json:"name"`
	Parts []branch `json:"parts"`
}

// maxFates is how many fates of listeners have a branch of their own: whoever sends
// what listeners say may make up as many as he likes.
const maxFates = 24

// riverOf is the river of what a tally counts.
func riverOf(t *tally) river {
	r := river{Source: "received", Received: t.received}
	switch h := &t.heard; {
	case h.listeners > 0 && (h.captured > 0 || t.received == 0):
		r.Source = "captured"
		r.fromListeners(h)
	case t.isRead:
		r.Source, r.Began = "read", t.read
		r.Unsent = appendBranch(nil, "", "not replayed", minus(t.read, t.received))
	default:
		r.Lost = appendBranch(nil, "", "lost", t.lost)
	}
	through := r.Received
	for _, b := range slices.Concat(r.Unsent, r.Lost) {
		through += b.N
	}
	r.Began = max(r.Began, through) // what listeners say is seconds old
	for i := range t.targets {
		r.Targets = append(r.Targets, deltaOf(&t.targets[i]))
	}
	return r
}

// fromListeners fills in what lies before this side.
func (r *river) fromListeners(h *heard) {
	r.Began = h.captured
	fates := slices.SortedFunc(maps.Keys(h.unsent), func(a, b string) int {
		return cmp.Or(cmp.Compare(h.unsent[b], h.unsent[a]), strings.Compare(a, b))
	})
	unsent := uint64(0)
	for i, name := range fates {
		if i < maxFates {
			r.Unsent = appendBranch(r.Unsent, "", name, h.unsent[name])
			unsent += h.unsent[name]
		}
	}
	r.Unsent = appendBranch(r.Unsent, "", "other", minus(h.captured, unsent+h.sent+h.pending))
	away := minus(h.sent, r.Received)
	lost := min(h.lost, away) // of what was lost some may have been responses
	away -= lost
	r.Lost = appendBranch(r.Lost, "", "lost", lost)
	r.Lost = appendBranch(r.Lost, "", "under way", min(away, h.pending))
	r.Lost = appendBranch(r.Lost, "", "to other replayers", minus(away, h.pending))
}

// minus is a-b, or nothing.
func minus(a, b uint64) uint64 { return a - min(a, b) }

func appendBranch(all []branch, kind, name string, n uint64) []branch {
	if n == 0 {
		return all
	}
	return append(all, branch{kind, name, n})
}

// deltaOf lists a target's parts: the codes in their order, then the failures, then
// what was not sent, then what is still open.
func deltaOf(t *targetTally) delta {
	d := delta{Name: t.name, Parts: []branch{}}
	for p, n := range t.parts {
		d.Parts = append(d.Parts, branch{p.kind, p.name, n})
	}
	order := []string{codePart, kindPart, fatePart}
	slices.SortFunc(d.Parts, func(a, b branch) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)), strings.Compare(a.Name, b.Name))
	})
	d.Parts = appendBranch(d.Parts, "open", "open", t.open)
	return d
}
