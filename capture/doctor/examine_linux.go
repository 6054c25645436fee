package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"gor/capture"
)

// Examine looks at this machine for two seconds, or until ctx ends.
func Examine(ctx context.Context, q Question) (*Scene, error) {
	s := &Scene{Question: q}
	counted := make(chan *census, 1)
	go func() { counted <- takeCensus(time.Now().Add(lookTime)) }() // and no longer than that
	scout, err := capture.OpenScout(len(q.Ports))
	s.Rights = rightsOf(err)
	if err == nil {
		defer scout.Close()
	}
	if s.Links, err = links(q.Interfaces); err != nil {
		s.blind("interfaces", err)
	}
	if err := s.checkInterfaces(); err != nil {
		return nil, err
	}
	p := &patient{scene: s}
	if d, err := openDiag(); err != nil {
		s.blind("sockets", err)
	} else {
		defer d.close()
		p.diag = d
	}
	p.listening()
	if scout != nil {
		if err := p.look(ctx, scout); err != nil {
			return nil, fmt.Errorf("look at what passes: %w", err)
		}
	}
	p.take(<-counted)
	return s, nil
}

// checkInterfaces refuses a name that no interface has.
func (s *Scene) checkInterfaces() error {
	if s.Question.anyInterface() || s.Links == nil {
		return nil
	}
	var names []string
	for _, l := range s.Links {
		names = append(names, l.Name)
	}
	for _, name := range s.Question.Interfaces {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%w: %q (there are any, %s)", capture.ErrInterface, name, strings.Join(names, ", "))
		}
	}
	return nil
}

// blind notes that something could not be seen.
func (s *Scene) blind(what string, why error) {
	s.Blind = append(s.Blind, fmt.Sprintf("%s: %v", what, why))
}

// A patient is a machine while it is looked at.
type patient struct {
	scene       *Scene
	diag        *diag // nil: sockets cannot be seen
	connections connections
	hops        hops
	noHops      bool // the kernel does not tell
}

// sampleEvery is how often sockets are looked at.
const sampleEvery = 50 * time.Millisecond

// connectionsEvery is how many of those turns pass until connections are, of which
// there may be many.
const connectionsEvery = 5

// listening notes who listens, and which way is captured for that.
func (p *patient) listening() {
	var ports []uint16
	if p.diag != nil {
		found, err := p.diag.servers()
		if err != nil {
			p.scene.blind("servers", err)
		}
		for _, s := range found {
			ports = append(ports, s.Addr.Port())
		}
		p.scene.Servers = found
	}
	q := &p.scene.Question
	p.scene.Arriving, p.scene.Leaving = q.Direction.Ways(q.Ports, ports)
}

// look looks at packets and sockets.
func (p *patient) look(ctx context.Context, scout *capture.Scout) error {
	q := &p.scene.Question
	gaze := capture.Gaze{Arriving: q.Ports, Leaving: q.Ports, OtherHosts: true, Elsewhere: true}
	began := time.Now()
	if err := scout.Begin(gaze, began); err != nil {
		return err
	}
	ticker := time.NewTicker(sampleEvery)
	defer ticker.Stop()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	for turn := 0; ctx.Err() == nil; turn++ {
		p.sample(turn)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	look, err := scout.End(time.Now())
	if err != nil {
		return err
	}
	p.scene.Look = look
	p.sample(0)
	p.scene.Connections = p.connections.list()
	return nil
}

// sample looks at sockets.
func (p *patient) sample(turn int) {
	if p.diag == nil {
		return
	}
	if !p.noHops {
		if err := p.hops.look(p.diag); err != nil { // a kernel need not have that for Unix sockets
			p.scene.blind("Unix sockets", err)
			p.noHops = true
		}
	}
	if turn%connectionsEvery != 0 {
		return
	}
	if err := p.connections.look(p.diag, p.scene.Question.Ports); err != nil {
		p.scene.blind("sockets", err)
		p.diag = nil
	}
}

// take takes in who has the sockets.
func (p *patient) take(c *census) {
	s := p.scene
	for i := range s.Servers {
		s.Servers[i].Process = c.owners.first(s.Servers[i].inode)
	}
	s.Elsewhere = c.elsewhere(s.Question.Ports)
	s.UnixHops = p.hops.list(c.owners, s.Servers)
	switch {
	case c.denied && s.Rights.UID == 0:
		s.Blind = append(s.Blind, "some processes, and their network namespaces and Unix sockets: this machine does not let root look at them")
	case c.denied:
		s.Blind = append(s.Blind, "other users' processes, and so other network namespaces and Unix sockets: sudo shows them")
	}
	if c.late {
		s.Blind = append(s.Blind, "some processes: there were too many for two seconds")
	}
}
