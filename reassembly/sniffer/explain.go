package sniffer

import (
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"gor/reassembly"
	"gor/reassembly/http1"
)

// How many requests are explained: a log that somebody reads, whatever is lost.
const (
	explainBurst = 100 // at once
	explainRate  = 20  // in each second
)

// An explainer says in the log why requests are not handed on, a line for each, as
// far as its rate goes; how many it did not say is said with the next one, and at
// the end. All but on belongs to the Sniffer's loop.
type explainer struct {
	on   atomic.Bool // any goroutine may switch it
	log  *slog.Logger
	now  func() time.Time
	room float64   // how many may be said now
	last time.Time // when room was reckoned
	left int       // how many were not said since the last one that was
}

// explain says why a request was not handed on.
func (x *explainer) explain(e *reassembly.Explanation) {
	now := x.now()
	if x.last.IsZero() {
		x.room = explainBurst
	} else {
		x.room = min(explainBurst, x.room+now.Sub(x.last).Seconds()*explainRate)
	}
	if x.last = now; x.room < 1 {
		x.left++
		return
	}
	x.room--
	x.sayLeft()
	attrs := []any{"client", e.Client.String(), "server", e.Server.String(), "request", requestLine(e), "fate", e.Fate.String(), "why", reason(e)}
	if e.Whole > 0 {
		attrs = append(attrs, "bytes", fmt.Sprintf("%d of %d", e.Have, e.Whole))
	} else {
		attrs = append(attrs, "bytes", e.Have)
	}
	x.log.Info("not handed on", append(attrs, "timeline", timeline(e))...)
}

// sayLeft says how many requests were not explained.
func (x *explainer) sayLeft() {
	if x.left > 0 {
		x.log.Info("more requests were not handed on than are explained in detail", "not_shown", x.left)
		x.left = 0
	}
}

// requestLine is as much of the request line as there is.
func requestLine(e *reassembly.Explanation) string {
	if len(e.Line) == 0 {
		return "(not even its first line is there)"
	}
	return string(e.Line)
}

// reason says a fate for somebody who asks why a request is not there.
func reason(e *reassembly.Explanation) string {
	said := reasons[e.Fate]
	if e.Reason != http1.ReasonNone && (e.Fate == reassembly.Malformed || e.Fate == reassembly.Unsupported) {
		said += ": " + e.Reason.String()
	}
	if e.Guessed {
		said += "; its connection was joined in the middle or had lost bytes, and what would have proven that this is a request did not come"
	}
	return said
}

var reasons = map[reassembly.Fate]string{
	reassembly.Gap:         "packets of it were never seen here",
	reassembly.Truncated:   "the capture has cut its packets: record with a larger snap length",
	reassembly.TooLarge:    "it is longer than --max-request, or than a sender can carry",
	reassembly.Aborted:     "its connection ended inside it",
	reassembly.Expired:     "it did not go on for too long",
	reassembly.Malformed:   "nobody can know where it ends",
	reassembly.Unsupported: "valid, but not HTTP/1 as gor speaks it",
	reassembly.Loop:        "it carries the mark of a replayer: a target's address is this server's",
	reassembly.Filtered:    "a filter took it out",
	reassembly.Shed:        "there was no memory for it: --max-memory",
	reassembly.QueueFull:   "the way to the replay server, or to whoever reads the output, was full",
	reassembly.Stopped:     "as many as were wanted had been handed on",
	reassembly.Repeated:    "a proxy handed it on, and it was taken on its way to that",
	reassembly.Skipped:     "no replay server responded, or none could reach a target",
}

// timeline says what came when, in bytes of the request counted from 0 and in time
// since its first byte: "+0s 0-999, 500 bytes missing, +2ms 1500-1999, given up after 3s".
func timeline(e *reassembly.Explanation) string {
	since := func(at int64) string { return "+" + brief(time.Duration(max(at-e.First, 0))) }
	var parts []string
	if e.Have > 0 {
		first := "+0s " + byteRange(0, e.Have)
		if e.LastByte > e.First {
			first += " until " + since(e.LastByte)
		}
		parts = append(parts, first)
	}
	at := e.Have + e.Missing
	if e.Missing > 0 {
		parts = append(parts, fmt.Sprintf("%s never came (%d bytes)", byteRange(e.Have, e.Missing), e.Missing))
	}
	for _, p := range e.Behind {
		if p.Offset > at {
			parts = append(parts, fmt.Sprintf("%s missing too", byteRange(at, p.Offset-at)))
		}
		parts = append(parts, since(p.Time)+" "+byteRange(p.Offset, p.Len)+" waited")
		at = p.Offset + p.Len
	}
	return strings.Join(append(parts, since(e.At)+" "+e.Fate.String()), ", ")
}

// byteRange is n bytes from one on.
func byteRange(from, n int64) string {
	if n == 1 {
		return fmt.Sprint("byte ", from)
	}
	return fmt.Sprintf("%d-%d", from, from+n-1)
}

// brief is a time in three digits.
func brief(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return (d / unit * unit).String()
}
