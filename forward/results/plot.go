package results

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
	"time"

	"gor/forward/hist"
)

// The size of a plot in units of its own, which a page stretches to the room there
// is, and the margins that its labels take.
const (
	plotWidth, plotHeight    = 420, 220
	plotLeft, plotRight      = 52, 8
	plotTop, plotBottom      = 8, 24
	plotInnerW, plotInnerH   = plotWidth - plotLeft - plotRight, plotHeight - plotTop - plotBottom
	logBase                  = 10
	longestTicks, shortTicks = 6, 4
)

// A Plot is lines over an axis, drawn as SVG, which is text and needs no program in
// the page.
type Plot struct {
	Title, Says string
	Lines       []Line
	SVG         template.HTML
}

// A Line is one of a Plot: its points' X are 0 to 1 from left to right.
type Line struct {
	Name   string
	Class  int // of the page's colours
	points []point
}

type point struct{ x, y float64 }

// A tick is a labelled place of an axis, 0 to 1.
type tick struct {
	at    float64
	label string
}

// draw draws the lines over the ticks of the x axis; y are durations on a
// logarithmic axis, or else numbers from 0 on.
func (p *Plot) draw(xs []tick, isTime bool) {
	scale, ys := numbers(p.Lines)
	if isTime {
		scale, ys = durations(p.Lines)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, plotWidth, plotHeight, html.EscapeString(p.Title))
	for _, t := range ys {
		y := plotTop + (1-t.at)*plotInnerH
		fmt.Fprintf(&b, `<path class="grid" d="M%d %.1fH%d"/><text x="%d" y="%.1f" text-anchor="end">%s</text>`,
			plotLeft, y, plotWidth-plotRight, plotLeft-6, y+4, html.EscapeString(t.label))
	}
	for i, t := range xs {
		x, anchor := plotLeft+t.at*plotInnerW, "middle"
		if i == len(xs)-1 && t.at > .93 {
			anchor = "end"
		}
		fmt.Fprintf(&b, `<path class="grid" d="M%.1f %dV%d"/><text x="%.1f" y="%d" text-anchor="%s">%s</text>`,
			x, plotTop, plotHeight-plotBottom, x, plotHeight-6, anchor, html.EscapeString(t.label))
	}
	for _, l := range p.Lines {
		b.WriteString(l.path(scale))
	}
	b.WriteString(`</svg>`)
	p.SVG = template.HTML(b.String())
}

// path draws a line; a single point is a short one.
func (l *Line) path(scale func(float64) float64) string {
	if len(l.points) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<path class="line c%d" d="`, l.Class)
	for i, p := range l.points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", command, plotLeft+p.x*plotInnerW, plotTop+(1-scale(p.y))*plotInnerH)
	}
	if len(l.points) == 1 {
		b.WriteString("h2")
	}
	b.WriteString(`"/>`)
	return b.String()
}

// durations is a logarithmic axis that all points above zero fit on, in whole decades.
func durations(lines []Line) (scale func(float64) float64, ticks []tick) {
	low, high := math.Inf(1), 0.
	for _, l := range lines {
		for _, p := range l.points {
			if p.y > 0 {
				low, high = min(low, p.y), max(high, p.y)
			}
		}
	}
	if high == 0 {
		low, high = 1e5, 1e6
	}
	from, to := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	if to <= from {
		to = from + 1
	}
	for e := from; e <= to; e += math.Ceil((to - from) / longestTicks) {
		ticks = append(ticks, tick{(e - from) / (to - from), decade(int(e))})
	}
	return func(y float64) float64 {
		return max(0, (math.Log10(max(y, 1))-from)/(to-from))
	}, ticks
}

// decade is 10^e nanoseconds as people read it.
func decade(e int) string {
	units := []string{"ns", "µs", "ms", "s"}
	unit := min(e/3, len(units)-1)
	return fmt.Sprintf("%.0f %s", math.Pow(logBase, float64(e-3*unit)), units[unit])
}

// numbers is an axis from 0 to a round number that all points fit below.
func numbers(lines []Line) (scale func(float64) float64, ticks []tick) {
	high := 0.
	for _, l := range lines {
		for _, p := range l.points {
			high = max(high, p.y)
		}
	}
	step := niceStep(max(high, 1) / shortTicks)
	top := step * math.Ceil(max(high, 1)/step)
	for y := 0.; y <= top*1.0001; y += step {
		ticks = append(ticks, tick{y / top, fmt.Sprintf("%.10g", y)})
	}
	return func(y float64) float64 { return y / top }, ticks
}

// niceStep is the first of 1, 2, 5, 10, 20 … that is not below s.
func niceStep(s float64) float64 {
	base := math.Pow(logBase, math.Floor(math.Log10(s)))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*base >= s*.9999 {
			return f * base
		}
	}
	return 10 * base
}

