package results

import (
	_ "embed"
	"html/template"
	"io"
	"time"

	"gor/forward/figures"
	"gor/forward/hist"
)

// page is the HTML report: one file with all in it, nothing from outside, and no
// program. html/template escapes what requests bring along.
//
//go:embed page.html
var page string

// A pageTarget is a target as the page shows it.
type pageTarget struct {
	*Target
	Fates []string
	Ends  []string
	Times []pageTimes
	Plots []Plot
}

// A pageTimes is a row of the table of times.
type pageTimes struct {
	Name, Says string
	H          *hist.Histogram
}

// writeHTML writes the HTML report.
func writeHTML(w io.Writer, r *Run) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"duration": figures.Duration, "percent": figures.Percent, "rate": figures.Rate, "perSecond": perSecond,
		"share": func(n, all uint64) float64 { return 100 * share(n, all) },
		"when":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	}).Parse(page)
	if err != nil {
		return err
	}
	data := struct {
		*Run
		Compared template.HTML // what comparing the responses came to
		Shown    []pageTarget
	}{Run: r}
	if r.Comparison != nil {
		if data.Compared, err = r.Comparison.HTML(); err != nil {
			return err
		}
	}
	for i := range r.Targets {
		data.Shown = append(data.Shown, r.pageTarget(&r.Targets[i]))
	}
	return t.Execute(w, &data)
}

func (r *Run) pageTarget(t *Target) pageTarget {
	p := pageTarget{Target: t, Fates: t.notStarted(), Ends: t.ends()}
	if t.Started() == 0 {
		return p
	}
	if r.HasTimes {
		p.Times = append(p.Times, pageTimes{"latency", "since a request was due", &t.Latency})
	}
	p.Times = append(p.Times, pageTimes{"service time", "since it was sent", &t.Service})
	if r.HasTimes {
		p.Times = append(p.Times, pageTimes{"late: target", "it waited for the target", &t.Late.Target},
			pageTimes{"late: limit", "it waited for the target's limit", &t.Late.Limit},
			pageTimes{"late: gor", "it waited for gor itself", &t.Late.Own})
	}
	p.Plots = append([]Plot{r.quantilePlot(t)}, r.timePlots(t)...)
	return p
}
