package udpwire

import "slices"

// changed finds out who is there now, and publishes the view when it is another. It is called whenever a link's replayer
// has gone or come, or a name has other addresses, and never with a link's lock held.
func (f *fleet) changed() {
	f.mu.Lock()
	f.forget()
	v := f.muster()
	other := !v.same(f.view.Load())
	if other {
		f.tell(v)
		f.view.Store(v)
	}
	links := f.links()
	f.mu.Unlock()
	if other {
		for _, l := range links {
			l.rouse()
		}
	}
}

// muster returns the view of now: the replayers that are there. When none is, those that were last keep what comes
// until one is; at the very first that is whoever is at the first address.
func (f *fleet) muster() *view {
	living := f.living()
	for _, a := range f.addresses {
		never := a.link.instance.Load() == 0
		if a.left && (never || len(living) > 0) && !slices.Contains(living, a) {
			a.leaving = true
		}
	}
	v := &view{}
	for _, a := range living {
		v.members = append(v.members, a.link)
		v.instances = append(v.instances, a.link.instance.Load())
	}
	for _, a := range f.addresses {
		switch {
		case a.leaving && hasEnded(a.link):
			v.ended = append(v.ended, a.link)
		case a.leaving:
			v.leaving = append(v.leaving, a.link)
		}
	}
	if len(living) == 0 {
		f.keepLast(v)
	}
	return v
}

// living returns the addresses that reach each replayer that is there, one for each. Of several that reach the same
// the others are to leave.
func (f *fleet) living() (all []*address) {
	for _, a := range f.addresses {
		if a.leaving || !a.link.up.Load() {
			continue
		}
		i := slices.IndexFunc(all, func(b *address) bool { return b.link.instance.Load() == a.link.instance.Load() })
		if i < 0 {
			all = append(all, a)
			continue
		}
		other := a
		if a.better(all[i]) {
			all[i], other = a, all[i]
		}
		other.leaving = true
		f.aliases[other.at] = a.link.instance.Load()
	}
	if named := slices.DeleteFunc(slices.Clone(all), func(a *address) bool { return a.left }); len(named) > 0 {
		return named
	}
	return all
}

// better reports whether a is preferred to b where both reach the same replayer.
func (a *address) better(b *address) bool {
	if a.left != b.left {
		return b.left
	}
	return a.at.Addr().Is4() && !b.at.Addr().Is4()
}

// keepLast completes a view of nobody.
func (f *fleet) keepLast(v *view) {
	last := f.view.Load()
	for i, l := range last.members {
		if l != f.limbo && !slices.Contains(v.leaving, l) && !slices.Contains(v.ended, l) {
			v.members = append(v.members, l)
			v.instances = append(v.instances, last.instances[i])
		}
	}
	if len(v.members) > 0 {
		return
	}
	only := f.limbo
	if i := slices.IndexFunc(f.addresses, func(a *address) bool { return !a.leaving }); i >= 0 {
		only = f.addresses[i].link
	}
	v.members, v.instances = []*link{only}, []uint64{0}
}

// same reports whether two views say the same.
func (v *view) same(other *view) bool {
	return slices.Equal(v.members, other.members) && slices.Equal(v.instances, other.instances) &&
		slices.Equal(v.leaving, other.leaving) && slices.Equal(v.ended, other.ended)
}

// forget closes the accounts of links that have ended and from which everything has come back that they could not send.
func (f *fleet) forget() {
	if f.closed {
		return
	}
	f.addresses = slices.DeleteFunc(f.addresses, func(a *address) bool {
		if !a.leaving || !hasEnded(a.link) || a.link.pending() {
			return false
		}
		a.link.addTo(&f.past)
		a.link.path.close()
		return true
	})
}

// hasEnded reports whether a link's run has ended.
func hasEnded(l *link) bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// tell says in the log between whom messages are shared now, where there is something to share.
func (f *fleet) tell(v *view) {
	before := f.view.Load()
	if len(v.members) < 2 && len(before.members) < 2 || slices.Equal(v.members, before.members) {
		return
	}
	names := make([]string, len(v.members))
	for i, l := range v.members {
		names[i] = l.peer.name
	}
	f.cfg.Logger.Info("messages are shared between replayers", "replayers", names)
}

// links returns all there are, limbo first.
func (f *fleet) links() []*link {
	all := []*link{f.limbo}
	for _, a := range f.addresses {
		all = append(all, a.link)
	}
	return all
}

// others reports whether replayers are there beside a link's.
func (f *fleet) others(l *link) bool {
	return slices.ContainsFunc(f.view.Load().members, func(m *link) bool { return m != l && m.up.Load() })
}
