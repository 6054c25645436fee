package web

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/report"
)

// A frame is what a browser is sent: package web's documentation has its form.
type frame struct {
	Now         now                   `json:"now"`
	Slots       []slot                `json:"slots,omitempty"`
	Routes      []shownRoute          `json:"routes,omitempty"`
	Differences []compare.RouteReport `json:"differences,omitempty"`
}

// A now is what is so at one moment.
type now struct {
	At        int64           `json:"at"`
	Began     int64           `json:"began"`
	Version   string          `json:"version"`
	Machine   string          `json:"machine"`
	NotReady  string          `json:"not_ready,omitempty"`
	Lacks     string          `json:"lacks,omitempty"`
	Rivers    rivers          `json:"rivers"`
	Targets   []shownTarget   `json:"targets"`
	Listeners []shownListener `json:"listeners"`
}

// Rivers are of the last minute, of the last quarter of an hour, and of all that came.
type rivers struct {
	Minute  river `json:"minute"`
	Quarter river `json:"quarter"`
	Start   river `json:"start"`
}

// A shownTarget is how a target does.
type shownTarget struct {
	Name     string  `json:"name"`
	Rate     float64 `json:"rate"` // answered a second
	P50      float64 `json:"p50"`  // of the service time in the last minute
	P99      float64 `json:"p99"`
	WaitP99  float64 `json:"wait_p99"`
	Queue    int     `json:"queue"`
	InFlight int     `json:"in_flight"`
	Failing  bool    `json:"failing"`
	Paused   bool    `json:"paused"`
	Limit    string  `json:"limit,omitempty"` // as behind the bar
}

// A shownListener is what a listener says of itself.
type shownListener struct {
	Host     string `json:"host"`
	Address  string `json:"address"`
	Version  string `json:"version"`
	Captured uint64 `json:"captured"`
	Unsent   uint64 `json:"unsent"` // captured and not sent, for whatever reason
	Lost     uint64 `json:"lost"`   // on the wire
	Pending  uint64 `json:"pending"`
}

// A slot is what came in five seconds.
type slot struct {
	At       int64        `json:"at"` // its end
	Seconds  float64      `json:"seconds"`
	Received uint64       `json:"received"`
	Targets  []slotTarget `json:"targets"`
}

// A slotTarget is a target's part of a slot.
type slotTarget struct {
	Codes   map[string]uint64 `json:"codes,omitempty"`
	Failed  uint64            `json:"failed,omitempty"`
	Dropped uint64            `json:"dropped,omitempty"`
	P50     float64           `json:"p50"`
	P99     float64           `json:"p99"`
}

// Bounds of what a frame has of the routes that differ.
const (
	shownDifferences = 20 // routes
	shownExamples    = 3  // of a route
	shownPaths       = 8  // places of its answers
	shownOpen        = 4  // places of which nobody can tell yet
)

// differing are the routes at which targets answer differently, or slower, and those where they may, with what
// the page shows of them.
func differing(report *compare.Report) (list []compare.RouteReport) {
	if report == nil {
		return nil
	}
	for _, t := range report.Targets {
		for _, r := range t.Routes {
			if r.Different > 0 || r.Slower || r.Undecided > 0 {
				list = append(list, r)
			}
		}
	}
	slices.SortStableFunc(list, func(a, b compare.RouteReport) int {
		return cmp.Or(cmp.Compare(b.Different, a.Different), cmp.Compare(b.Undecided, a.Undecided))
	})
	list = list[:min(len(list), shownDifferences)]
	for i := range list {
		r := &list[i]
		r.Examples, r.Paths = r.Examples[:min(len(r.Examples), shownExamples)], r.Paths[:min(len(r.Paths), shownPaths)]
		r.Open, r.Noise = r.Open[:min(len(r.Open), shownOpen)], nil
	}
	return list
}

// slotOf makes a slot of what came in a time.
func slotOf(came *tally, d time.Duration) slot {
	s := slot{At: came.at.UnixMilli(), Seconds: d.Seconds(), Received: came.received, Targets: []slotTarget{}}
	for i := range came.targets {
		t := &came.targets[i]
		one := slotTarget{Failed: t.failed(), Dropped: t.dropped(), P50: milliseconds(t.service.Quantile(.5)), P99: milliseconds(t.service.Quantile(.99))}
		for p, n := range t.parts {
			if p.kind == codePart {
				if one.Codes == nil {
					one.Codes = map[string]uint64{}
				}
				one.Codes[p.name] += n
			}
		}
		s.Targets = append(s.Targets, one)
	}
	return s
}

// nowOf is what is so when a tally was taken of a snapshot; with the lock.
func (p *Page) nowOf(s *report.Snapshot, t *tally) now {
	minute, quarter := t.timesSince(p.ago(time.Minute)), t.since(p.ago(history))
	n := now{
		At: t.at.UnixMilli(), Began: p.began.UnixMilli(), Version: p.cfg.Version, Machine: p.cfg.Machine, NotReady: s.NotReady, Lacks: s.Lacks,
		Rivers:  rivers{riverOf(&minute), riverOf(&quarter), riverOf(t)},
		Targets: []shownTarget{}, Listeners: []shownListener{},
	}
	for i := range s.Targets {
		of, lately := &s.Targets[i], &minute.targets[i]
		one := shownTarget{
			Name: of.Target, Queue: of.Queue, InFlight: of.InFlight, Failing: of.Failing, Paused: of.Paused,
			P50: milliseconds(lately.service.Quantile(.5)), P99: milliseconds(lately.service.Quantile(.99)), WaitP99: milliseconds(lately.wait.Quantile(.99)),
		}
		if of.Limit != (forward.Limit{}) {
			one.Limit = of.Limit.String()
		}
		if i < len(p.look.rates) {
			one.Rate = p.look.rates[i]
		}
		n.Targets = append(n.Targets, one)
	}
	for i := range s.Listeners {
		n.Listeners = append(n.Listeners, shownListenerOf(&s.Listeners[i]))
	}
	return n
}

// shownListenerOf is a listener as the page shows it.
func shownListenerOf(l *report.Listener) shownListener {
	one := shownListener{Host: l.Host, Address: l.Address, Version: l.Version}
	for _, a := range l.Accounts {
		switch {
		case a.Name == accountCaptured:
			one.Captured = a.Value
		case a.Name == accountLost:
			one.Lost = a.Value
		case a.Name == accountPending:
			one.Pending = a.Value
		case strings.HasPrefix(a.Name, fatePrefix) && a.Name != accountSent:
			one.Unsent += a.Value
		}
	}
	return one
}

// frameSince is what there is for a browser that has the slots up to one that ended at a
// time, and the routes if there are new slots. It returns the end of the last slot.
func (p *Page) frameSince(at time.Time, has int64) (data []byte, upTo int64, err error) {
	f, upTo := p.frameNow(at, has)
	data, err = json.Marshal(&f) // which escapes what could end a script's element
	return data, upTo, err
}

// frameNow is what frameSince writes.
func (p *Page) frameNow(at time.Time, has int64) (f frame, upTo int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refresh(at)
	f.Now = p.look.now
	for i := range p.slots {
		if upTo = p.slots[i].At; upTo > has {
			f.Slots = append(f.Slots, p.slots[i])
		}
	}
	if has == 0 || len(f.Slots) > 0 {
		p.find(at)
		f.Routes, f.Differences = p.found.routes, p.found.differences
	}
	return f, upTo
}
