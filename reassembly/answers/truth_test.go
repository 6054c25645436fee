package answers

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"gor/capture"
)

// An exchange is a request and its answer as they really were.
type exchange struct {
	id      string
	request string
	before  string // interim responses
	head    string
	body    string // as on the wire
	content string
	status  int
	early   bool // the answer begins before the request has come
	hidden  bool // it gets no question: a replayer's, or too large
	nothing bool // its answer is none: a 408

	pieces []piece // of the request
	from   int     // where the answer begins in the server's stream
	to     int     // where the server's stream goes on behind it; cut: where it ends
	cut    bool    // the connection ends inside of it
}

// A piece is a part of a stream that one end sends at a time.
type piece struct {
	from, to int
	time     int64
}

// A truth is one connection as both ends saw it, and the segments of it.
type truth struct {
	rnd       *rand.Rand
	client    capture.Endpoint
	server    capture.Endpoint
	seq, ack  uint32 // the first numbers of client and server
	delay     int64  // from one end to the other
	pipelined bool   // the client does not always wait for answers
	fakes     bool   // segments of bodies begin like heads
	merges    bool   // a head may come in the middle of a segment
	exchanges []*exchange
	asking    []piece // of the client's stream
	saying    []piece // of the server's stream
	asked     strings.Builder
	said      strings.Builder
	fin, rst  bool
	start     int64
}

const (
	milli = int64(1e6)
	epoch = int64(1_700_000_000e9)
)

func endpoint(host byte, port uint16) capture.Endpoint {
	return capture.Endpoint{Addr: [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: host}, Port: port}
}

// newTruth makes a connection that begins at a time.
func newTruth(rnd *rand.Rand, name string, port uint16, start int64, heads bool) *truth {
	tr := &truth{
		rnd: rnd, client: endpoint(1, port), server: endpoint(2, 80), seq: rnd.Uint32(), ack: rnd.Uint32(),
		delay: rnd.Int64N(20 * milli), start: start,
		pipelined: rnd.IntN(3) == 0, fakes: rnd.IntN(2) == 0, merges: rnd.IntN(2) == 0,
	}
	if tr.pipelined && heads {
		tr.fakes = false // see the package's documentation
	}
	if rnd.IntN(3) == 0 && strings.HasSuffix(name, ".0") {
		tr.seq, tr.ack = -uint32(rnd.IntN(3000)), -uint32(rnd.IntN(3000)) // about to wrap
	}
	n := 1 + rnd.IntN(10)
	for i := range n {
		x := tr.exchange(fmt.Sprintf("%s-%d", name, i))
		tr.exchanges = append(tr.exchanges, x)
		if x.nothing {
			break
		}
	}
	tr.run()
	return tr
}

// exchange makes a request and its answer, of any kind.
func (tr *truth) exchange(id string) *exchange {
	rnd := tr.rnd
	x := &exchange{id: id, status: []int{200, 200, 200, 404, 500, 302}[rnd.IntN(6)]}
	method := []string{"GET", "GET", "GET", "HEAD", "DELETE"}[rnd.IntN(5)]
	fields := "Host: a\r\n"
	switch rnd.IntN(40) {
	case 0:
		fields += "Gor-Replayed: 1\r\n"
		x.hidden = true
	case 1:
		fields += "X-Pad: " + strings.Repeat("p", maxTestRequest) + "\r\n"
		x.hidden = true
	}
	if rnd.IntN(3) == 0 {
		method = "POST"
		body := tr.text(rnd.IntN(1 + rnd.IntN(4000)))
		fields += fmt.Sprintf("Content-Length: %d\r\n", len(body))
		x.request = body
		x.early = rnd.IntN(3) == 0
		if rnd.IntN(3) == 0 {
			fields += "Expect: 100-continue\r\n"
			x.before = "HTTP/1.1 100 Continue\r\n\r\n"
		}
	}
	if rnd.IntN(10) == 0 {
		x.before += "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nX-Id: hint\r\n\r\n"
	}
	x.request = fmt.Sprintf("%s /%s HTTP/1.1\r\n%s\r\n%s", method, id, fields, x.request)
	if rnd.IntN(8) == 0 {
		x.request = strings.Repeat("\r\n", 1+rnd.IntN(2)) + x.request
	}
	tr.answer(x, method)
	return x
}

