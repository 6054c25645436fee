package compare

// A picture is what a judge knew of its routes at a moment. A report is made of one without
// the judge's lock, since whoever compares would have to wait for the report.
type picture struct {
	routes    []pictured
	begun     uint64
	loggedOut *LoggedOut
}

// A pictured route is a copy, with the verdicts on its places.
type pictured struct {
	name string
	*account
	is division
}

// patientLooks is how often a picture is begun again because routes became one meanwhile.
const patientLooks = 3

// look takes a picture. It holds the lock for one route at a time; if routes go on becoming one
// it holds it all along at last, so that each exchange is in the picture once.
func (j *judge) look(latencies bool) *picture {
	for range patientLooks {
		list, joined := j.list()
		if j.copyEach(list, joined, latencies) {
			return j.finish(list)
		}
	}
	return j.finish(j.copyAll(latencies))
}

// list lists the routes, not copied yet.
func (j *judge) list() (list []pictured, joined uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, a := range j.routes.All() {
		list = append(list, pictured{name: name, account: a})
	}
	return list, j.joined
}

// copyEach copies one route after the other; false: some have become one since they were listed.
func (j *judge) copyEach(list []pictured, joined uint64, latencies bool) bool {
	for i := range list {
		if !j.copyOne(&list[i], joined, latencies) {
			return false
		}
	}
	return true
}

func (j *judge) copyOne(p *pictured, joined uint64, latencies bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.joined != joined {
		return false
	}
	p.account = p.clone(latencies)
	return true
}

func (j *judge) copyAll(latencies bool) (list []pictured) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for name, a := range j.routes.All() {
		list = append(list, pictured{name: name, account: a.clone(latencies)})
	}
	return list
}

// finish takes what is of no route, last: no exchange has a fate that was not begun.
func (j *judge) finish(list []pictured) *picture {
	j.mu.Lock()
	defer j.mu.Unlock()
	return &picture{routes: list, begun: j.begun, loggedOut: j.sessions.report()}
}

// judge finds the verdicts on what is on the picture. It takes no lock.
func (p *picture) judge(cfg *Config) {
	for i := range p.routes {
		p.routes[i].is = p.routes[i].verdicts()
	}
	known := elsewhereOf(p.routes)
	for i := range p.routes {
		r := &p.routes[i]
		r.is = cfg.without(r.name, r.account, known.borrow(r.account, r.is))
	}
}
