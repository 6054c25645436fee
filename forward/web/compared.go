package web

import (
	"strconv"

	"gor/forward/compare"
)

// maxDifferences is how many routes that differ the page shows.
const maxDifferences = 100

// Compare has the page show where targets answer differently; report is nil as long as
// nothing was compared. It is called before Start.
func (p *Page) Compare(report func() *compare.Report) {
	if p != nil {
		p.cfg.Differences = func() []Difference { return differencesOf(report()) }
	}
}

// differencesOf are the routes of a report that differ, those that differ most first.
func differencesOf(r *compare.Report) (all []Difference) {
	if r == nil {
		return nil
	}
	for _, route := range r.Routes(maxDifferences) {
		d := Difference{Route: route.Route, Target: route.Target, Compared: route.Compared, Different: route.Different, Reasons: route.Reasons}
		for _, e := range route.Examples {
			one := Example{Request: e.Request, Then: strconv.Itoa(e.Then), Now: strconv.Itoa(e.Now), Curl: e.Curl}
			for _, at := range e.Differences {
				one.Differences = append(one.Differences, Detail{Path: at.Path, Then: at.Then, Now: at.Now})
			}
			d.Examples = append(d.Examples, one)
		}
		all = append(all, d)
	}
	return all
}
