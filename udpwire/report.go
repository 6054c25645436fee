package udpwire

import "encoding/binary"

// A report is the body of REPORT, which says what a replayer has of a session. BYE from a replayer has the same body:
// its final totals.
type report struct {
	// ---- what this responds to

	// echo is the time of the latest HEARTBEAT or BEGIN since the last REPORT, the listener's clock in ns; 0: there was
	// none. size is the UDP payload of the largest one since then: the path carries that.
	echo int64
	size uint32

	// ---- the replayer

	// window is how many bytes the replayer can take at once.
	window uint32

	// load is how full the replayer's queue is, in percent.
	load uint8

	// flags are what else the listener should know, such as reportDraining.
	flags uint8

	// challenge is to be returned in HEARTBEATs when it is not 0: the listener is heard from a new address.
	challenge uint64

	// ---- the session

	// next is the lowest number that has neither arrived nor is gone; highest is the highest that arrived.
	next, highest uint64

	// messages is how many were handed on, bytes how many their bodies have.
	messages, bytes uint64

	// lostMessages is how many can no longer arrive whole. lostBytes are their bodies' as far as settled.
	lostMessages, lostBytes uint64

	// lostDatagrams is how many numbers were given up.
	lostDatagrams uint64

	// overruns is how many datagrams the replayer's kernel dropped for want of room, all sessions together.
	overruns uint64

	// creditMessages is how many messages a source that can wait may begin in this session, creditBytes how many bytes
	// their bodies may have; noBound: any number.
	creditMessages, creditBytes uint64

	// missing are the numbers to send again, lowest first, none below next. Beyond those that fit the next REPORT goes on.
	missing []span
}

// Flags of a report. Others are zero when sent and ignored when received.
const (
	reportDraining = 1 << 0 // the replayer is about to leave: nothing new is to begin here
	reportNoTarget = 1 << 1 // the replayer can reach nobody it could forward to
	reportHolds    = 1 << 2 // messages of sources that can wait have not gone on from the replayer yet
)

// noBound is a credit that does not end.
const noBound = 1<<64 - 1

// Sizes in bytes.
const (
	reportSize  = 14 * 8                                         // the body without its spans
	reportSpans = maxControl - headerSize - reportSize - tagSize // what its spans may take
)

// append appends the body to dst.
func (r *report) append(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(r.echo))
	dst = binary.BigEndian.AppendUint32(dst, r.size)
	dst = binary.BigEndian.AppendUint32(dst, r.window)
	dst = append(dst, r.load, r.flags, 0, 0, 0, 0, 0, 0)
	for _, v := range [...]uint64{r.challenge, r.next, r.highest, r.messages, r.bytes, r.lostMessages, r.lostBytes,
		r.lostDatagrams, r.overruns, r.creditMessages, r.creditBytes} {
		dst = binary.BigEndian.AppendUint64(dst, v)
	}
	return appendSpans(dst, r.next, r.missing)
}

// parse reads the body and reports whether it is whole and its numbers can be. The missing spans reuse r.missing's
// memory.
func (r *report) parse(b []byte) (ok bool) {
	if len(b) < reportSize {
		return false
	}
	r.echo = int64(binary.BigEndian.Uint64(b))
	r.size, r.window = binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	r.load, r.flags = min(b[16], 100), b[17]
	r.challenge = binary.BigEndian.Uint64(b[24:])
	r.next, r.highest = binary.BigEndian.Uint64(b[32:]), binary.BigEndian.Uint64(b[40:])
	r.messages, r.bytes = binary.BigEndian.Uint64(b[48:]), binary.BigEndian.Uint64(b[56:])
	r.lostMessages, r.lostBytes = binary.BigEndian.Uint64(b[64:]), binary.BigEndian.Uint64(b[72:])
	r.lostDatagrams, r.overruns = binary.BigEndian.Uint64(b[80:]), binary.BigEndian.Uint64(b[88:])
	r.creditMessages, r.creditBytes = binary.BigEndian.Uint64(b[96:]), binary.BigEndian.Uint64(b[104:])
	if r.next > r.highest+1 || r.highest >= maxNumber {
		return false
	}
	r.missing, ok = parseSpans(r.missing[:0], r.next, b[reportSize:])
	return ok
}

// draining reports whether the replayer is about to leave: it is sent nothing new, but the rest of what was begun.
func (r *report) draining() bool { return r.flags&reportDraining != 0 }
