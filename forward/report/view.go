package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gor/forward"
	"gor/forward/figures"
	"gor/forward/report/screen"
)

const (
	viewLines   = 8                // at most
	viewEvery   = time.Second      // between two of them
	longestView = 10 * time.Second // that rates are of: for each second accounts are kept
	viewIndent  = 10               // columns of the heads of lines
	wrongLines  = 2                // at most, of what is wrong
)

// A view is what a terminal shows while the command runs: how fast it goes, what is lost,
// how the targets do, and what is wrong since when. Rates and latencies are those of the
// last few seconds, losses those since the start.
type view struct {
	declared *registry
	command  string
	started  time.Time
	window   time.Duration        // that rates are taken over
	past     []moment             // of the window, the oldest first
	wrong    map[string]time.Time // what is wrong, and since when
}

// A moment is how things were.
type moment struct {
	at       time.Time
	snapshot Snapshot
	counts   map[string]uint64 // of the groups, by GROUP.NAME
}

// next takes in how things are now and returns the lines of the view, of which progress,
// if it is not empty, is the first.
func (v *view) next(now time.Time, s Snapshot, notReady, progress string) []screen.Line {
	m := moment{at: now, snapshot: s, counts: make(map[string]uint64)}
	for _, g := range s.Groups {
		for d, n := range v.declared.counters(g.Stats) {
			m.counts[g.Name+"."+d.name] = n
		}
	}
	for len(v.past) > 1 && now.Sub(v.past[1].at) >= v.window {
		v.past = v.past[1:]
	}
	if v.past = append(v.past, m); len(v.past) == 1 {
		v.past = append([]moment{{at: v.started}}, m)
	}
	targets := forward.Interval(s.Targets, v.past[0].snapshot.Targets)
	v.update(now, s, notReady, targets)

	head, flow := fmt.Sprintf("gor %s  %v", v.command, now.Sub(v.started).Round(time.Second)), v.flow(s)
	switch {
	case progress != "":
		head = progress
	case len(targets) > 0 && len(flow) > 0: // these need the room
		name, text, _ := strings.Cut(flow[0].Text, " ")
		head, flow = head+"  "+name+" "+strings.TrimLeft(text, " "), flow[1:]
	}
	all := append([]screen.Line{{Text: head, Style: screen.Head}}, flow...)
	wrong := wrongLines
	if len(targets) > 0 {
		wrong = max(1, min(wrong, viewLines-len(all)-1-len(targets)-1)) // less those of the table and of what is lost
	}
	end := append(v.lost(s), v.troubles(now, wrong)...)
	return append(append(all, v.targets(targets, s.Compared, viewLines-len(all)-len(end))...), end...)
}

// rate is how fast a group's counter grows, a second.
func (v *view) rate(name string) float64 {
	first, last := &v.past[0], &v.past[len(v.past)-1]
	n, before := last.counts[name], first.counts[name]
	if d := last.at.Sub(first.at).Seconds(); d > 0 && n > before {
		return float64(n-before) / d
	}
	return 0
}

// flow is a line for each group of which something is declared for it, and what the
// groups' numbers mean.
func (v *view) flow(s Snapshot) (lines []screen.Line) {
	for _, g := range s.Groups {
		var items []string
		for d, n := range v.declared.counters(g.Stats) {
			switch {
			case d.line == "always" || d.view && !d.gauge:
				items = append(items, fmt.Sprintf("%s %s/s, %s", d.name, figures.Count(v.rate(g.Name+"."+d.name)), figures.Count(float64(n))))
			case n > 0 && (d.view || d.line == "yes" && !d.trouble):
				items = append(items, d.name+" "+figures.Count(float64(n)))
			}
		}
		if items != nil {
			lines = append(lines, viewLine(g.Name, strings.Join(items, "  ")))
		}
		if words := s.Words[g.Name]; words != "" {
			lines = append(lines, viewLine(g.Name, words))
		}
	}
	return lines[:min(len(lines), viewLines-5)]
}

// viewLine is a line with a head.
func viewLine(head, text string) screen.Line {
	return screen.Line{Text: fmt.Sprintf("%-*s%s", viewIndent, head, text)}
}

// refused is what the names of datagrams begin with that were not taken in: they are no
// losses, though something may be wrong where they come.
const refused = "rejected_"

// lost says what was lost since the start, by name, and how fast more is.
func (v *view) lost(s Snapshot) []screen.Line {
	var items []string
	for _, g := range s.Groups {
		for d, n := range v.declared.counters(g.Stats) {
			if n > 0 && d.trouble && !d.gauge && !strings.HasPrefix(d.name, refused) {
				item := g.Name + "." + d.name + " " + figures.Count(float64(n))
				if rate := v.rate(g.Name + "." + d.name); rate > 0 {
					item += fmt.Sprintf(" (%s/s)", figures.Count(rate))
				}
				items = append(items, item)
			}
		}
	}
	for i := range s.Targets {
		for d, n := range v.declared.counters(&s.Targets[i]) {
			if n > 0 && d.trouble {
				items = append(items, fmt.Sprintf("%s %s at %s", d.element, figures.Count(float64(n)), s.Targets[i].Target))
			}
		}
	}
	line := viewLine("lost", "0")
	if items != nil {
		line = viewLine("lost", strings.Join(items, ", "))
		line.Style = screen.Bad
	}
	return []screen.Line{line}
}

// update takes in what is wrong now.
func (v *view) update(now time.Time, s Snapshot, notReady string, targets []forward.TargetStats) {
	wrong := map[string]time.Time{}
	add := func(format string, args ...any) {
		what := fmt.Sprintf(format, args...)
		since, known := v.wrong[what]
		if !known {
			since = now
		}
		wrong[what] = since
	}
	if notReady != "" {
		add("%s", notReady)
	}
	if s.Lacks != "" {
		add("%s", s.Lacks)
	}
	for _, g := range s.Groups {
		for d, n := range v.declared.counters(g.Stats) {
			switch name := g.Name + "." + d.name; {
			case !d.trouble, d.name == refused+"replayed": // which an answer that comes twice is, too
			case d.gauge && n > 0:
				add("%s", name)
			case !d.gauge && v.rate(name) > 0:
				add("%s grows", name)
			}
		}
	}
	for i := range targets {
		t := &targets[i]
		if t.Failing {
			add("%s fails", t.Target)
		}
		if t.Paused {
			add("%s is paused", t.Target)
		}
		for d, n := range v.declared.counters(t) {
			if n > 0 && d.trouble && !t.Failing {
				add("%s: %s", t.Target, d.element)
			}
		}
	}
	v.wrong = wrong
}

// troubles says in so many lines what is wrong and since when, what is so for longest first.
func (v *view) troubles(now time.Time, most int) []screen.Line {
	if len(v.wrong) == 0 {
		return []screen.Line{viewLine("wrong", "nothing")}
	}
	order := slices.SortedFunc(maps.Keys(v.wrong), func(a, b string) int {
		if c := v.wrong[a].Compare(v.wrong[b]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	var lines []screen.Line
	for i, what := range order {
		if i == most-1 && len(order) > most {
			what = fmt.Sprintf("%s, for %v; and %d more", what, now.Sub(v.wrong[what]).Round(time.Second), len(order)-most)
		} else {
			what = fmt.Sprintf("%s, for %v", what, now.Sub(v.wrong[what]).Round(time.Second))
		}
		head := "wrong"
		if i > 0 {
			head = ""
		}
		line := viewLine(head, what)
		line.Style = screen.Bad
		if lines = append(lines, line); len(lines) == most {
			break
		}
	}
	return lines
}
