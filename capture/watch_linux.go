package capture

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"
)

const (
	watchPeriod = time.Second // how often the world is looked at
	lookTime    = time.Second // how long a scout looks
	lookPeriod  = time.Minute // how often it looks
	firstLook   = 3 * time.Second
	noRequests  = 10 * time.Second // without a request: what is seen instead is said
)

// A watch keeps a ring's socket up with the world, from a goroutine of its own.
type watch struct {
	ring    *ring
	tap     *tap
	scout   *scout
	log     *slog.Logger
	seen    func() Seen
	hearing hearing

	began   time.Time
	last    time.Time // the turn before
	nextWay time.Time // when the other way is looked at next
	nextAll time.Time // when everything is, if there was no request
	forAll  bool      // the look under way is at everything
	said    string    // what was said last of what is seen instead
	named   float64   // the rate that was said last of the other way
	losses  losses
}

// watch keeps up with the world until ctx ends.
func (r *ring) watch(ctx context.Context, seen func() Seen) {
	now := time.Now()
	w := &watch{
		ring: r, tap: r.tap, scout: r.scout, log: r.log, seen: seen, hearing: hearing{},
		began: now, last: now, nextWay: now.Add(firstLook), nextAll: now.Add(noRequests),
	}
	ticker := time.NewTicker(watchPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.turn(time.Now())
		}
	}
}

// turn looks at everything once.
func (w *watch) turn(now time.Time) {
	err := w.ring.shared.whileOpen(func() error {
		if err := w.tap.follow(w.hearing, now); err != nil {
			return err
		}
		return w.look(now)
	})
	if err != nil {
		w.log.Warn("capture cannot follow a change", "err", err)
	}
	w.drops(now)
	w.last = now
}

// look has the scout begin or end to look, when it is time to.
func (w *watch) look(now time.Time) error {
	if w.scout.looking {
		if now.Sub(w.scout.began) < lookTime*9/10 {
			return nil
		}
		looked, err := w.scout.end(now)
		if err != nil {
			return fmt.Errorf("scout: %w", err)
		}
		w.say(looked)
		return nil
	}
	other := w.tap.otherWay()
	switch {
	case now.After(w.nextAll) && w.seen().Requests == 0:
		w.forAll, w.nextAll = true, now.Add(lookPeriod)
		return w.scout.begin(FilterSpec{}, now)
	case now.After(w.nextWay) && len(other.Arriving)+len(other.Leaving) > 0:
		w.forAll, w.nextWay = false, now.Add(lookPeriod)
		return w.scout.begin(other, now)
	}
	return nil
}

// say says what a look has shown, once, and again when it is much more.
func (w *watch) say(l *look) {
	about := w.tap.scouting()
	if !w.forAll {
		const muchMore = 10
		if said, rate := about.otherWay(l); rate > muchMore*w.named {
			w.named = rate
			w.log.Info(said)
		}
		return
	}
	seen := w.seen()
	if said := about.instead(l, seen.Segments); seen.Requests == 0 && said != w.said {
		w.said = said
		w.log.Warn("no request to " + sayPorts(about.ports) + " so far: " + said)
	}
}

// drops says what the kernel dropped.
func (w *watch) drops(now time.Time) {
	stats := w.ring.stats()
	late := now.Sub(w.last) - watchPeriod
	if said := w.losses.say(now, late, stats, w.seen().Requests); said != "" {
		w.log.Warn(said)
	}
}

// follow looks at what listens here and which interfaces there are, and points
// the socket anew where that has changed.
func (t *tap) follow(heard hearing, now time.Time) error {
	changed := false
	if t.services != nil {
		list := t.services.ports(now)
		settled := heard.settle(t.cfg.Ports, &list, now)
		if ways := t.cfg.Direction.ways(t.cfg.Ports, &settled); ways != t.ways {
			t.log.Info("the direction follows what listens on this machine: " + ways.String())
			t.point(ways)
			changed = true
		}
	}
	rebind, err := t.followInterfaces()
	if err != nil {
		return err
	}
	if changed || rebind && len(t.names) > 1 {
		if err := t.attach(); err != nil {
			return err
		}
		t.ignoreLeaving(t.fd, t.ways.leaving == portSet{})
	}
	return nil
}

// followInterfaces finds interfaces that went and came; changed says that one
// has another number than before.
func (t *tap) followInterfaces() (changed bool, err error) {
	gone := 0
	for i, name := range t.names {
		index := t.interfaceIndex(name)
		if index == 0 {
			gone++
		}
		if index == t.indexes[i] {
			continue
		}
		t.indexes[i], changed = index, true
		if index == 0 {
			t.log.Warn("interface is gone: capture goes on when it comes back", "iface", name)
			continue
		}
		t.log.Info("interface is back", "iface", name)
		if len(t.names) == 1 {
			if err := t.bind(); err != nil {
				return true, err
			}
		}
	}
	t.shared.gone.Store(uint64(gone))
	if changed {
		t.promiscuous()
	}
	return changed, nil
}

// otherWay is what a scout looks at: the wanted ports by the way that is not
// captured.
func (t *tap) otherWay() (spec FilterSpec) {
	for _, p := range t.cfg.Ports {
		if !t.ways.arriving.has(p) {
			spec.Arriving = append(spec.Arriving, p)
		}
		if !t.ways.leaving.has(p) {
			spec.Leaving = append(spec.Leaving, p)
		}
	}
	return spec
}

// scouting is what a scout's look is held against.
func (t *tap) scouting() *scouting {
	return &scouting{
		ports: t.cfg.Ports, ways: t.ways, ifaces: t.indexes, promiscuous: t.cfg.Promiscuous,
		name: func(index int) string {
			if i, err := net.InterfaceByIndex(index); err == nil {
				return i.Name
			}
			return fmt.Sprintf("number %d", index)
		},
	}
}

// where says what is captured.
func (r *ring) where() string { return r.shared.ways.Load().String() }
