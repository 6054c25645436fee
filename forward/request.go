package forward

import (
	"bytes"
	"errors"

	"gor/reassembly/http1"
)

// Why a request cannot be sent as it was captured, beside what makes http1
// refuse it.
var (
	errCut         = errors.New("the request is cut short")
	errTrailing    = errors.New("bytes behind the end of the request")
	errConnect     = errors.New("CONNECT makes a tunnel, which is not a request")
	errPrefix      = errors.New("the target has no path to put the target URL's path before")
	errEmptyTarget = errors.New("rewriting leaves nothing of the target")
)

// A refusal is why http1 does not read a request.
type refusal http1.Reason

// Error is the reason in http1's words.
func (r refusal) Error() string { return http1.Reason(r).String() }

// A request is a captured request taken apart by http1. It is reused: parse
// overwrites it. Its slices point into the raw request, which is the caller's
// and must not change as long as the parts are used.
type request struct {
	head http1.Message

	method, target []byte
	// before and after are what stands around the target in the request line:
	// the method and blanks; blanks, the version and the line end.
	before, after []byte
	fields        []http1.Field
	blankLine     []byte // that ends the head: CR LF or LF
	body          []byte // as framed on the wire

	hosts     int  // how many Host fields there are
	keepAlive bool // Connection: keep-alive
	marked    bool // there is the mark of replayed requests; found when the head is written

	peers    peers
	unfolded []byte // room for a folded value
}

// parse takes raw apart. The error says why the request cannot be forwarded:
// what http1 refuses, what is cut short, and what goes on behind its end, so
// that whatever a listener sends can be forwarded. CONNECT alone is refused here
// only: it asks for a tunnel, whose bytes nobody has.
func (r *request) parse(raw []byte) error {
	r.forget()
	raw = raw[http1.EmptyLines(raw):] // RFC 9112 section 2.2: not part of the request
	if err := r.check(r.head.Head(raw, "")); err != nil {
		return err
	}
	if string(r.head.Method(raw)) == "CONNECT" {
		return errConnect
	}
	n, v := r.head.Body(raw[r.head.HeadLen:])
	if err := r.check(v); err != nil {
		return err
	}
	if r.body = raw[r.head.HeadLen:]; n < len(r.body) {
		return errTrailing
	}
	r.takeApart(raw)
	return nil
}

// takeApart takes apart the head of raw, which r.head has read.
func (r *request) takeApart(raw []byte) {
	r.method, r.target = r.head.Method(raw), r.head.Target(raw)
	section := r.head.Fields(raw)
	line := raw[:r.head.HeadLen-len(section)]
	at := len(r.method) + bytes.Index(line[len(r.method):], r.target) // only blanks are before it
	r.before, r.after = line[:at], line[at+len(r.target):]
	r.blankLine = section[len(section)-1:]
	if bytes.HasSuffix(section, []byte("\r\n")) {
		r.blankLine = section[len(section)-2:]
	}
	r.fields = http1.AppendFields(r.fields, section)
	r.readConnection()
}

// forget drops what belongs to the request; the room stays.
func (r *request) forget() {
	clear(r.fields)
	*r = request{fields: r.fields[:0], unfolded: r.unfolded[:0]}
}

// check turns a verdict on a whole request into an error.
func (r *request) check(v http1.Verdict) error {
	switch v {
	case http1.Whole:
		return nil
	case http1.More:
		return errCut
	}
	return refusal(r.head.Reason)
}

// readConnection finds the fields that say something about the connection.
func (r *request) readConnection() {
	for i := range r.fields {
		switch f := &r.fields[i]; f.Kind {
		case http1.FieldHost:
			r.hosts++
		case http1.FieldConnection:
			r.keepAlive = r.keepAlive || http1.HasToken(r.unfold(f), "keep-alive")
		}
	}
}

// unfold returns a field's value on one line; it is good until the next call.
func (r *request) unfold(f *http1.Field) []byte {
	if !folded(f) {
		return f.Value
	}
	r.unfolded = http1.AppendUnfolded(r.unfolded[:0], f.Value)
	return r.unfolded
}

// folded reports whether a field has continuation lines (RFC 9112 section 5.2).
func folded(f *http1.Field) bool { return bytes.IndexByte(f.Line, '\n') < len(f.Line)-1 }

// safe reports whether r asks for no change at the target (RFC 9110 section 9.2.1).
func (r *request) safe() bool { return isSafe(r.method) }

// asksForNothing is what safe reports, of a request that is not taken apart yet.
func asksForNothing(raw []byte) bool {
	method, _, _ := bytes.Cut(raw[http1.EmptyLines(raw):], []byte(" "))
	return isSafe(method)
}

// once reports whether the connection that the request goes out on is not to
// be used again: servers disagree on what odd requests say, and what a target
// makes of one must not touch the next; in HTTP/1.0 a connection is kept only
// where that was asked for.
func (r *request) once() bool { return r.head.Odd || r.head.HTTP10 && !r.keepAlive }
