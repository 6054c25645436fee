package doctor

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"gor/capture"
)

const (
	watchPeriod = time.Second // how often it is seen whether there is something to do
	watchLook   = time.Second // how long a look lasts
	lookPeriod  = time.Minute // how often there is one of a kind
	firstLook   = 3 * time.Second
	noRequests  = 10 * time.Second // without a request: what is seen instead is said
)

// WatchConfig says what is watched.
type WatchConfig struct {
	Question   Question
	Directions func() (arriving, leaving []uint16) // the ports that are captured now, by the way that is
	Logger     *slog.Logger                        // gets what is found
}

// A Watcher says, while gor listen runs, why there are no requests, and what goes the
// way that is not captured.
type Watcher struct {
	cfg   WatchConfig
	scout *capture.Scout
	diag  *diag // nil: sockets cannot be seen

	nextWay time.Time     // when the other way is looked at next
	nextAll time.Time     // when everything is, if there was no request
	forAll  *watchedScene // the look under way is at everything; nil: at the other way
	said    string        // what was said last of what is seen instead
	named   float64       // the rate that was said last of the other way
}

// A watchedScene is what is seen besides packets while everything is looked at.
type watchedScene struct {
	Scene
	connections connections
}

// OpenWatcher opens what a Watcher needs privileges for. Errors are those of
// capture.OpenRing.
func OpenWatcher(cfg WatchConfig) (*Watcher, error) {
	scout, err := capture.OpenScout(len(cfg.Question.Ports))
	if err != nil {
		return nil, err
	}
	w := &Watcher{cfg: cfg, scout: scout}
	if w.diag, err = openDiag(); err != nil {
		cfg.Logger.Debug("sockets cannot be listed", "err", err)
		w.diag = nil
	}
	return w, nil
}

// Close closes what is open, once Watch has ended.
func (w *Watcher) Close() {
	w.scout.Close()
	if w.diag != nil {
		w.diag.close()
		w.diag = nil
	}
}

// Watch watches until ctx ends; seen tells what has come of the packets that are
// captured.
func (w *Watcher) Watch(ctx context.Context, seen func() capture.Seen) {
	now := time.Now()
	w.nextWay, w.nextAll = now.Add(firstLook), now.Add(noRequests)
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := w.turn(time.Now(), seen); err != nil {
				w.cfg.Logger.Warn("what is not captured cannot be looked at", "err", err)
				w.scout.Close() // so that nothing is copied for nobody
				return
			}
		}
	}
}

// turn begins or ends a look, when it is time to.
func (w *Watcher) turn(now time.Time, seen func() capture.Seen) error {
	if began := w.scout.Looking(); !began.IsZero() {
		if now.Sub(began) < watchLook*9/10 {
			return nil
		}
		look, err := w.scout.End(now)
		if err != nil {
			return err
		}
		w.say(look, seen())
		return nil
	}
	arriving, leaving := w.otherWay()
	switch {
	case now.After(w.nextAll) && seen().Requests == 0:
		w.nextAll = now.Add(lookPeriod)
		w.forAll = w.surroundings()
		ports := w.cfg.Question.Ports
		return w.scout.Begin(capture.Gaze{Arriving: ports, Leaving: ports, OtherHosts: true, Elsewhere: true}, now)
	case now.After(w.nextWay) && len(arriving)+len(leaving) > 0:
		w.forAll, w.nextWay = nil, now.Add(lookPeriod)
		return w.scout.Begin(capture.Gaze{Arriving: arriving, Leaving: leaving}, now)
	}
	return nil
}

// otherWay are the wanted ports by the way that is not captured.
func (w *Watcher) otherWay() (arriving, leaving []uint16) {
	in, out := w.cfg.Directions()
	for _, p := range w.cfg.Question.Ports {
		if !slices.Contains(in, p) {
			arriving = append(arriving, p)
		}
		if !slices.Contains(out, p) {
			leaving = append(leaving, p)
		}
	}
	return arriving, leaving
}

// say says what a look has shown, once, and again when it is much more.
func (w *Watcher) say(look *capture.Look, seen capture.Seen) {
	if w.forAll == nil {
		const muchMore = 10
		if said, rate := sayOtherWay(newTraffic(look)); rate > muchMore*w.named {
			w.named = rate
			w.cfg.Logger.Info(said)
		}
		return
	}
	if seen.Requests > 0 {
		return
	}
	s := w.surroundings()
	s.Look, s.Connections = look, w.forAll.grown(w.diag, w.cfg.Question.Ports)
	if said := instead(Judge(&s.Scene)); said != "" && said != w.said {
		w.said = said
		w.cfg.Logger.Warn("no request to " + sayPorts(w.cfg.Question.Ports) + " so far: " + said)
	}
}

// surroundings are what there is besides packets, as far as it can be seen without
// privileges.
func (w *Watcher) surroundings() *watchedScene {
	s := &watchedScene{Scene: Scene{Question: w.cfg.Question}}
	s.Arriving, s.Leaving = w.cfg.Directions()
	var err error
	if s.Links, err = links(w.cfg.Question.Interfaces); err != nil {
		w.cfg.Logger.Debug("interfaces cannot be listed", "err", err)
	}
	if w.diag == nil {
		return s
	}
	found, err := w.diag.servers()
	if err == nil {
		s.Servers = found
		err = s.connections.look(w.diag, w.cfg.Question.Ports)
	}
	if err != nil {
		w.cfg.Logger.Debug("sockets cannot be listed", "err", err)
	}
	return s
}

// grown are the connections, with what they have received since.
func (s *watchedScene) grown(d *diag, ports []uint16) []Connection {
	if d == nil || s.connections.look(d, ports) != nil {
		return nil
	}
	return s.connections.list()
}

// instead is the most telling of what was found, in one line.
func instead(findings []Finding) string {
	const more = " (gor doctor, as root, also sees processes, other network namespaces and Unix sockets)"
	for level := Problem; level > OK; level-- {
		for _, f := range findings {
			if f.Level == level {
				return printable(strings.TrimSuffix(f.Seen+": "+f.Type, ": ")) + more
			}
		}
	}
	return ""
}

// sayOtherWay says what goes the way that is not captured, with what takes it:
// about 1,200 requests/s to port 80 leave this machine: --direction out.
func sayOtherWay(t *traffic) (said string, perSecond float64) {
	var parts []string
	for _, way := range []struct {
		leaving     bool
		verb, takes string
	}{{true, "leave", "out"}, {false, "arrive at", "in"}} {
		is := func(s *seen) bool {
			return s.isRequest() && !s.replayed && !s.OtherHost && s.Leaving == way.leaving
		}
		if rate := t.rate(is); rate > 0 {
			perSecond += rate
			parts = append(parts, fmt.Sprintf("%s to %s %s this machine: --direction %s takes these, --direction both all",
				about(rate), sayPorts(t.ports(is)), way.verb, way.takes))
		}
	}
	return strings.Join(parts, "; "), perSecond
}

// ports are those that what f picks goes to.
func (t *traffic) ports(f func(*seen) bool) (ports []uint16) {
	for i := range t.wanted {
		if s := &t.wanted[i]; f(s) && !slices.Contains(ports, s.Dst.Port) {
			ports = append(ports, s.Dst.Port)
		}
	}
	return ports
}
