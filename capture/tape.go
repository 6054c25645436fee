package capture

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"time"
)

// A Tape is what a Recorder writes records to: a Strip or a Reel. It belongs to the
// Recorder's goroutine, but for setDeadline and files.
type Tape interface {
	// write writes whole records, and returns how many bytes of them are there to
	// stay: that many are whole records too.
	write(records []byte) (int, error)
	setDeadline(t time.Time) error
	// files returns how many files were begun, and how many removed.
	files() (begun, removed uint64)
	io.Closer
}

// A Strip is a single pcap file or stream. Compressed, it is one gzip member
// behind the other, each of which holds whole records and can be read as far as it
// is there: a kill costs the last one at most.
type Strip struct {
	w       io.Writer
	written int64 // bytes of the file that are whole records, or members of them
	begin   int64 // where these begin, behind the header
	zip     *gzip.Writer
	member  bytes.Buffer
}

// NewStrip writes the header of a pcap file to w, which the Strip owns from then
// on: Close closes it if it can be closed.
func NewStrip(w io.Writer, compressed bool) (*Strip, error) {
	s := &Strip{w: w}
	if compressed {
		s.zip = gzip.NewWriter(&s.member) // a level more would cost twice the time for a tenth of the size
	}
	h := fileHeader()
	b := s.encode(h[:])
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	s.written, s.begin = int64(len(b)), int64(len(b))
	return s, nil
}

// encode makes of records what is written for them. It is valid until the next call.
func (s *Strip) encode(records []byte) []byte {
	if s.zip == nil {
		return records
	}
	s.member.Reset()
	s.zip.Reset(&s.member)
	s.zip.Write(records) // into memory: it cannot fail
	s.zip.Close()
	return s.member.Bytes()
}

func (s *Strip) write(records []byte) (int, error) {
	b := s.encode(records)
	n, err := s.w.Write(b)
	if err == nil {
		s.written += int64(len(b))
		return len(records), nil
	}
	if s.zip != nil {
		n = 0
	}
	n, _, _ = wholeRecords(records, n)
	s.written += int64(n)
	return n, errors.Join(err, s.cut())
}

// isNew reports whether there are no records yet.
func (s *Strip) isNew() bool { return s.written == s.begin }

// room is how many bytes of records have room in a file of a size. What compressed
// data takes is known only afterwards: it may be a little more than they are, and
// is mostly less, so that the rest of the room is not worth a member.
func (s *Strip) room(size int64) int64 {
	left := size - s.written
	if s.zip == nil {
		return left
	}
	if left < size/16 {
		return 0
	}
	return left - left/1000 - 64
}

// cut takes the part of a record off the file's end that could be written. A
// pipe has no end to cut; whoever reads it gets that part.
func (s *Strip) cut() error {
	f, ok := s.w.(interface{ Truncate(size int64) error })
	if file, isFile := s.w.(*os.File); isFile {
		info, err := file.Stat()
		ok = err == nil && info.Mode().IsRegular()
	}
	if !ok {
		return nil
	}
	return f.Truncate(s.written)
}

func (s *Strip) setDeadline(t time.Time) error {
	if f, ok := s.w.(interface{ SetWriteDeadline(t time.Time) error }); ok {
		return f.SetWriteDeadline(t)
	}
	return nil
}

func (s *Strip) files() (begun, removed uint64) { return 1, 0 }

// Close closes what is written to.
func (s *Strip) Close() error {
	if c, ok := s.w.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
