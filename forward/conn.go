package forward

import (
	"errors"
	"net"
	"sync/atomic"
)

var (
	errGivenUp = errors.New("the request was given up before it was sent")
	errBroken  = errors.New("the connection failed before")
	errTwice   = errors.New("a request is not sent twice")
)

// An exchange is one request on its way: the exact bytes to be written, and
// whether they were. The worker owns it; a connection borrows it from arm
// until it has written it.
type exchange struct {
	head   []byte // the request, or its head alone where the body is long
	isHead bool   // its method is HEAD
	body   []byte
	parts  [2][]byte
	t      *target
	token  *bucket // is told the time of the start, once; nil: nobody is
	state  atomic.Int32
	conn   *conn
	begun  atomic.Bool
}

// The states of an exchange.
const (
	exFresh   = iota // on no connection, or nothing of it could be written
	exArmed          // on a connection that has not written it yet
	exWriting        // being written: its bytes are lent
	exWritten        // written, at least in part
	exGivenUp        // not to be written any more
)

// start marks that the request goes out.
func (ex *exchange) start() {
	if !ex.begun.Swap(true) {
		ex.spend()
	}
}

// spend gives the bucket, if there is one, the time at which the request really starts.
func (ex *exchange) spend() {
	if ex.token != nil {
		ex.t.mu.Lock()
		ex.token.start(ex.t.now())
		ex.t.mu.Unlock()
	}
}

// free ends the exchange and reports whether nothing refers to it any more, so
// that it and its bytes may be used again.
func (ex *exchange) free() bool {
	if ex.state.CompareAndSwap(exArmed, exGivenUp) {
		return false // the connection still has it
	}
	s := ex.state.Load()
	return s == exWritten || s == exFresh
}

// writeTo writes the request. A short one starts when it is written: a limit
// counts from there, and this goroutine may have to wait for a processor before
// it writes. A long one starts with its first byte.
func (ex *exchange) writeTo(c net.Conn) (int, error) {
	if len(ex.body) == 0 {
		first := !ex.begun.Swap(true)
		n, err := c.Write(ex.head)
		if first {
			ex.spend()
		}
		return n, err
	}
	ex.start()
	ex.parts = [2][]byte{ex.head, ex.body}
	bufs := net.Buffers(ex.parts[:])
	n, err := bufs.WriteTo(c)
	return int(min(n, 1<<30)), err
}

// A conn is a connection to a target that writes requests exactly as they
// were captured.
//
// http.Transport can only write what an http.Request can hold, which loses the
// order of headers, the spelling of some, and more. So the Transport is given a
// request that stands for the real one; when it has a connection for it, and
// before it writes, it calls the trace hook GotConn, and there the worker arms
// the connection with its exchange. The first Write that follows writes the
// exchange; what the Transport itself wanted to write goes nowhere. Pooling,
// timeouts, TLS and the reading of responses remain the Transport's.
type conn struct {
	net.Conn
	next   atomic.Pointer[exchange]
	broken atomic.Bool // reading or writing failed
	heard  atomic.Bool // something came since it was armed
	intake intake      // finds the end of the response
	over   error       // why nothing is read any more
}

// arm puts ex on c; it fails for an exchange that was written before, which
// http.Transport would send again.
func (c *conn) arm(ex *exchange) bool {
	if !ex.state.CompareAndSwap(exFresh, exArmed) {
		return false
	}
	ex.conn = c
	c.heard.Store(false)
	c.next.Store(ex)
	return true
}

// Write writes the exchange that c is armed with. A failure after the first
// byte is not reported: the target may have responded early (413) and closed,
// and http.Transport would rather see the failure than the response. Reading
// fails soon enough if there is none.
func (c *conn) Write(p []byte) (int, error) {
	ex := c.next.Swap(nil)
	if ex == nil {
		return len(p), nil // the rest of what stands for the request
	}
	if c.broken.Load() {
		ex.state.CompareAndSwap(exArmed, exFresh)
		return 0, errBroken // http.Transport takes another connection
	}
	if !ex.state.CompareAndSwap(exArmed, exWriting) {
		return 0, errGivenUp
	}
	c.intake.await(ex.isHead)
	n, err := ex.writeTo(c.Conn)
	if err != nil {
		c.broken.Store(true)
		if n == 0 {
			ex.state.Store(exFresh)
			return 0, err
		}
	}
	ex.state.Store(exWritten)
	return len(p), nil
}

// Read reads what belongs to the response, and nothing of what follows: then it is
// the last that is read.
func (c *conn) Read(p []byte) (int, error) {
	if c.over != nil {
		return 0, c.over
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(true)
		own, refused := c.intake.take(p[:n])
		if refused != nil {
			own, c.over = 0, refused
		} else if own < n {
			c.over = errUnasked
		}
		if c.over != nil {
			c.broken.Store(true) // nothing more is sent on it
			if n, err = own, nil; n == 0 {
				err = c.over
			}
		}
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		c.broken.Store(true)
	}
	return n, err
}
