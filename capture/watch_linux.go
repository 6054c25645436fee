package capture

import (
	"context"
	"log/slog"
	"time"
)

// watchPeriod is how often the world is looked at.
const watchPeriod = time.Second

// A watch keeps a ring's socket up with the world, from a goroutine of its own.
type watch struct {
	ring    *ring
	tap     *tap
	log     *slog.Logger
	seen    func() Seen
	hearing hearing

	last   time.Time // the turn before
	losses losses
}

// watch keeps up with the world until ctx ends.
func (r *ring) watch(ctx context.Context, seen func() Seen) {
	w := &watch{ring: r, tap: r.tap, log: r.log, seen: seen, hearing: hearing{}, last: time.Now()}
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

// turn does all of it once.
func (w *watch) turn(now time.Time) {
	if err := w.ring.shared.whileOpen(func() error { return w.tap.follow(w.hearing, now) }); err != nil {
		w.log.Warn("capture cannot follow a change", "err", err)
	}
	w.drops(now)
	w.last = now
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
	if changed { // and it is in force
		t.log.Info("the direction follows what listens on this machine: " + t.ways.String())
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

// directions are the ports that are captured, by the way that is.
func (r *ring) directions() (arriving, leaving []uint16) {
	w := r.shared.ways.Load()
	return w.arriving.list(), w.leaving.list()
}

// where says what is captured.
func (r *ring) where() string { return r.shared.ways.Load().String() }
