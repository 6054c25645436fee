package capture

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// snapLen is what a Writer's file claims as its limit; tcpdump allows no more.
const snapLen = 262144

// A Writer records packets as a pcap file with nanoseconds that tcpdump and
// Wireshark read: IP packets without a link header (LINKTYPE_RAW), whatever
// link they were seen on.
type Writer struct {
	w   *bufio.Writer
	err error
}

// NewWriter writes the file's header.
func NewWriter(w io.Writer) (*Writer, error) {
	var h [24]byte
	binary.LittleEndian.PutUint32(h[0:], magicNano)
	binary.LittleEndian.PutUint16(h[4:], 2)
	binary.LittleEndian.PutUint16(h[6:], 4)
	binary.LittleEndian.PutUint32(h[16:], snapLen)
	binary.LittleEndian.PutUint32(h[20:], uint32(LinkRaw))
	t := &Writer{w: bufio.NewWriterSize(w, 64<<10)}
	if _, err := t.w.Write(h[:]); err != nil {
		return nil, fmt.Errorf("capture: write: %w", err)
	}
	return t, nil
}

// write records an IP packet of which cut bytes are missing.
func (t *Writer) write(time int64, ip []byte, cut int) {
	if ip == nil || t.err != nil {
		return
	}
	data := ip[:min(len(ip), snapLen)]
	var h [16]byte
	binary.LittleEndian.PutUint32(h[0:], uint32(time/1e9))
	binary.LittleEndian.PutUint32(h[4:], uint32(time%1e9))
	binary.LittleEndian.PutUint32(h[8:], uint32(len(data)))
	binary.LittleEndian.PutUint32(h[12:], uint32(len(ip)+cut))
	t.w.Write(h[:])
	if _, err := t.w.Write(data); err != nil { // bufio keeps the first error
		t.err = fmt.Errorf("capture: write: %w", err)
	}
}

// Err is the first error of writing, after which nothing more is written.
func (t *Writer) Err() error { return t.err }

// Flush writes what is buffered.
func (t *Writer) Flush() error {
	if err := t.w.Flush(); err != nil && t.err == nil {
		t.err = fmt.Errorf("capture: write: %w", err)
	}
	return t.err
}
