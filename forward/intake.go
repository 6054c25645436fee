package forward

import (
	"errors"
	"sync/atomic"

	"gor/reassembly/http1"
)

// errUnasked ends a connection on which the target sends what nobody asked for.
var errUnasked = errors.New("bytes behind the end of a response, or before a request")

// What an intake awaits.
const (
	awaitNothing = iota
	awaitResponse
	awaitHead // the response to HEAD, which has no body
)

// Where in a response an intake is.
const (
	inNothing = iota // between two responses
	inHead
	inBody
	inTunnel // behind a 101: not HTTP any more
)

// An intake finds in the bytes that come on a connection where the awaited response
// ends. http.Transport would take what follows, or what comes unasked, for a reason
// to write to standard error, with the bytes. All but await is for the goroutine
// that reads the connection.
type intake struct {
	awaited atomic.Int32
	place   int
	method  string // that the response is to
	message http1.Message
	head    []byte // what has come of a head that is not whole
}

// await says that a request is about to be written.
func (in *intake) await(isHead bool) {
	if isHead {
		in.awaited.Store(awaitHead)
	} else {
		in.awaited.Store(awaitResponse)
	}
}

// take returns how many of the bytes of p, which came next, belong to the awaited
// response, and why what came is no response.
func (in *intake) take(p []byte) (int, error) {
	if in.place == inNothing {
		switch in.awaited.Swap(awaitNothing) {
		case awaitNothing:
			return 0, nil
		case awaitHead:
			in.method = "HEAD"
		default:
			in.method = ""
		}
		in.place, in.message = inHead, http1.Response(in.method)
	}
	at := 0
	for {
		n, more, err := in.step(p[at:])
		if at += n; err != nil || !more {
			return at, err
		}
	}
}

// step goes on until the place changes, and reports whether there is more to take.
func (in *intake) step(p []byte) (n int, more bool, err error) {
	switch in.place {
	case inHead:
		if len(p) == 0 {
			return 0, false, nil
		}
		return in.stepHead(p)
	case inBody:
		n, v := in.message.Body(p)
		switch v {
		case http1.More:
			return len(p), false, nil
		case http1.Whole:
			in.place = inNothing
			return n, false, nil
		}
		return n, false, refusal(in.message.Reason)
	}
	return len(p), false, nil
}

// stepHead takes what p has of a head; an interim response (RFC 9110 section 15.2)
// is followed by another one.
func (in *intake) stepHead(p []byte) (n int, more bool, err error) {
	before, head := len(in.head), p
	if before > 0 {
		in.head = append(in.head, p...)
		head = in.head
	}
	switch in.message.Head(head, "") {
	case http1.Whole:
	case http1.More:
		if before == 0 {
			in.head = append(in.head, p...)
		}
		return len(p), false, nil
	default:
		return 0, false, refusal(in.message.Reason)
	}
	n = in.message.HeadLen - before
	if in.head = in.head[:0]; cap(in.head) > maxKeptHead {
		in.head = nil
	}
	switch {
	case in.message.Tunnel:
		in.place = inTunnel
	case in.message.Status < 200:
		in.message = http1.Response(in.method)
	default:
		in.place = inBody
	}
	return n, true, nil
}
