package forward

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// A frameServer speaks as much HTTP/2 as it takes to refuse streams: it answers
// perConn requests of a connection with 200 and then, with the next one, either
// says GOAWAY and closes when all it took is answered, or refuses that one stream.
type frameServer struct {
	net.Listener
	conf    *tls.Config
	perConn int
	goAway  bool
	asLast  bool          // GOAWAY comes with the last request of perConn, before its answer, as nginx's does
	took    time.Duration // until a request is answered

	// ---- guarded by the lock

	mu       sync.Mutex
	answered int // or taken, and its answer lost
	refused  int
	conns    int
	open     int  // of them
	refuse   int  // so many streams are refused first
	ruin     bool // the last of perConn ends the connection, with neither GOAWAY nor answer
	cut      bool // the next request gets a GOAWAY that says it was taken, and no answer
}

// The types of frames (RFC 9113 section 6).
const (
	frameData, frameHeaders, frameReset, frameSettings, frameGoAway, frameWindow = 0, 1, 3, 4, 7, 8
)

func newFrameServer(t testing.TB, perConn int, goAway bool) *frameServer {
	t.Helper()
	certs := newTLSTarget(t, true)
	s := &frameServer{perConn: perConn, goAway: goAway, conf: &tls.Config{Certificates: certs.TLS.Certificates, NextProtos: []string{"h2"}}}
	l, err := tls.Listen("tcp", "127.0.0.1:0", s.conf)
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	var wg sync.WaitGroup
	ctx := t.Context()
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			wg.Go(func() { s.serve(c); stop() })
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return s
}

// lookup and connect make it a virtual target, at the other end of pipes.
func (s *frameServer) lookup(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
}

func (s *frameServer) connect(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	go s.serve(tls.Server(newEagerPipe(far), s.conf))
	return newEagerPipe(near), nil
}

// An eagerPipe is the end of a pipe on which writing never waits: virtual time stands
// still while others wait for the lock of one that does.
type eagerPipe struct {
	net.Conn
	mu     sync.Mutex
	more   sync.Cond
	queue  []byte
	closed bool
}

func newEagerPipe(c net.Conn) *eagerPipe {
	p := &eagerPipe{Conn: c}
	p.more.L = &p.mu
	go p.pump()
	return p
}

func (p *eagerPipe) pump() {
	for {
		p.mu.Lock()
		for len(p.queue) == 0 && !p.closed {
			p.more.Wait()
		}
		b := p.queue
		p.queue = nil
		p.mu.Unlock()
		if len(b) == 0 {
			p.Conn.Close()
			return
		}
		p.Conn.Write(b)
	}
}

func (p *eagerPipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = append(p.queue, b...)
	p.more.Signal()
	return len(b), nil
}

// Close ends it when all is written.
func (p *eagerPipe) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.more.Signal()
	return nil
}

// serve answers each stream when its last frame has come.
func (s *frameServer) serve(c net.Conn) {
	s.mu.Lock()
	s.conns++
	s.open++
	s.mu.Unlock()
	defer func() {
		c.Close()
		s.mu.Lock()
		s.open--
		s.mu.Unlock()
	}()
	c.SetDeadline(time.Now().Add(20 * time.Second))
	io.ReadFull(c, make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	writeFrame(c, frameSettings, 0, 0)
	fc := frameConn{s: s, c: c}
	var head [9]byte
	for {
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		payload := make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		if head[3] == frameData && len(payload) > 0 { // the connection's window is what it was
			writeFrame(c, frameWindow, 0, 0, binary.BigEndian.AppendUint32(nil, uint32(len(payload)))...)
		}
		kind, stream, ends := head[3], binary.BigEndian.Uint32(head[5:]), head[4]&1 != 0
		switch {
		case kind == frameSettings && !ends: // the bit says acknowledgement here
			writeFrame(c, frameSettings, 1, 0)
		case kind <= frameHeaders && ends && !fc.request(stream):
			return
		}
	}
}

func writeFrame(c net.Conn, kind, flags byte, stream uint32, payload ...byte) {
	head := []byte{0, byte(len(payload) >> 8), byte(len(payload)), kind, flags}
	c.Write(append(binary.BigEndian.AppendUint32(head, stream), payload...))
}

// A frameConn is one of a frameServer's connections.
type frameConn struct {
	s     *frameServer
	c     net.Conn
	taken int
	away  bool   // GOAWAY was said
	last  uint32 // the last stream that was taken
}

// request does with a request what is to be done; false: the connection ends.
func (f *frameConn) request(stream uint32) bool {
	s := f.s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch below := stream < f.last; { // a GOAWAY says of what is below the last stream that it is answered
	case f.away && stream > f.last:
		s.refused++
	case s.refuse > 0 || !f.away && f.taken >= s.perConn && !below && !s.goAway:
		s.refuse = max(s.refuse-1, 0)
		s.refused++
		f.taken = 0
		writeFrame(f.c, frameReset, 0, stream, 0, 0, 0, refusedStream)
	case !f.away && f.taken >= s.perConn && !below:
		s.refused++
		f.goAway()
	default:
		f.taken, f.last = f.taken+1, max(f.last, stream)
		s.answered++
		return f.answer(stream)
	}
	return true
}

// answer answers what was taken; with the lock.
func (f *frameConn) answer(stream uint32) bool {
	s := f.s
	final := f.taken == s.perConn && s.asLast
	if final && s.ruin {
		return false
	}
	if final || s.cut {
		f.goAway()
	}
	if s.cut {
		s.cut = false
		return false
	}
	if s.took > 0 {
		s.mu.Unlock()
		time.Sleep(s.took)
		s.mu.Lock()
	}
	writeFrame(f.c, frameHeaders, 4|1, stream, 0x88) // :status 200
	return true
}

func (f *frameConn) goAway() {
	f.away = true
	writeFrame(f.c, frameGoAway, 0, 0, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, f.last), 0)...)
}
