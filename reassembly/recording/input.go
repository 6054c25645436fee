package recording

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/http1"
)

// An input is a recording that is open.
type input interface {
	// due is when what comes next was seen, which is waited for. It is io.EOF at
	// the end, and another error where the recording is damaged.
	due() (int64, error)
	// next takes what comes next: packets until segs is full or one was seen
	// later than until, or one request. due has been called.
	next(d *capture.Decoder, segs []capture.Segment, until int64) (int, *reassembly.Listed, error)
	// ready reports whether due returns without waiting for whoever writes.
	ready() bool
	// faults are what is to be said of the recording at its end.
	faults() []string
}

// A capturing is an input of packets.
type capturing struct {
	*capture.File
	where string // requests are looked for

	found bool // a request
	tls   bool // a connection that speaks TLS
}

func (c *capturing) due() (int64, error) { return c.Due() }

func (c *capturing) ready() bool { return c.Ready() }

func (c *capturing) next(d *capture.Decoder, segs []capture.Segment, until int64) (int, *reassembly.Listed, error) {
	n, err := c.NextUntil(d, segs, until)
	for i := 0; i < n && !c.found; i++ {
		b := segs[i].Payload
		c.found = http1.StartsRequest(b)
		c.tls = c.tls || len(b) > 5 && b[0] == 22 && b[1] == 3 && b[5] == 1 // a ClientHello (RFC 8446 section 4.1.2)
	}
	if errors.Is(err, io.EOF) { // due says so, too
		err = nil
	}
	return n, nil, err
}

func (c *capturing) faults() (all []string) {
	f, packets := c.Faults(), c.Stats().Packets
	if f.Cut {
		all = append(all, "it is cut short, and was read to its last whole record")
	}
	if f.Files > 0 {
		all = append(all, fmt.Sprintf("it is %d capture files in one, which were read one behind the other", f.Files+1))
	}
	if f.Unknown > 0 {
		all = append(all, fmt.Sprintf("%d of its %d packets are of link type %v, which is not understood: capture on an Ethernet interface, or on any", f.Unknown, packets, f.Link))
	}
	switch {
	case packets == 0:
		all = append(all, "it holds no packets")
	case c.found || f.Unknown == packets:
	case c.tls:
		all = append(all, "no HTTP request begins in it"+c.where+": it carries TLS, capture where that is decrypted")
	default:
		all = append(all, "no HTTP request begins in it"+c.where)
	}
	return all
}

// whereOf says for the user which ports were looked at; flag is the one that
// chooses them.
func whereOf(ports []uint16, flag string) string {
	if len(ports) == 0 {
		return ""
	}
	names := make([]string, len(ports))
	for i, p := range ports {
		names[i] = strconv.Itoa(int(p))
	}
	return fmt.Sprintf(" on port %s (--%s)", strings.Join(names, ","), flag)
}
