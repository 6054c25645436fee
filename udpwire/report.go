package udpwire

import "encoding/binary"

// A report is the body of REPORT, which says what a replayer has of a session. BYE from a replayer has the same body:
// its final totals.
type report struct {
	// echo is the time of the HEARTBEAT this responds to, the listener's clock in ns; 0: to none.
	echo int64

	// next is the lowest number that has neither arrived nor is gone; highest is the highest that arrived.
	next, highest uint64

	// window is how many bytes the replayer can take at once.
	window uint32

	// load is how full the replayer's queue is, in percent.
	load uint8

	// messages is how many were handed on, bytes how many their bodies have.
	messages, bytes uint64

	// lostMessages is how many can no longer arrive whole. lostBytes are their bodies' as far as settled.
	lostMessages, lostBytes uint64

	// lostDatagrams is how many numbers were given up.
	lostDatagrams uint64

	// overruns is how many datagrams the replayer's kernel dropped for want of room, all sessions together.
	overruns uint64

	// missing are the numbers to send again, lowest first. Beyond maxSpans the next REPORT goes on.
	missing []span
}

// reportSize is the size of the body without its spans.
const reportSize = 8 + 8 + 8 + 4 + 4 + 6*8 + 4

// append appends the body to dst.
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

// parse reads the body and reports whether it is whole and its numbers can be. The missing spans reuse r.missing's
// memory.
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
