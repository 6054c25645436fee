package capture

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

const (
	fileBuffer = 1 << 20  // read at a time: into more than a core's own cache holds the kernel copies faster
	maxRecord  = 16 << 20 // a longer packet record is damage; BIG TCP packets have 195,716 bytes
)

// errFormat: a file is no capture file.
var errFormat = errors.New("not a pcap or pcapng file")

// A File is a source of packets from a pcap or pcapng stream, which may be
// compressed with gzip. It is not safe for concurrent use.
type File struct {
	r       io.Reader
	closer  io.Closer // nil: r is not ours to close
	regular bool      // reading never waits for a writer
	buf     []byte
	pos     int // first byte not taken yet
	end     int // end of what was read
	err     error
	more    bool // a whole packet was read and not returned
	format  format
	stats   Stats
	begun   bool     // Next was called
	sums    sumTally // of the checksums so far, and of those at the beginning if it could be read ahead

	// ---- what is wrong with it
	faults  Faults
	link    LinkType // of the packet counted last
	strange bool     // it is not understood
}

// Faults are what is wrong with a file, as far as it was read.
type Faults struct {
	Cut     bool     // it ends inside a record, or inside of what was compressed
	Files   int      // other capture files that follow the first one in it
	Link    LinkType // one that is not understood
	Unknown uint64   // packets of such a type
}

// A format knows the records of one kind of file.
type format interface {
	// load reads until f holds the whole record of the next packet, or fails as
	// File.Next does.
	load(f *File) error
	// due is the time of the packet that load found.
	due(f *File) int64
	// decode decodes the packets that f holds, until segs is full or one was seen
	// later than until, and returns how many segments they hold.
	decode(f *File, d *Decoder, segs []Segment, until int64) int
	// holds reports whether f holds the whole record of a packet.
	holds(f *File) bool
}

// A byteOrder is that of the machine which wrote a file.
type byteOrder struct{ big bool }

