package forward

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"syscall"
	"time"

	"gor/forward/sessions"
)

var (
	errTimeout = errors.New("the exchange took too long")
	errPanic   = errors.New("a fault of this program, which the log shows")
)

// A result is what came of one request.
type result struct {
	begun       bool // something of it may have reached the target
	status      int
	kind        Failure
	err         error // nil: answered
	unsupported error // why it was not sent
	marked      bool  // it carried the mark when it was captured
	session     sessions.Use
	isOutcome   bool  // it was answered or failed
	ended       int64 // when, on the target's clock
}

// maxCopiedBody is the longest body that is copied behind its head, so that one
// write takes both; longer ones are written from where they lie.
const maxCopiedBody = 16 << 10

// maxKeptHead bounds the buffer that a worker keeps from one request to the next.
const maxKeptHead = 64 << 10

// A worker sends one request at a time and waits for the response. All but since
// and cancel belongs to its goroutine.
type worker struct {
	t      *target
	since  int64                   // when its request was taken; 0: idle; guarded by t.mu
	cancel context.CancelCauseFunc // breaks off the exchange; changed with t.mu, by the worker alone
	token  *bucket                 // that the request at hand has a token of; nil: it needs none

	peers   peers                 // of the request at hand
	req     request               // the captured request, taken apart
	swapper swapper               // of its cookies
	ex      *exchange             // what is written of it; another one where a connection kept the last
	repeats int                   // how often it was sent again
	trace   httptrace.ClientTrace // through which http.Transport hands over a connection
	ctx     context.Context       // of the exchanges since renew
	timer   *time.Timer           // that calls it after Config.Timeout
	stands  [4]*http.Request      // see standIn
	drain   []byte                // room for a piece of a response's body
	keeper  keeper                // of the response, if it is compared
	outcome Outcome               // of the last request
}

func newWorker(t *target) *worker {
	w := &worker{t: t, keeper: newKeeper(&t.cfg.Compare)}
	w.trace.GotConn = w.gotConn
	w.newExchange()
	return w
}

// run sends requests until next says that it is enough.
func (w *worker) run() {
	w.renew()
	defer func() { w.cancel(nil) }()
	t := w.t
	t.mu.Lock()
	for it := t.next(w); it != nil; it = t.next(w) {
		t.mu.Unlock()
		w.peers = it.peers
		w.keeper.begin(it.compare)
		res := w.send(it.raw)
		reusable := w.ex.free()
		if !reusable || cap(w.ex.head) > maxKeptHead {
			w.newExchange()
		}
		method, path := w.req.method, w.req.target
		w.req.forget() // while it is idle it keeps no request alive, which nobody would count
		w.ex.body = nil
		t.mu.Lock()
		began := w.since
		if !w.finish(it, &res) {
			continue
		}
		if (it.compare || t.cfg.Outcome != nil) && res.isOutcome {
			t.mu.Unlock()
			w.tell(it, &res, began, method, path)
			t.mu.Lock()
		}
		if reusable {
			t.items.put(it)
		}
	}
	w.leave()
	t.mu.Unlock()
}

func (w *worker) newExchange() {
	w.ex = &exchange{t: w.t}
}

// renew makes a context for the exchanges to come; one lasts until an exchange
// is broken off. A context for each exchange would cost a microsecond.
func (w *worker) renew() {
	ctx, cancel := context.WithCancelCause(w.t.life.ctx)
	w.ctx = httptrace.WithClientTrace(ctx, &w.trace)
	w.t.mu.Lock()
	w.cancel = cancel
	w.t.mu.Unlock()
	w.timer = time.AfterFunc(time.Hour, func() { cancel(errTimeout) })
	w.timer.Stop()
	clear(w.stands[:])
}

// gotConn is called by http.Transport, on the worker's goroutine, when it has a
// connection and before it writes.
func (w *worker) gotConn(info httptrace.GotConnInfo) {
	c, ok := info.Conn.(*conn)
	if !ok { // HTTP/2
		w.ex.start()
		return
	}
	// http.Transport may try again by itself, before or after something was written.
	if !c.arm(w.ex) && !((w.unsent() || w.again()) && c.arm(w.ex)) {
		w.cancel(errTwice)
	}
}

// sleep waits for d or until the target stops.
func (w *worker) sleep(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.t.life.ctx.Done():
	}
}

