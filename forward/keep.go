package forward

import (
	"hash"
	"hash/fnv"
	"net/http"
	"time"
)

// DefaultKeepBody is how much of a response's body is kept.
const DefaultKeepBody = 64 << 10

// maxKeptRoom bounds the room for a body that a worker keeps from one response to the next.
const maxKeptRoom = 16 << 10

// Comparing says which requests are compared: their responses are kept, and told with
// what became of them. All that is kept is lent for the call; nothing is kept of the
// responses to others.
type Comparing struct {
	// Take is told what became of each request that is compared, beside Config.Outcome
	// and under its conditions, and of each echo, which only Take is told of; nil:
	// nothing is compared.
	Take func(*Outcome)
	// Wrote is told of each request that asks for a change, compared or not, filtered or not, when it is submitted: whose it is,
	// and when it was captured. What differs between two responses to that user may come of it. nil: nobody wants to know.
	Wrote func(user uint64, at int64)
	// All compares every request, as where targets are held against each other; if
	// not, those are compared that say so (Request.Compare).
	All bool
	// KeepBody is how many bytes of a response's body are kept; 0: DefaultKeepBody.
	KeepBody int
}

// wants reports whether r is compared.
func (c *Comparing) wants(r *Request) bool { return c.Take != nil && (c.All || r.Compare) }

// note tells of r if it asks for a change.
func (c *Comparing) note(r *Request) {
	if c.Wrote != nil && !asksForNothing(r.Raw) {
		c.Wrote(r.user(), r.Time)
	}
}

// A Response is what a target responded, without what frames the message: the body is
// the content, coded (gzip) as it came. Trailers are not in it.
type Response struct {
	Status  int
	Header  http.Header
	Body    []byte        // as much as is kept
	BodyLen int64         // of the content; -1: it was not read to its end (Config.DrainBytes)
	Whole   bool          // Body is all of it
	Hash    uint64        // FNV-1a of the content, where Body is not all and it was read to its end; else 0
	Head    time.Duration // when the head had come, on the Outcome's clock
}

// A keeper keeps a response while it is read. It belongs to one worker.
type keeper struct {
	on       bool // this response is kept
	begun    bool // its head has come
	most     int  // of its body
	read     int  // of that
	response Response
	sum      hash.Hash64 // of a body of which not all is kept
}

func newKeeper(cfg *Comparing) keeper { return keeper{most: cfg.KeepBody, sum: fnv.New64a()} }

// begin says that a request goes out whose response is kept, or is not.
func (k *keeper) begin(on bool) { k.on, k.begun, k.read = on, false, 0 }

// head takes a response's head, which came at now.
func (k *keeper) head(resp *http.Response, now int64) {
	k.begun = true
	k.response = Response{
		Status: resp.StatusCode, Header: resp.Header, Body: k.response.Body[:0], BodyLen: -1, Head: time.Duration(now),
	}
}

// take takes what comes next of the body. It is hashed once it turns out to be longer
// than what is kept.
func (k *keeper) take(p []byte) {
	body := &k.response.Body
	before := k.read
	if k.read += len(p); k.read > k.most {
		if before <= k.most { // so far all was kept
			k.sum.Reset()
			k.sum.Write(*body)
		}
		k.sum.Write(p)
	}
	*body = append(*body, p[:min(len(p), k.most-len(*body))]...)
}

// end says that the body was read to its end.
func (k *keeper) end() {
	r := &k.response
	r.BodyLen, r.Whole = int64(k.read), k.read <= k.most
	if !r.Whole {
		r.Hash = k.sum.Sum64()
	}
}

// kept is the response, good until forget; nil: none is kept, or none came.
func (k *keeper) kept() *Response {
	if !k.on || !k.begun {
		return nil
	}
	return &k.response
}

// forget lets go of the response, so that an idle worker keeps none.
func (k *keeper) forget() {
	room := k.response.Body[:0]
	if cap(room) > maxKeptRoom {
		room = nil
	}
	k.on, k.response = false, Response{Body: room}
}
