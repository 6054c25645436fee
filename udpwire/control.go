package udpwire

import "encoding/binary"

// A span is a run of datagram numbers.
type span struct {
	first uint64
	count uint32
}

// maxSpans keeps REPORT and GONE below 1,200 bytes: the missing numbers beyond are told in the next one.
const maxSpans = 80

const spanSize = 12

// hello asks for a session. It is padded to the size of the largest datagram the listener wants to send, so that
// the answer proves that such a datagram passes.
type hello struct {
	random  [32]byte
	current uint64 // the session the listener would like to go on with; 0: none
}

const helloSize = 32 + 8 + 2 // random, current, versions spoken

func (h *hello) append(dst []byte) []byte {
	dst = append(dst, h.random[:]...)
	dst = binary.BigEndian.AppendUint64(dst, h.current)
	return append(dst, Version, Version)
}

func (h *hello) parse(b []byte) bool {
	if len(b) < helloSize || b[40] > Version || b[41] < Version {
		return false
	}
	h.random = [32]byte(b)
	h.current = binary.BigEndian.Uint64(b[32:])
	return true
}

// welcome answers a hello.
type welcome struct {
	asked   [32]byte // the hello's random
	random  [32]byte // the replayer's: with asked it makes the session's keys
	session uint64   // the hello's current when the replayer still knows it
	window  uint32   // bytes the replayer can take at once
	arrived uint16   // the hello's size as UDP payload
}

const welcomeSize = 32 + 32 + 8 + 4 + 2 + 2

func (w *welcome) append(dst []byte) []byte {
	dst = append(dst, w.asked[:]...)
	dst = append(dst, w.random[:]...)
	dst = binary.BigEndian.AppendUint64(dst, w.session)
	dst = binary.BigEndian.AppendUint32(dst, w.window)
	dst = binary.BigEndian.AppendUint16(dst, w.arrived)
	return append(dst, Version, 0)
}

func (w *welcome) parse(b []byte) bool {
	if len(b) < welcomeSize || b[78] != Version {
		return false
	}
	w.asked, w.random = [32]byte(b), [32]byte(b[32:])
	w.session = binary.BigEndian.Uint64(b[64:])
	w.window = binary.BigEndian.Uint32(b[72:])
	w.arrived = binary.BigEndian.Uint16(b[76:])
	return w.session != 0
}

// heartbeat says how far a listener is. BYE from a listener has the same body.
type heartbeat struct {
	time     int64  // the listener's clock, returned in the next REPORT
	oldest   uint64 // lower numbers will not be sent again
	highest  uint64 // last number sent
	messages uint64 // begun in the session so far
	bytes    uint64 // their bodies
	dropped  uint64 // messages the listener had no room for since it started
}

const heartbeatSize = 6 * 8

func (h *heartbeat) append(dst []byte) []byte {
	for _, v := range [...]uint64{uint64(h.time), h.oldest, h.highest, h.messages, h.bytes, h.dropped} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return dst
}

func (h *heartbeat) parse(b []byte) bool {
	if len(b) < heartbeatSize {
		return false
	}
	h.time = int64(binary.BigEndian.Uint64(b))
	h.oldest = binary.BigEndian.Uint64(b[8:])
	h.highest = binary.BigEndian.Uint64(b[16:])
	h.messages = binary.BigEndian.Uint64(b[24:])
	h.bytes = binary.BigEndian.Uint64(b[32:])
	h.dropped = binary.BigEndian.Uint64(b[40:])
	return h.oldest <= h.highest+1 && h.highest < maxNumber
}

// report says what a replayer has of a session. BYE from a replayer has the same body.
type report struct {
	echo          int64  // time of the HEARTBEAT this answers; 0: none
	next          uint64 // every lower number has arrived or is gone
	highest       uint64 // highest number that arrived
	window        uint32 // bytes the replayer can take at once
	load          uint8  // how full its consumer is, percent
	messages      uint64 // handed on
	bytes         uint64
	lostMessages  uint64 // can no longer arrive whole
	lostBytes     uint64
	lostDatagrams uint64
	overruns      uint64 // datagrams its kernel dropped for want of room, all sessions together
	missing       []span // numbers to send again, lowest first
}

const reportSize = 8 + 8 + 8 + 4 + 4 + 6*8 + 4

func (r *report) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.echo))
	dst = binary.BigEndian.AppendUint64(dst, r.next)
	dst = binary.BigEndian.AppendUint64(dst, r.highest)
	dst = binary.BigEndian.AppendUint32(dst, r.window)
	dst = append(dst, r.load, 0, 0, 0)
	for _, v := range [...]uint64{r.messages, r.bytes, r.lostMessages, r.lostBytes, r.lostDatagrams, r.overruns} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return appendSpans(dst, r.missing)
}

// parse reads b; the missing spans reuse r.missing's memory.
func (r *report) parse(b []byte) bool {
	if len(b) < reportSize {
		return false
	}
	r.echo = int64(binary.BigEndian.Uint64(b))
	r.next, r.highest = binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint64(b[16:])
	r.window, r.load = binary.BigEndian.Uint32(b[24:]), min(b[28], 100)
	r.messages, r.bytes = binary.BigEndian.Uint64(b[32:]), binary.BigEndian.Uint64(b[40:])
	r.lostMessages, r.lostBytes = binary.BigEndian.Uint64(b[48:]), binary.BigEndian.Uint64(b[56:])
	r.lostDatagrams, r.overruns = binary.BigEndian.Uint64(b[64:]), binary.BigEndian.Uint64(b[72:])
	var ok bool
	r.missing, ok = parseSpans(r.missing[:0], b[80:])
	return ok && r.next <= r.highest+1 && r.highest < maxNumber
}

func appendSpans(dst []byte, spans []span) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(spans)))
	for _, s := range spans {
		dst = binary.BigEndian.AppendUint64(dst, s.first)
		dst = binary.BigEndian.AppendUint32(dst, s.count)
	}
	return dst
}

// parseSpans appends the spans in b to dst. They must ascend and not overlap.
func parseSpans(dst []span, b []byte) ([]span, bool) {
	if len(b) < 4 {
		return dst, false
	}
	n := binary.BigEndian.Uint32(b)
	b = b[4:]
	if n > maxSpans || len(b) < int(n)*spanSize {
		return dst, false
	}
	floor := uint64(0)
	for range n {
		s := span{binary.BigEndian.Uint64(b), binary.BigEndian.Uint32(b[8:])}
		if s.count == 0 || s.first < floor || s.first >= maxNumber {
			return dst, false
		}
		floor = s.first + uint64(s.count)
		dst, b = append(dst, s), b[spanSize:]
	}
	return dst, true
}
