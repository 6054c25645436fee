package compare

import (
	"fmt"
	"strconv"
	"strings"

	"gor/forward/figures"
)

const (
	textRoutes = 12 // of a target in the table
	textPaths  = 3  // of a route
	textOpen   = 5  // routes with what is undecided
)

// AppendText appends what people read at the end of a run: for each target what became of
// the exchanges, users who are not logged in first, and its routes that differ. No line
// takes more than width columns.
func (r *Report) AppendText(dst []byte, width int) []byte {
	w := textWriter{dst: dst, width: width}
	for i := range r.Targets {
		w.target(r, &r.Targets[i])
	}
	return w.dst
}

// A textWriter writes lines of a width.
type textWriter struct {
	dst   []byte
	width int
}

// line writes one line, cut to the width.
func (w *textWriter) line(s string) {
	if columns(s) > w.width {
		n := 1 // for the dots
		for i, r := range s {
			if n += columns(string(r)); n > w.width {
				s = s[:i] + "…"
				break
			}
		}
	}
	w.dst = append(append(w.dst, s...), '\n')
}

// paragraph writes words behind a head, in as many lines as they take.
func (w *textWriter) paragraph(head string, words []string) {
	line, empty := head, true
	for _, word := range words {
		if !empty && columns(line)+1+columns(word) > w.width {
			w.line(line)
			line, empty = strings.Repeat(" ", min(columns(head), 12)), true
		}
		line, empty = line+" "+word, false
	}
	w.line(line)
}

func (w *textWriter) target(r *Report, t *TargetReport) {
	w.line(fmt.Sprintf("%s, compared with %s", t.Target, r.Original))
	if t.LoggedOut != nil {
		w.paragraph(fmt.Sprintf("  not logged in: %d of %d.", t.LoggedOut.Exchanges, t.Compared), strings.Fields(t.LoggedOut.Says))
	}
	if t.Foreign != nil {
		w.paragraph("  sessions:", strings.Fields(t.Foreign.Says))
	}
	w.paragraph("  exchanges  ", t.Fates.words())
	if why := r.lacking(t); why != "" {
		w.paragraph("  no original:", strings.Fields(why))
	}
	if len(t.NotCompared) > 0 {
		w.paragraph("  bodies not compared to their ends:", words(t.NotCompared))
	}
	w.routes(t)
	w.undecided(t)
	if r.Drift != "" && t.Different > 0 {
		w.paragraph("  note:", strings.Fields(r.Drift))
	}
}

// words are what became of the exchanges, but for what none did.
func (f *Fates) words() []string {
	same := "same=" + number(f.Same)
	if f.InPart > 0 {
		same += fmt.Sprintf(" (%d of them in part)", f.InPart)
	}
	all := []string{"compared=" + number(f.Compared), same, fmt.Sprintf("different=%d (%s)", f.Different, figures.Percent(f.Share()))}
	for _, c := range []struct {
		name string
		n    uint64
	}{{"undecided", f.Undecided}, {"not_logged_in", f.NotLoggedIn}, {"not_modified", f.NotModified}, {"no_original", f.NoOriginal}, {"no_response", f.NoResponse},
		{"expired", f.Expired}, {"waiting", f.Waiting}} {
		if c.n > 0 {
			all = append(all, c.name+"="+number(c.n))
		}
	}
	return all
}

// routes writes those that differ, and those that are slower.
func (w *textWriter) routes(t *TargetReport) {
	shown, more := 0, 0
	for i := range t.Routes {
		r := &t.Routes[i]
		if r.Different == 0 && !r.Slower {
			continue
		}
		if shown++; shown > textRoutes {
			more++
			continue
		}
		if shown == 1 {
			w.line("  different  compared  route")
		}
		w.line(fmt.Sprintf("  %9d  %8d  %s", r.Different, r.Compared, r.Route))
		w.paths(r)
	}
	if more > 0 {
		w.line(fmt.Sprintf("  and %d routes more that differ: --report FILE.html has them", more))
	}
}

// textIndent is what precedes places, below their route.
const textIndent = "                       "

// paths writes what differs on a route.
func (w *textWriter) paths(r *RouteReport) {
	w.places(r.Paths, r.values)
	if r.Slower {
		w.line(fmt.Sprintf("%sslower: p50 %s, was %s; the other routes let expect %s", textIndent, figures.Duration(r.Now.P50), figures.Duration(r.Then.P50), figures.Duration(r.Expected)))
	}
}

// places writes some places of a route, with the values of those that have any.
func (w *textWriter) places(all []PathReport, values func(*PathReport) (then, now string, found bool)) {
	for i := range all[:min(len(all), textPaths)] {
		p := &all[i]
		line := fmt.Sprintf("%s%s %s in %d", textIndent, p.Path, p.What, p.Count)
		if then, now, found := values(p); found {
			line += ": " + then + " -> " + now
		}
		w.line(line)
	}
	if more := len(all) - textPaths; more > 0 {
		w.line(fmt.Sprintf("%sand %d more", textIndent, more))
	}
}

// undecided writes what may differ, and what would tell.
func (w *textWriter) undecided(t *TargetReport) {
	shown, more, drifts := 0, 0, false
	for i := range t.Routes {
		r := &t.Routes[i]
		if len(r.Open) == 0 || r.Undecided == 0 {
			continue
		}
		if shown++; shown > textOpen {
			more++
			continue
		}
		if shown == 1 {
			w.line("  undecided  compared  route")
		}
		w.line(fmt.Sprintf("  %9d  %8d  %s", r.Undecided, r.Compared, r.Route))
		w.places(r.Open, func(p *PathReport) (then, now string, found bool) {
			drifts = drifts || p.Drifts
			return orNothing(p.Then), orNothing(p.Now), p.Then != "" || p.Now != ""
		})
	}
	if more > 0 {
		w.line(fmt.Sprintf("  and %d routes more that are undecided: --report FILE.html has them", more))
	}
	if shown > 0 {
		w.paragraph("  undecided:", strings.Fields("too few requests were repeated to tell what differs from what is noise: --echo 100%, or more requests, will."))
	}
	if drifts {
		w.paragraph("  undecided:", strings.Fields("what production itself changes within minutes they will not tell: --ignore it if it may change by itself."))
	}
}

// values are those of a place in one of a route's examples.
func (r *RouteReport) values(p *PathReport) (then, now string, found bool) {
	for _, e := range r.Examples {
		for _, d := range e.Differences {
			if keyOf(d.Path, d.What) == keyOf(p.Path, p.What) && (d.Then != "" || d.Now != "") {
				return orNothing(d.Then), orNothing(d.Now), true
			}
		}
	}
	return "", "", false
}

// columns is how many columns of a terminal a text takes at most.
func columns(s string) (n int) {
	for _, r := range s {
		if n++; r >= 0x1100 && r != '…' {
			n++ // which is true of most of them
		}
	}
	return n
}

// orNothing is a value for people.
func orNothing(s string) string {
	if s == "" {
		return "(nothing)"
	}
	return s
}

// number writes a count.
func number(n uint64) string { return strconv.FormatUint(n, 10) }