func (o byteOrder) Uint16(b []byte) uint16 {
	if o.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (o byteOrder) Uint32(b []byte) uint32 {
	if o.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (o byteOrder) Uint64(b []byte) uint64 {
	if o.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// OpenFile reads the beginning of r and recognises the format. Close closes r
// if it can be closed.
func OpenFile(r io.Reader) (*File, error) { return OpenFileSize(r, fileBuffer) }

// OpenFileSize is OpenFile that reads size bytes at a time: less where many files
// are open at once. A buffer grows to hold a packet.
func OpenFileSize(r io.Reader, size int) (*File, error) {
	f := &File{r: r, buf: make([]byte, size)}
	f.closer, _ = r.(io.Closer)
	if file, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		info, err := file.Stat()
		f.regular = err == nil && info.Mode().IsRegular()
	}
	in := bufio.NewReader(r)
	if magic, err := in.Peek(2); err == nil && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		f.r = unzipped
	} else {
		f.r = io.MultiReader(io.LimitReader(in, int64(in.Buffered())), r) // in's buffer first, then no copy more
	}
	for f.regular && f.err == nil && f.end < len(f.buf) { // for lookAhead
		f.fill()
	}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *File) open() error {
	b, err := f.peek(4)
	if errors.Is(err, io.EOF) {
		return errFormat
	}
	if err != nil {
		return err
	}
	if binary.BigEndian.Uint32(b) == blockSection {
		f.format = &pcapng{}
		return nil
	}
	f.format, err = openPCAP(f)
	return err
}

// Next has d decode the packets that are at hand, waiting for no more than one,
// until segs is full, and returns how many segments it found: there may be
// none. Their payloads are lent until the next Next. It returns io.EOF at the
// end, also when the last record is cut short as that of a capture that was
// interrupted; an error where the file is damaged, after which it goes on
// returning that error.
func (f *File) Next(d *Decoder, segs []Segment) (n int, err error) {
	return f.NextUntil(d, segs, math.MaxInt64)
}

// NextUntil is Next, and leaves the first packet that was seen later than until,
// in nanoseconds since the Unix epoch, and those behind it.
func (f *File) NextUntil(d *Decoder, segs []Segment, until int64) (n int, err error) {
	if !f.begun && f.regular {
		f.lookAhead(d)
	}
	f.begun = true
	if err = f.load(); err == nil {
		n = f.format.decode(f, d, segs, until)
	}
	f.more = n == len(segs) && f.format.holds(f)
	return n, err
}

// Due returns when the next packet was seen, which it waits for; it fails as Next
// does. What Next has lent is no longer valid then.
func (f *File) Due() (int64, error) {
	if err := f.load(); err != nil {
		return 0, err
	}
	return f.format.due(f), nil
}

// load reads until there is a whole packet.
func (f *File) load() error {
	err := f.format.load(f)
	switch {
	case err == nil, errors.Is(err, io.EOF):
	case errors.Is(err, io.ErrUnexpectedEOF):
		f.stats.Damaged++
		f.faults.Cut = true
		f.pos = f.end
		err = io.EOF
	default:
		err = fmt.Errorf("read the capture file: %w", err)
	}
	return err
}

// another begins with the capture file that follows in the same one, as where
// two were joined by cat, and finds its first packet.
func (f *File) another() error {
	err := f.open()
	if errors.Is(err, errFormat) {
		return io.ErrUnexpectedEOF
	}
	if err == nil {
		f.faults.Files++
		err = f.format.load(f)
	}
	return err
}

// lookAhead decodes what lies in the buffer, the first megabyte of the file, for
// nothing but its checksums. Where they mean nothing that shall be known before
// the first segment is judged. A stream cannot be looked into without waiting for
// its writer: what it has shown before is all that counts.
func (f *File) lookAhead(d *Decoder) {
	ahead := File{buf: f.buf[:f.end], end: f.end, err: io.EOF}
	if ahead.open() != nil {
		return // and the file itself was not opened
	}
	w := &witness{watched: map[connection]*watched{}}
	scout, segs := &Decoder{ports: d.ports, tunnels: d.tunnels, witness: w}, make([]Segment, 64)
	scout.fragments.init(0)
	for err := error(nil); err == nil; {
		_, err = ahead.Next(scout, segs)
	}
	f.sums = ahead.sums
	f.sums.again = f.sums.right + f.sums.wrong
	f.sums.believed = w.believed > w.replaced
}

// count counts a packet of the file.
func (f *File) count(p *Packet) {
	f.stats.Packets++
	if p.WireLen > len(p.Data) {
		f.stats.Truncated++
	}
	if p.Link != f.link {
		f.link, f.strange = p.Link, !p.Link.known()
	}
	if f.strange {
		f.faults.Link = p.Link
		f.faults.Unknown++
	}
}

// Faults returns what is wrong with the file, as far as it was read.
func (f *File) Faults() Faults { return f.faults }

// Ready reports whether Next returns without waiting for whoever writes the stream.
func (f *File) Ready() bool { return f.more || f.regular || f.err != nil }

// Stats returns the counters.
func (f *File) Stats() Stats { return f.stats }

// Close closes the underlying reader.
func (f *File) Close() error {
	if f.closer == nil {
		return nil
	}
	err := f.closer.Close()
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

// peek returns the next n bytes without taking them: io.EOF if there is none,
// io.ErrUnexpectedEOF if there are fewer. They are valid until the next peek.
func (f *File) peek(n int) ([]byte, error) {
	for f.end-f.pos < n {
		if f.err != nil {
			if errors.Is(f.err, io.EOF) && f.end > f.pos {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, f.err
		}
		f.fill()
	}
	return f.buf[f.pos : f.pos+n], nil
}

// fill reads more. Its buffer grows with what is there, not with what a record
// claims.
func (f *File) fill() {
	if f.pos > 0 {
		f.end = copy(f.buf, f.buf[f.pos:f.end])
		f.pos = 0
	}
	if f.end == len(f.buf) {
		grown := make([]byte, 2*len(f.buf))
		copy(grown, f.buf)
		f.buf = grown
	}
	k, err := f.r.Read(f.buf[f.end:])
	f.end += k
	if err != nil {
		f.err = err
		cut := errors.Is(err, io.ErrUnexpectedEOF) // inside of compressed data
		f.faults.Cut = f.faults.Cut || cut
		if cut || errors.Is(err, os.ErrClosed) { // by us
			f.err = io.EOF
		}
	}
}

// take takes n bytes that were peeked.
func (f *File) take(n int) { f.pos += n }

// skip takes n bytes of any number.
func (f *File) skip(n int) error {
	for n > 0 {
		k := min(n, f.end-f.pos)
		f.pos += k
		if n -= k; n == 0 {
			break
		}
		if _, err := f.peek(1); err != nil {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
