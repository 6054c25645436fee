package forward

import (
	"errors"
	"net/http"
	"strings"
	"time"
)

// maxTries is how many connections may fail under a request before anything of
// it is written.
const maxTries = 3

// maxRepeats is how often a request may be sent again that may have reached the target.
const maxRepeats = 2

// freeRefusals is how often a target may refuse a request before that waits a little.
const freeRefusals = 3

// roundTrip sends a request, again where it may be, until its time is up.
func (w *worker) roundTrip(hreq *http.Request) (*http.Response, error) {
	pool := w.t.route.connections()
	resp, err := pool.RoundTrip(hreq)
	for tries, refusals := 1, 0; err != nil && w.ctx.Err() == nil; {
		switch {
		case unprocessed(err):
			refusals++
			w.pause(refusals - freeRefusals)
		case tries < maxTries && (w.unsent() || errors.Is(err, errClosedAtOnce) || w.classify(err) == FailReset && w.again()):
			tries++
			if idle, ok := pool.(*http.Transport); ok && w.repeats == maxRepeats {
				idle.CloseIdleConnections() // the last chance is a new connection's: the idle ones are as old as those that had ended
			}
		default:
			return nil, err
		}
		if hreq.GetBody != nil {
			hreq.Body, _ = hreq.GetBody() // which does not fail
		}
		resp, err = pool.RoundTrip(hreq)
	}
	return resp, err
}

// pause waits before a request is sent again that was refused n times too many: 1 ms
// to 64. The end of the exchange ends it.
func (w *worker) pause(n int) {
	if n <= 0 {
		return
	}
	timer := time.NewTimer(time.Millisecond << min(n-1, 6))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.ctx.Done():
	}
}

// unsent reports whether a connection failed before anything was written on
// it, such as one that the target closed while it was idle. The exchange may
// then go out on another.
func (w *worker) unsent() bool {
	ex := w.ex
	if ex.conn == nil {
		return false // there was no connection to be had
	}
	if ex.state.CompareAndSwap(exArmed, exGivenUp) { // the connection still refers to it
		w.newExchange()
		w.ex.head, w.ex.body, w.ex.isHead, w.ex.token = ex.head, ex.body, ex.isHead, ex.token
		w.ex.begun.Store(ex.begun.Load())
		return true
	}
	if ex.state.Load() != exFresh {
		return false
	}
	ex.conn = nil
	return true
}

// again lets a request that was sent be sent once more, and reports whether it may
// be: its method changes nothing at the target (RFC 9110 section 9.2.1), the
// connection ended and nothing of a response came on it, and the limit, which counts
// both, has a token to spare. It is then sent on another connection.
func (w *worker) again() bool {
	ex, t := w.ex, w.t
	if !w.req.safe() || w.repeats >= maxRepeats {
		return false
	}
	if sent := ex.conn != nil && ex.state.Load() == exWritten; !t.route.http2 && (!sent || ex.conn.heard.Load()) {
		return false
	}
	t.mu.Lock()
	spare := t.gate.bucket == nil || t.gate.bucket.take(t.now()) == 0
	if spare {
		w.token, ex.token = t.gate.bucket, t.gate.bucket
	}
	t.mu.Unlock()
	if !spare {
		return false
	}
	w.repeats++
	ex.conn = nil
	ex.begun.Store(false)
	ex.state.Store(exFresh)
	return true
}

// unprocessed reports whether an HTTP/2 target has said that it has not processed a
// request, or it was never sent: the stream is above the last one that a GOAWAY names
// (RFC 9113 section 6.8), or was refused (section 8.7).
func unprocessed(err error) bool {
	switch err.Error() { // http.Transport does not export them
	case "http2: client conn not usable", "http2: Transport received Server's graceful shutdown GOAWAY":
		return true
	}
	var stream streamError
	return errors.As(err, &stream) && stream.Code == refusedStream
}

// cutHTTP2 reports whether an HTTP/2 target has ended the connection, having said that
// it would, with a request unanswered that it may have processed.
func cutHTTP2(err error) bool {
	return strings.HasPrefix(err.Error(), "http2: server sent GOAWAY and closed the connection")
}

// refusedStream is the error code (RFC 9113 section 7).
const refusedStream = 7

// A streamError is what http.Transport calls the end of a single stream; errors.As
// fills it in.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "a stream was reset" }
