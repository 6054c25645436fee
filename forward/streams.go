package forward

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
)

// firstStreams is how many requests a new HTTP/2 connection has room for, as far as is
// known before the target has said (RFC 9113 section 5.1.2): as many as http.Transport
// sends until then.
const firstStreams = 100

// errClosedAtOnce is why a request was not sent on a connection that it waited for.
var errClosedAtOnce = errors.New("the target closed the connection before anything was sent")

// Streams are the HTTP/2 connections to a target, each of which carries many requests
// at a time. http.Transport would keep such connections by itself, but sends on each
// whatever there is, until the target says with GOAWAY that it takes no more, and then
// waits for seconds before it sends again what was refused.
//
// Both cost requests. A target that closes a connection with bytes unread in it resets
// it (RFC 9293 section 3.6.1), and its system forgets what the target has said and it has
// not delivered yet: responses, and the GOAWAY, without which nobody knows what was
// processed. nginx does so with a connection that has had its keepalive_requests when it
// is reloaded while it waits for the other side to close it; what is unread can be as
// little as the acknowledgement of its settings. A connection that it does not end for
// their number it ends in order. So here no connection is sent more than the target
// takes, nor quite as much, once that is known.
type streams struct {
	open func(context.Context) (*http.ClientConn, error)

	mu        sync.Mutex
	conns     []*streamConn // those that may get requests, or have some
	openings  []*opening
	allowance allowance
}

// A streamConn is one of the connections.
type streamConn struct {
	cc       *http.ClientConn
	sent     int  // requests that it was given, but for those that the target has refused
	inFlight int  // of them
	lingers  bool // http.Transport was not done with the last one when its response had ended
	failed   bool // some have failed, and nobody knows whether they were processed
	old      bool // it gets no more
}

// An opening is a connection that is being opened, by one request for all that wait
// for it.
type opening struct {
	done    chan struct{} // closed when that has ended
	err     error         // of it
	waiting int           // requests, the one that opens it included
	left    bool          // the one that opened it was broken off
}

// newStreams makes the connections' keeper, for the target that r is the way to.
func newStreams(tr *http.Transport, addr string) *streams {
	return &streams{open: func(ctx context.Context) (*http.ClientConn, error) {
		return tr.NewClientConn(ctx, "https", addr)
	}}
}

// RoundTrip sends a request on one of the connections, once. When the response's body
// is closed the request has ended.
func (s *streams) RoundTrip(req *http.Request) (*http.Response, error) {
	c, err := s.take(req.Context())
	if err != nil {
		return nil, err
	}
	if trace := httptrace.ContextClientTrace(req.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	resp, err := c.cc.RoundTrip(req)
	if err != nil {
		if err.Error() == "http2: client conn could not be established" { // it is not exported
			err = errClosedAtOnce
		}
		s.end(c, err)
		return nil, err
	}
	resp.Body = &streamBody{ReadCloser: resp.Body, end: func() { s.end(c, nil) }}
	return resp, nil
}

// A streamBody tells when it is closed.
type streamBody struct {
	io.ReadCloser
	end func() // nil: it was told
}

// Close ends the request. It may be called again.
func (b *streamBody) Close() error {
	err := b.ReadCloser.Close()
	if b.end != nil {
		b.end()
		b.end = nil
	}
	return err
}

// take has a place on a connection, which it opens if there is none to be had.
func (s *streams) take(ctx context.Context) (*streamConn, error) {
	for {
		s.mu.Lock()
		c := s.reserve()
		if c != nil {
			s.mu.Unlock()
			return c, nil
		}
		o := s.awaited()
		if o == nil {
			o = &opening{done: make(chan struct{}), waiting: 1}
			s.openings = append(s.openings, o)
			s.mu.Unlock()
			return s.finish(ctx, o)
		}
		o.waiting++
		s.mu.Unlock()
		select {
		case <-o.done:
			if o.err != nil && !o.left {
				return nil, o.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// reserve has a place on a connection that is open; nil: there is none. With the lock.
func (s *streams) reserve() *streamConn {
	for i := 0; i < len(s.conns); i++ {
		c := s.conns[i]
		if c.lingers && c.cc.InFlight() == 0 && s.judge(c) {
			i--
			continue
		}
		switch {
		case c.old || s.allowance.reached(c.sent):
		case c.cc.Reserve() == nil:
			c.sent++
			c.inFlight++
			c.lingers = false
			return c
		case c.inFlight == 0 && !c.lingers: // it was closed while it was idle
			s.drop(c)
			i--
		}
	}
	return nil
}

// awaited is a connection being opened that will have room for one more; nil: there is
// none. With the lock.
func (s *streams) awaited() *opening {
	room := firstStreams
	if most := s.allowance.most(); most > 0 {
		room = min(room, most)
	}
	for _, o := range s.openings {
		if o.waiting < room {
			return o
		}
	}
	return nil
}

// finish opens a connection, has the first place on it, and lets the others have theirs.
func (s *streams) finish(ctx context.Context, o *opening) (*streamConn, error) {
	cc, err := s.open(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(o.done)
	s.openings = slices.DeleteFunc(s.openings, func(other *opening) bool { return other == o })
	if o.err, o.left = err, ctx.Err() != nil; err != nil {
		return nil, err
	}
	c := &streamConn{cc: cc, sent: 1, inFlight: 1}
	s.conns = append(s.conns, c)
	if err := cc.Reserve(); err != nil { // it is closed already; the others open another
		c.inFlight = 0
		s.drop(c)
		return nil, errClosedAtOnce
	}
	return c, nil
}

// end takes in that a request has ended, and how.
func (s *streams) end(c *streamConn, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.inFlight--
	if err != nil && unprocessed(err) {
		c.sent--
	} else if err != nil {
		c.failed = true
	}
	if c.lingers = c.inFlight == 0 && c.cc.InFlight() > 0; c.inFlight == 0 && (!c.lingers || c.old) {
		s.judge(c)
	}
}

// judge finds out, when nothing is in flight on a connection, whether the target goes on
// with it, and closes it if not, or if it has had what it may have; then it reports true.
func (s *streams) judge(c *streamConn) (closed bool) {
	c.lingers = false
	goesOn := c.cc.Available() > 0
	if !goesOn && !c.failed {
		s.allowance.ended(c.sent)
	}
	if closed = !goesOn || c.old || s.allowance.reached(c.sent) && s.allowance.isSpent(c.sent); closed {
		s.drop(c)
	}
	return closed
}

// drop closes a connection on which nothing is in flight; with the lock.
func (s *streams) drop(c *streamConn) {
	c.cc.Close()
	s.conns = slices.DeleteFunc(s.conns, func(other *streamConn) bool { return other == c })
}

// renew makes what comes use new connections: each of those that there are is closed
// when nothing is in flight on it. What the target takes may have changed as well.
func (s *streams) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.allowance.doubt()
	for _, c := range slices.Clone(s.conns) {
		if c.old = true; c.inFlight == 0 {
			s.drop(c)
		}
	}
}