// answer makes the answer to a request.
func (tr *truth) answer(x *exchange, method string) {
	rnd := tr.rnd
	head := fmt.Sprintf("X-Id: %s\r\nX-Pad: %s\r\n", x.id, strings.Repeat("q", rnd.IntN(400)))
	x.content = tr.text(rnd.IntN(1 + rnd.IntN(9000)))
	if tr.fakes && rnd.IntN(2) == 0 {
		x.content += fakeHead + "hello" + tr.text(rnd.IntN(300)) + fakeHead + tr.text(rnd.IntN(1000))
	}
	if rnd.IntN(5) == 0 {
		head += "Content-Encoding: gzip\r\n"
		x.content = zipped(x.content)
	}
	chunked := rnd.IntN(2) == 0
	switch kind := rnd.IntN(20); {
	case kind == 0:
		x.status, x.content = 204, ""
	case kind == 1:
		x.status = 304
		head += "Content-Length: 1234\r\n"
		x.content = ""
	case kind == 2 && x.early:
		x.status, x.nothing = 408, true
		head += fmt.Sprintf("Content-Length: %d\r\n", len(x.content))
		x.body = x.content
	case kind == 3 && method == "GET": // until the connection ends
		x.body = x.content
		tr.fin = true
	case chunked:
		head += "Transfer-Encoding: chunked\r\n"
		x.body = tr.chunked(x.content)
	default:
		head += fmt.Sprintf("Content-Length: %d\r\n", len(x.content))
		x.body = x.content
	}
	if method == "HEAD" {
		x.content, x.body = "", ""
	}
	x.head = fmt.Sprintf("HTTP/1.1 %d Some Phrase\r\n%s\r\n", x.status, head)
}

const (
	fakeHead       = "HTTP/1.1 200 OK\r\nX-Id: fake\r\nContent-Length: 5\r\n\r\n"
	maxTestRequest = 8000
)

func (tr *truth) text(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "HTTP/1.1 200 OK\r\n\r\n0\x00\xff"[tr.rnd.IntN(22)]
	}
	return string(b)
}

func (tr *truth) chunked(content string) string {
	var s strings.Builder
	for len(content) > 0 {
		n := 1 + tr.rnd.IntN(len(content))
		fmt.Fprintf(&s, "%x\r\n%s\r\n", n, content[:n])
		content = content[n:]
	}
	s.WriteString("0\r\n\r\n")
	return s.String()
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(s))
	w.Close()
	return b.String()
}

// run lets the client ask and the server answer.
func (tr *truth) run() {
	rnd := tr.rnd
	at, ready := tr.start, int64(0)
	for i, x := range tr.exchanges {
		from := tr.asked.Len()
		tr.asked.WriteString(x.request)
		x.pieces = tr.pieces(from, from+len(x.request), at, "")
		tr.asking = append(tr.asking, x.pieces...)
		first, last := x.pieces[0].time, x.pieces[len(x.pieces)-1].time
		if x.before != "" {
			at := tr.said.Len()
			tr.said.WriteString(x.before)
			ready = max(ready, first+tr.delay) + 1 + rnd.Int64N(milli)
			tr.saying = append(tr.saying, piece{at, tr.said.Len(), ready})
		}
		arrived := last + tr.delay
		if x.early {
			arrived = x.pieces[rnd.IntN(len(x.pieces))].time + tr.delay
		}
		begin := max(ready, arrived) + 1
		if rnd.IntN(3) > 0 {
			begin += rnd.Int64N(30 * milli)
		}
		ready = tr.say(x, begin)
		if x.cut || x.to == 0 {
			tr.exchanges = tr.exchanges[:i+1]
			return
		}
		if tr.said.Len(); !strings.Contains(x.head, "chunked") && !strings.Contains(x.head, "Content-Length") && len(x.body) > 0 {
			tr.exchanges = tr.exchanges[:i+1] // until the end
			return
		}
		at = max(last+1, ready+tr.delay+1) + rnd.Int64N(40*milli)
		if rnd.IntN(10) == 0 {
			at += 5000 * milli
		}
		if tr.pipelined && rnd.IntN(2) == 0 {
			at = last + 1 + rnd.Int64N(max(1, ready+tr.delay-last+1))
		}
	}
	tr.fin = tr.fin || rnd.IntN(3) == 0
}

