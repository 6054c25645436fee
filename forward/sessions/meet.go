package sessions

// Given says which cookies production's answer sets to a request that the target gets,
// too, before the target's answer is known.
func (b *Book) Given(grants []Grant) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range grants {
		g := &grants[i]
		if !g.Then.Sets() || !b.isSession(g.Name, &g.Then) {
			continue
		}
		if len(b.names) < maxNames {
			b.names[g.Name] = true
		}
		key := b.key([]byte(g.Then.Pair))
		if _, ok := b.known.get(key); ok {
			continue
		}
		first, _ := b.strangers.get(key)
		b.known.put(key, entry{awaited: first}, 0)
	}
}

// A Meeting is an exchange of which both answers are known. Times are of one clock.
type Meeting struct {
	Cookies []byte // the request's, as production got them: the value of its Cookie field
	Grants  []Grant
	Began   int64 // when the request went to the target
	Ended   int64 // when the target's answer came
}

// Meet learns from an exchange, as the package's documentation says.
func (b *Book) Meet(m *Meeting) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range m.Grants {
		g := &m.Grants[i]
		before := b.carried(m.Cookies, g.Name)
		switch {
		case g.Then.Sets() && b.isSession(g.Name, &g.Then):
			b.exchanged(m, g, before)
		case before == 0:
		case g.Then.Gone:
			b.known.remove(before)
		case g.Then.Pair == "" && (b.names[g.Name] || b.isSession(g.Name, &g.Now)):
			b.learn(m, before, &g.Now, true)
		}
	}
}

// exchanged learns what production's new cookie stands for; before is the one that the
// request carried, or 0.
func (b *Book) exchanged(m *Meeting, g *Grant, before uint64) {
	key := b.key([]byte(g.Then.Pair))
	if g.Now.Pair != "" {
		b.learn(m, key, &g.Now, false)
		return
	}
	e, _ := b.known.get(before)
	switch {
	case key == before && e.state == own: // production said it once more
	case before != 0 && e.state == own:
		b.known.put(key, e, int64(len(e.pair)))
	default:
		b.learn(m, key, &g.Now, false)
	}
}

// learn takes down what the target did with a cookie, unless that was before what is
// known. alone: production did nothing with it.
func (b *Book) learn(m *Meeting, key uint64, c *Cookie, alone bool) {
	e, ok := b.known.get(key)
	isOwn := ok && e.state == own
	if isOwn && m.Began < e.since && (alone || !e.stranger) {
		return
	}
	if c.Sets() && canSend(c.Pair) {
		e = entry{state: own, pair: c.Pair, since: m.Ended, stranger: alone && (!isOwn || e.stranger)}
		b.known.put(key, e, int64(len(c.Pair)))
	} else {
		b.known.put(key, entry{state: refused}, 0)
	}
}

// carried is the cookie of a name in a request, by production's name or by the target's; 0:
// there is none.
func (b *Book) carried(cookies []byte, name string) uint64 {
	for len(cookies) > 0 {
		var pair []byte
		_, pair, _, cookies = next(cookies)
		key := b.key(pair)
		if string(nameOf(pair)) == name {
			return key
		}
		if e, ok := b.known.get(key); ok && e.state == own && nameOf(e.pair) == name {
			return key
		}
	}
	return 0
}