// seconds are the ticks of an axis of time from 0 to an end.
func seconds(end time.Duration) (ticks []tick) {
	steps := []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800, 86400}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if end.Seconds()/s <= longestTicks {
			step = s
			break
		}
	}
	step = max(step, end.Seconds()/longestTicks)
	for at := 0.; at <= end.Seconds()*1.0001; at += step {
		ticks = append(ticks, tick{at / end.Seconds(), moment(time.Duration(at * 1e9))})
	}
	return ticks
}

// moment is a time after the start as an axis has it: 0, 0.5s, 90s as 1m30s, 2m, 3h.
func moment(d time.Duration) string {
	s := d.Round(10 * time.Millisecond).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "0s" {
		return "0"
	}
	return s
}

// quantilePlot shows how much of the requests took how long: the axis gives each
// further nine the same room.
func (r *Run) quantilePlot(t *Target) Plot {
	p := Plot{Title: "How many took how long", Says: "share of the requests that took no longer"}
	nines := max(2, math.Ceil(math.Log10(float64(max(t.Started(), 1)))))
	line := func(name string, class int, h *hist.Histogram) {
		l := Line{Name: name, Class: class}
		for i := range 101 {
			x := float64(i) / 100
			l.points = append(l.points, point{x, float64(h.Quantile(1 - math.Pow(logBase, -x*nines)))})
		}
		p.Lines = append(p.Lines, l)
	}
	if r.HasTimes {
		line("latency", 0, &t.Latency)
	}
	line("service time", 1, &t.Service)
	ticks := []tick{{0, "0"}}
	for n := 1.; n <= nines; n++ {
		ticks = append(ticks, tick{n / nines, fmt.Sprintf("%.10g%%", 100-math.Pow(logBase, 2-n))})
	}
	if last := len(ticks) - 1; last > shortTicks {
		ticks = append(ticks[:shortTicks], ticks[last]) // those between would lie over each other
	}
	p.draw(ticks, true)
	return p
}

// timePlots show how the run went.
func (r *Run) timePlots(t *Target) []Plot {
	slots, width := t.Timeline.Slots, t.Timeline.Width
	end := time.Duration(max(len(slots), 1)) * width
	lines := func(named ...Line) []Line {
		for i := range slots {
			x := (float64(i) + .5) / float64(len(slots))
			s := &slots[i]
			for k := range named {
				if v, shown := named[k].value(s, width); shown && !(isRate(named[k].Name) && i > 0 && i == len(slots)-1) {
					named[k].points = append(named[k].points, point{x, v})
				}
			}
		}
		return named
	}
	plots := []Plot{
		{Title: "Over time: how long it took", Says: "by when a request was due", Lines: lines(Line{Name: latencyP99, Class: 0}, Line{Name: serviceP99, Class: 1}, Line{Name: latencyP50, Class: 2})},
		{Title: "Over time: requests per second", Lines: lines(Line{Name: wereDue, Class: 2}, Line{Name: haveEnded, Class: 0}, Line{Name: wereErrors, Class: 3})},
	}
	if r.HasTimes {
		plots = append(plots, Plot{Title: "Over time: late at most", Says: "and what for",
			Lines: lines(Line{Name: lateTarget, Class: 0}, Line{Name: lateLimit, Class: 2}, Line{Name: lateOwn, Class: 3})})
	}
	for i := range plots {
		plots[i].draw(seconds(max(end, firstSlot)), i != 1)
	}
	return plots
}

// The names of the lines over time.
const (
	latencyP99 = "latency p99"
	latencyP50 = "latency p50"
	serviceP99 = "service time p99"
	wereDue    = "due"
	haveEnded  = "ended"
	wereErrors = "errors"
	lateTarget = "the target"
	lateLimit  = "the limit"
	lateOwn    = "gor"
)

// isRate reports whether a line shows requests per second, of which the last slot, that
// the end of the run cut, has too few.
func isRate(name string) bool { return name == wereDue || name == haveEnded || name == wereErrors }

// value is what a line shows of a slot, if anything.
func (l *Line) value(s *Slot, width time.Duration) (v float64, shown bool) {
	switch l.Name {
	case latencyP99:
		return float64(s.Latency.Quantile(.99)), s.Latency.Count() > 0
	case latencyP50:
		return float64(s.Latency.Quantile(.5)), s.Latency.Count() > 0
	case serviceP99:
		return float64(s.Service.Quantile(.99)), s.Service.Count() > 0
	case wereDue:
		return perSecond(s.Due, width), true
	case haveEnded:
		return perSecond(s.Ended, width), true
	case wereErrors:
		return perSecond(s.Errors, width), true
	case lateTarget:
		return float64(s.Late.Target), s.Due > 0
	case lateLimit:
		return float64(s.Late.Limit), s.Due > 0
	}
	return float64(s.Late.Own), s.Due > 0
}