// say has the server answer from a time on, and returns when it was ready.
func (tr *truth) say(x *exchange, begin int64) int64 {
	rnd := tr.rnd
	x.from = tr.said.Len()
	wire := x.head + x.body
	if rnd.IntN(30) == 0 {
		x.cut, tr.fin, tr.rst = true, true, rnd.IntN(2) == 0
		wire = wire[:rnd.IntN(len(wire))]
	}
	tr.said.WriteString(wire)
	x.to = tr.said.Len()
	if len(wire) == 0 {
		x.to = 0
		return begin
	}
	from := x.from
	if n := len(tr.saying); tr.merges && n > 0 && tr.saying[n-1].time > begin {
		k := min(1+rnd.IntN(2000), len(wire))
		tr.saying[n-1].to += k // with the end of the answer before
		from += k
		begin = tr.saying[n-1].time + 1
	}
	if from < x.to {
		tr.saying = append(tr.saying, tr.pieces(from, x.to, begin, tr.said.String())...)
	}
	return tr.saying[len(tr.saying)-1].time
}

// pieces cuts a range of a stream, also where text has what looks like a head.
func (tr *truth) pieces(from, to int, at int64, text string) (all []piece) {
	rnd := tr.rnd
	longest := 1 + rnd.IntN(3000)
	if rnd.IntN(3) > 0 {
		longest = max(longest, 1000)
	}
	for from < to {
		n := min(1+rnd.IntN(longest), to-from)
		if longest >= 1000 && rnd.IntN(3) > 0 {
			n = min(longest, to-from)
		}
		if text != "" {
			if k := strings.Index(text[from+1:from+n], fakeHead[:30]); k >= 0 {
				n = k + 1
			}
		}
		all = append(all, piece{from, from + n, at})
		from += n
		at += 1 + rnd.Int64N(2*milli)
	}
	return all
}

// had is how much of a stream had arrived at a time.
func (tr *truth) had(stream []piece, at int64) (n int) {
	for _, p := range stream {
		if p.time+tr.delay <= at {
			n = max(n, p.to)
		}
	}
	return n
}

// A sighting is a segment as it was captured, near the server.
type sighting struct {
	capture.Segment
	fromServer bool
	seen       int64 // in which order it comes
}

// segments are what is captured of the connection: what the client sends when it
// arrives, and what the server sends when it leaves.
func (tr *truth) segments() (all []sighting) {
	end := tr.start
	all = append(all, tr.asks(piece{0, 0, tr.start - 1}, capture.SYN))
	for _, p := range tr.asking {
		all = append(all, tr.asks(p, capture.ACK))
		end = max(end, p.time+tr.delay)
	}
	for _, p := range tr.saying {
		all = append(all, tr.says(p, capture.ACK))
		end = max(end, p.time)
	}
	if tr.fin {
		flags := capture.FIN | capture.ACK
		if tr.rst {
			flags = capture.RST | capture.ACK
		}
		n := tr.said.Len()
		all = append(all, tr.says(piece{n, n, end + 1}, flags))
	}
	slices.SortStableFunc(all, func(a, b sighting) int { return cmp.Compare(a.Time, b.Time) })
	return all
}

func (tr *truth) asks(p piece, flags capture.Flags) sighting {
	s := capture.Segment{
		Time: p.time + tr.delay, Src: tr.client, Dst: tr.server, Flags: flags, Seq: tr.seq + uint32(p.from), Ack: tr.ack + uint32(tr.had(tr.saying, p.time)),
		Payload: []byte(tr.asked.String()[p.from:p.to]),
	}
	if flags.Has(capture.SYN) {
		s.Seq--
		s.Ack = 0
	}
	return sighting{Segment: s, seen: s.Time}
}

func (tr *truth) says(p piece, flags capture.Flags) sighting {
	s := capture.Segment{
		Time: p.time, Src: tr.server, Dst: tr.client, Flags: flags, Seq: tr.ack + uint32(p.from), Ack: tr.seq + uint32(tr.had(tr.asking, p.time)),
		Payload: []byte(tr.said.String()[p.from:p.to]),
	}
	return sighting{Segment: s, fromServer: true, seen: s.Time}
}
