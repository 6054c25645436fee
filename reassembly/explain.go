package reassembly

import (
	"bytes"

	"gor/capture"
	"gor/reassembly/http1"
)

// An Explanation says why a request was not handed on: what there was of it, what
// was missing, and when. It and its slices are lent for the call.
type Explanation struct {
	Client, Server capture.Endpoint
	Line           []byte // the request line, as far as it is there
	Fate           Fate
	Reason         http1.Reason // of Malformed and Unsupported

	// Guessed says that the connection was joined in the middle, or had lost bytes,
	// and that the request stood where one was guessed to begin.
	Guessed bool

	First, At int64 // when its first byte was seen, and when it got its fate; nanoseconds since the Unix epoch
	LastByte  int64 // when the last byte in order was seen; 0: not known
	Have      int64 // bytes of it that are there, from its first on
	Whole     int64 // bytes that it has in all; 0: not known

	// Missing is how many bytes behind those in hand will not come; Behind is what
	// came behind them and waited.
	Missing int64
	Behind  []Piece
}

// A Piece is a range of bytes that was seen behind missing ones.
type Piece struct {
	Offset, Len int64 // in bytes from the request's first one
	Time        int64 // when its first packet was seen
}

// An explainer tells what becomes of requests that are not handed on, while it is
// on. It costs nothing per request while it is off, and a store while it is on.
type explainer struct {
	on     bool
	tell   func(*Explanation)
	direct []byte // what the message that is read where it lies begins with
	hole   int    // bytes that were given up just now
	said   Explanation
}

// maxPieces is how many pieces an Explanation names.
const maxPieces = 8

// maxLine is how much of a request line it quotes, in bytes.
const maxLine = 256

// SetExplain begins and ends to tell Config.Explain of requests that are not handed
// on. Only the goroutine that pushes may call it.
func (a *Assembler) SetExplain(on bool) {
	a.reader.explain.on = on && a.cfg.Explain != nil
}

// explainFate tells why a request gets a fate that is not Sent.
func (l *ledger) explainFate(f *flow, m *message, fate Fate) {
	e, st := &l.explain.said, f.stream()
	*e = Explanation{
		Client: *f.client, Server: *f.server, Fate: fate, Reason: m.Reason, Guessed: f.c.http.isGuess(),
		First: m.first - f.a.clock.ahead, At: f.now() - f.a.clock.ahead, Behind: e.Behind[:0],
	}
	raw := l.explain.direct
	if st != nil {
		e.LastByte = st.progress - f.a.clock.ahead
		switch m {
		case &st.half.msg:
			raw = st.half.buf
		case &st.half.guess.msg:
			raw = st.half.guess.raw
		}
	}
	e.Line = firstLine(raw)
	l.measure(e, m, raw)
	if fate == Gap || fate == Truncated {
		e.Missing = int64(l.explain.hole)
		e.behind(f, st)
	}
	l.explain.tell(e)
}

// measure says how much of a request there is. What is read where it lies has other
// requests behind it.
func (l *ledger) measure(e *Explanation, m *message, raw []byte) {
	e.Have = int64(len(raw))
	left, known := m.Left()
	if m.InHead() || m.HeadLen == 0 || !known {
		return
	}
	if !m.Chunked {
		e.Have = min(e.Have, int64(m.HeadLen)+m.BodyLen)
		e.Whole = int64(m.HeadLen) + m.BodyLen + left
	}
}

// behind names the ranges that wait behind the hole.
func (e *Explanation) behind(f *flow, st *stream) {
	if st == nil {
		return
	}
	o := &st.outOfOrder
	for i := o.head; i < len(o.ranges) && len(e.Behind) < maxPieces; i++ {
		r := &o.ranges[i]
		e.Behind = append(e.Behind, Piece{
			Offset: e.Have + e.Missing + int64(r.seq.minus(f.c.next)), Len: int64(r.n), Time: r.time - f.a.clock.ahead,
		})
	}
}

// explainListed tells why a request of a list gets a fate that is not Sent.
func (l *ledger) explainListed(q *Listed, m *http1.Message, raw []byte, fate Fate) {
	l.explain.said = Explanation{
		Client: q.Client, Server: q.Server, Line: firstLine(raw), Fate: fate, Reason: m.Reason,
		First: q.Time, At: q.Time, Have: int64(len(raw)),
	}
	l.explain.tell(&l.explain.said)
}

// firstLine is the first line of a request, as far as it is quoted.
func firstLine(raw []byte) []byte {
	line, _, _ := bytes.Cut(raw[:min(len(raw), maxLine)], []byte{'\n'})
	return bytes.TrimSuffix(line, []byte{'\r'})
}
