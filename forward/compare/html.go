package compare

import (
	_ "embed"
	"html/template"
	"strings"
	"time"
)

// section is the part of an HTML report that shows a Report. It stands alone: it has its own style, whose
// names begin with cmp, and nothing from outside. html/template escapes what strangers' servers have sent.
//
//go:embed section.html
var section string

const (
	htmlRoutes = 100 // of a target
	htmlNoise  = 20  // places of a route that are noise, or undecided
	htmlOpen   = 20  // routes with what is undecided
)

// HTML is the report as a section of a page.
func (r *Report) HTML() (template.HTML, error) {
	t, err := template.New("section").Funcs(template.FuncMap{
		"percent": percent, "duration": duration, "nothing": orNothing, "what": inWords,
		"part":  func(n, of uint64) string { return percent(float64(n) / float64(max(of, 1))) },
		"ratio": func(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) },
		"first": func(p []PathReport) []PathReport { return p[:min(len(p), htmlNoise)] },
	}).Parse(section)
	if err != nil {
		return "", err
	}
	data := struct {
		*Report
		Shown []shown
	}{Report: r}
	for i := range r.Targets {
		data.Shown = append(data.Shown, show(r, &r.Targets[i]))
	}
	var b strings.Builder
	if err := t.Execute(&b, &data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}

// shown is a target as the section shows it.
type shown struct {
	*TargetReport
	Differ, Slow, Rest []RouteReport
	Open               []RouteReport // with what is undecided
	More               int           // routes that are not shown
	Lacking            string
}

func show(r *Report, t *TargetReport) shown {
	s := shown{TargetReport: t, Lacking: r.lacking(t)}
	for i, r := range t.Routes {
		if i >= htmlRoutes {
			s.More++
			continue
		}
		if r.Different > 0 {
			s.Differ = append(s.Differ, r)
		}
		if r.Slower {
			s.Slow = append(s.Slow, r)
		}
		if r.Undecided > 0 && len(s.Open) < htmlOpen {
			s.Open = append(s.Open, r)
		}
		s.Rest = append(s.Rest, r)
	}
	return s
}

// inWords says what a difference is, for who sees only the target.
func inWords(what string) string {
	switch what {
	case "missing":
		return "is missing"
	case "added":
		return "is new"
	case "order":
		return "is in another order"
	case "type":
		return "has another type"
	}
	return "has another value"
}