// send sends one captured request and reads the response.
func (w *worker) send(raw []byte) (res result) {
	defer w.guard(&res)
	if w.ctx.Err() != nil { // the exchange before was broken off when it had ended
		w.cancel(nil)
		w.renew()
	}
	ex := w.ex
	ex.state.Store(exFresh)
	ex.begun.Store(false)
	ex.conn, w.repeats = nil, 0
	hreq, err := w.prepare(raw)
	if err != nil {
		return result{unsupported: err, session: w.swapper.use}
	}
	w.timer.Reset(w.t.cfg.Timeout)
	resp, err := w.roundTrip(hreq)
	if err == nil {
		res.status = resp.StatusCode
		if w.keeper.on {
			w.keeper.head(resp, w.t.now())
		}
		err = w.readResponse(resp)
	}
	res.begun, res.marked, res.session = w.ex.begun.Load(), w.req.marked, w.swapper.use
	if err != nil {
		res.kind, res.err = w.classify(err), err
	}
	if !w.timer.Stop() || w.ctx.Err() != nil {
		w.cancel(nil)
		w.renew()
	}
	return res
}

// guard turns a panic while one request was sent into the fate of that request:
// the others are none the worse for it. run sees to the exchange, which a
// connection may still have.
func (w *worker) guard(res *result) {
	p := recover()
	if p == nil {
		return
	}
	*res = result{begun: w.ex.begun.Load(), unsupported: errPanic}
	w.t.log.Error("a panic", "panic", p, "stack", string(debug.Stack()))
	w.cancel(nil)
	w.renew()
}

// prepare makes the request that http.Transport is given. Over HTTP/1.1 it stands
// for the exact bytes, which are put into the exchange.
func (w *worker) prepare(raw []byte) (*http.Request, error) {
	r, s, ex := &w.req, &w.t.route.shape, w.ex
	if err := r.parse(raw); err != nil {
		return nil, err
	}
	r.peers = w.peers
	if err := w.swapper.swap(w.t, r); err != nil {
		return nil, err
	}
	target, err := s.target(r.target)
	if err != nil {
		return nil, err
	}
	if w.t.route.http2 {
		return s.httpRequest(w.ctx, r, target, w.t.route.url.Host)
	}
	ex.head = s.appendHead(ex.head[:0], r, target)
	ex.body, ex.isHead = r.body, string(r.method) == "HEAD"
	if len(r.body) <= maxCopiedBody {
		ex.head = append(ex.head, r.body...)
		ex.body = nil
	}
	return w.standIn(r), nil
}

// standIn is what http.Transport is given in place of a request: it only has
// to know how the response is framed (HEAD) and whether the connection can be
// kept. POST stands for all other methods, since http.Transport does not send
// a POST again that may have reached the target. It is never changed, and so
// may be used again and again.
func (w *worker) standIn(r *request) *http.Request {
	head := string(r.method) == "HEAD"
	last := r.once()
	i := 0
	if head {
		i |= 1
	}
	if last {
		i |= 2
	}
	if w.stands[i] == nil {
		hreq := &http.Request{
			Method: http.MethodPost, URL: w.t.route.url, Close: last,
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"User-Agent": nil},
		}
		if head {
			hreq.Method = http.MethodHead
		}
		w.stands[i] = hreq.WithContext(w.ctx)
	}
	return w.stands[i]
}

// readResponse reads the response's body, so that the connection can be used
// again, but not without end.
func (w *worker) readResponse(resp *http.Response) error {
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusSwitchingProtocols || resp.Body == http.NoBody {
		w.keeper.end()
		return nil // what follows a 101 is not HTTP and may never end
	}
	if w.drain == nil {
		w.drain = make([]byte, 8<<10)
	}
	for left := w.t.cfg.DrainBytes; left > 0; {
		n, err := resp.Body.Read(w.drain)
		left -= int64(n)
		if w.keeper.on {
			w.keeper.take(w.drain[:n])
		}
		if err == io.EOF {
			w.keeper.end()
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// classify finds the kind of a failure.
func (w *worker) classify(err error) Failure {
	var derr *dialError
	var refused refusal
	var ne net.Error
	switch {
	case errors.As(err, &refused):
		return FailProtocol
	case errors.As(err, &derr):
		return derr.kind
	case errors.Is(err, errTimeout), errors.Is(err, errHung), errors.Is(err, context.Canceled), errors.As(err, &ne) && ne.Timeout():
		return FailTimeout
	case w.ex.conn != nil && w.ex.conn.broken.Load(), cutHTTP2(err),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, errTwice),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return FailReset
	}
	return FailProtocol
}
