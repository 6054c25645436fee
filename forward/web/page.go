package web

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/report"
)

const (
	slotTime  = 5 * time.Second
	history   = 15 * time.Minute // that the page shows
	maxSlots  = int(history / slotTime)
	lookEvery = time.Second // between two frames
)

// Config says what the page shows, and where.
type Config struct {
	Address string // to listen on; its host, where it is a name, is one that may be asked for
	Version string // of the program
	Machine string // its name
	Log     *slog.Logger

	// Collect takes the accounts. It is called from the page's goroutines.
	Collect func() report.Snapshot

	// Compared is what comparing the targets' answers came to; nil: nobody compares, and
	// so is its result. It is called as Collect is.
	Compared func() *compare.Report
}

// A Page is a running page. A nil Page, where none was asked for, does nothing.
type Page struct {
	cfg    Config
	socket net.Listener
	began  time.Time
	routes *ledger
	wg     sync.WaitGroup
	ctx    context.Context // ends the goroutines and the streams
	stop   context.CancelFunc

	mu      sync.Mutex
	reader  report.Reader
	ear     ear
	tallies []tally // of the beginning of the first slot and the end of each; those of the last minute have times
	slots   []slot
	look    look
	found   found
}

// Found is what takes longer to find out than what is so now.
type found struct {
	at          time.Time
	routes      []shownRoute
	differences []compare.RouteReport
}

// A look is what the page shows now.
type look struct {
	tally tally
	rates []float64 // answered a second, by target
	now   now
}

// New opens the page's socket; nothing is served before Start.
func New(cfg Config) (*Page, error) {
	socket, err := net.Listen("tcp", cfg.Address)
	if err != nil {
		return nil, err
	}
	return newPage(cfg, socket), nil
}

func newPage(cfg Config, socket net.Listener) *Page {
	p := &Page{cfg: cfg, socket: socket, routes: newLedger()}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// Take counts one request by its route.
func (p *Page) Take(o *forward.Outcome) {
	if p != nil {
		p.routes.take(o)
	}
}

// Watch is Take behind what is told of each request otherwise, if anything is.
func (p *Page) Watch(before func(*forward.Outcome)) func(*forward.Outcome) {
	switch {
	case p == nil:
		return before
	case before == nil:
		return p.Take
	}
	return func(o *forward.Outcome) {
		before(o)
		p.Take(o)
	}
}

// Start begins to follow the accounts and to serve the page; Close ends both.
func (p *Page) Start() {
	if p == nil {
		return
	}
	p.cfg.Log.Info("the page is served", "on", "http://"+p.socket.Addr().String())
	p.begin(time.Now())
	p.wg.Go(p.follow)
	p.wg.Go(p.serve)
}

// Close ends the page.
func (p *Page) Close() {
	if p == nil {
		return
	}
	p.stop()
	p.socket.Close()
	p.wg.Wait()
}

// begin takes the first tally.
func (p *Page) begin(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = at
	s := p.cfg.Collect()
	first := tallyOf(at, &s, &p.reader, p.ear.listen(s.Listeners, 0))
	p.tallies = append(p.tallies, first)
	p.look.tally = first
	p.look.now = p.nowOf(&s, &first)
}

// follow ends a slot every five seconds.
func (p *Page) follow() {
	ticker := time.NewTicker(slotTime)
	defer ticker.Stop()
	for {
		select {
		case <-p.ctx.Done():
			return
		case at := <-ticker.C:
			p.endSlot(at)
		}
	}
}

// endSlot takes a tally, and makes a slot of what came since the last one.
func (p *Page) endSlot(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lookAgain(at)
	t := p.look.tally
	last := &p.tallies[len(p.tallies)-1]
	came := t.timesSince(last)
	p.slots = append(p.slots, slotOf(&came, at.Sub(last.at)))
	p.tallies = append(p.tallies, t)
	if old := len(p.tallies) - 1 - int(time.Minute/slotTime) - 1; old >= 0 {
		p.tallies[old] = p.tallies[old].since(&tally{}) // without its times
	}
	if len(p.slots) > maxSlots {
		p.slots, p.tallies = p.slots[1:], p.tallies[1:]
	}
}

// refresh looks again unless somebody has just done so; with the lock.
func (p *Page) refresh(at time.Time) {
	if at.Sub(p.look.tally.at) >= lookEvery*9/10 {
		p.lookAgain(at)
	}
}

// lookAgain takes the accounts; with the lock.
func (p *Page) lookAgain(at time.Time) {
	s := p.cfg.Collect()
	before := p.look.tally
	t := tallyOf(at, &s, &p.reader, heard{})
	t.heard = p.ear.listen(s.Listeners, minus(t.received, before.received))
	if seconds := at.Sub(before.at).Seconds(); seconds > 0 {
		came := t.since(&before)
		p.look.rates = p.look.rates[:0]
		for i := range came.targets {
			p.look.rates = append(p.look.rates, float64(came.targets[i].answered())/seconds)
		}
	}
	p.look.tally = t
	p.look.now = p.nowOf(&s, &t)
}

// find finds out about the routes, unless somebody has just done so; with the lock.
func (p *Page) find(at time.Time) {
	if !p.found.at.IsZero() && at.Sub(p.found.at) < lookEvery*9/10 {
		return
	}
	p.found = found{at: at, routes: p.routes.shown()}
	if p.cfg.Compared != nil {
		p.found.differences = differing(p.cfg.Compared())
	}
}

// ago is the tally of so long before now, or the oldest there is.
func (p *Page) ago(d time.Duration) *tally {
	return &p.tallies[max(len(p.tallies)-int(d/slotTime), 0)]
}
