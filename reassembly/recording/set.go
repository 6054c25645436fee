package recording

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"gor/capture"
	"gor/reassembly"
)

// maxOpen is how many recordings that overlap in time may be read at once, each
// from an open file with a buffer.
const maxOpen = 512

const isEmpty = "it is empty"

// Config says what to read.
type Config struct {
	// Names are of files, patterns of files, and Stdin.
	Names []string

	// Stdin is what the name "-" stands for.
	Stdin io.Reader

	// Ports are those that requests are looked for on, and PortFlag the name of
	// the flag that chooses them. Without any all are looked at.
	Ports    []uint16
	PortFlag string

	// MaxRequest is the largest request in bytes.
	MaxRequest int64

	// Logger is told what is wrong with files. Default none.
	Logger *slog.Logger
}

// A Set is a number of recordings, read as if they were one.
type Set struct {
	cfg    Config
	where  string
	counts counts

	waiting []*file // not open yet: the earliest last
	last    *file   // of the open ones, that with which Next was busy last
	listed  *reassembly.Listed
	errs    []error // of files that are damaged

	mu     sync.Mutex
	open   []*file
	closed bool
}

// Open finds out what the recordings are, and when they begin, and opens nothing
// that need not be open. What pipes are is found out when they are read.
func Open(cfg Config) (*Set, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	names, err := expand(cfg.Names)
	if err != nil {
		return nil, err
	}
	s := &Set{cfg: cfg, where: whereOf(cfg.Ports, cfg.PortFlag)}
	var errs []error
	var empties []*file
	for i, name := range names {
		f := &file{name: name, number: i, set: s, at: math.MinInt64}
		err := f.find(len(names) > 1)
		switch errs = append(errs, err); {
		case err == nil && f.kind == empty && !f.stream:
			empties = append(empties, f)
		case err == nil:
			s.waiting = append(s.waiting, f)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(s.waiting) == 0 {
		return nil, fmt.Errorf("%s: there is nothing in it", strings.Join(names, ", "))
	}
	for _, f := range empties {
		s.fault(f, isEmpty)
	}
	slices.SortFunc(s.waiting, func(a, b *file) int { return b.compare(a) })
	return s, nil
}

// Next takes what comes next of all recordings: packets of one of them, or a
// request of a list, which Listed returns. Its error is io.EOF when all are read,
// or says which are damaged; net.ErrClosed after Close.
func (s *Set) Next(d *capture.Decoder, segs []capture.Segment) (int, error) {
	s.listed = nil
	for {
		f, until, err := s.turn()
		if err != nil {
			return 0, err
		}
		if f == nil {
			return 0, cmp.Or(errors.Join(s.errs...), io.EOF)
		}
		n, listed, err := f.next(d, segs, until)
		if s.last, s.listed = f, listed; err == nil {
			return n, nil
		}
		s.finish(f, err)
	}
}

// Listed returns the request that the last Next came upon, nil if it was none.
func (s *Set) Listed() *reassembly.Listed { return s.listed }

// Judged is told what became of the request that Listed returned.
func (s *Set) Judged(fate reassembly.Fate) {
	if l, ok := s.last.input.(*lines); ok {
		l.judged(fate)
	}
}

// turn returns the recording whose turn it is, nil at the end of all, and when
// that of another comes.
func (s *Set) turn() (first *file, until int64, err error) {
	for {
		if s.isClosed() {
			return nil, 0, net.ErrClosed
		}
		if f := s.last; f != nil {
			s.last = nil
			if err := f.wait(); err != nil {
				s.finish(f, err)
				continue
			}
		}
		first, until = s.earliest()
		n := len(s.waiting) - 1
		if n < 0 {
			return first, until, nil
		}
		next := s.waiting[n]
		if first != nil && first.at < next.at {
			return first, min(until, next.at), nil
		}
		s.waiting = s.waiting[:n]
		if err := s.begin(next); err != nil {
			return nil, 0, err
		}
	}
}

// earliest returns the open recording of which something comes first, and when
// something of another comes.
func (s *Set) earliest() (first *file, until int64) {
	until = math.MaxInt64
	for _, f := range s.open {
		switch {
		case first == nil:
			first = f
		case f.compare(first) < 0:
			first, until = f, first.at
		default:
			until = min(until, f.at)
		}
	}
	return first, until
}

// begin opens a recording whose time has come. It is the one that is looked at next.
func (s *Set) begin(f *file) error {
	others := len(s.open)
	if others == maxOpen {
		return fmt.Errorf("more than %d recordings overlap in time: join some of them first, as with mergecap", maxOpen)
	}
	var err error
	if f.raw, err = f.open(); err != nil {
		s.finish(f, err)
		return nil
	}
	if !s.add(f) {
		return net.ErrClosed
	}
	if err := f.begin(min(max(allBuffers/(others+1), leastBuffer), mostBuffer)); err != nil {
		s.finish(f, err)
		return nil
	}
	s.counts.files.Add(1)
	s.last = f
	return nil
}

// add puts a recording among those that Close closes, also while its beginning is
// waited for, and reports whether there is still something to be read.
func (s *Set) add(f *file) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		f.raw.Close() // nothing was read of it
		return false
	}
	s.open = append(s.open, f)
	return true
}

// finish closes a recording that was read to its end, or as far as it could be,
// and says what was wrong with it.
func (s *Set) finish(f *file, err error) {
	s.mu.Lock()
	s.open = slices.DeleteFunc(s.open, func(o *file) bool { return o == f })
	closed := s.closed
	s.mu.Unlock()
	if f.raw != nil {
		if cerr := f.raw.Close(); errors.Is(err, io.EOF) && !errors.Is(cerr, os.ErrClosed) {
			err = cerr
		}
	}
	if closed {
		return
	}
	if err != nil {
		s.counts.damaged.Add(1)
		s.errs = append(s.errs, fmt.Errorf("%s: %w", f.name, err))
		return
	}
	if f.kind == empty {
		s.fault(f, isEmpty)
	} else if faults := f.faults(); len(faults) > 0 {
		s.fault(f, strings.Join(faults, "; "))
	}
}

// fault says what is wrong with a recording that is no reason not to read it.
func (s *Set) fault(f *file, text string) {
	s.counts.faulty.Add(1)
	s.cfg.Logger.Warn(f.name + ": " + text)
}

// Ready reports whether Next returns without waiting for whoever writes a pipe.
func (s *Set) Ready() bool {
	if s.last != nil {
		return s.last.ready()
	}
	return len(s.open) > 0 || len(s.waiting) > 0 && !s.waiting[len(s.waiting)-1].stream
}

func (s *Set) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close makes Next return, also where it waits. Any goroutine may call it.
func (s *Set) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	for _, f := range s.open {
		if err := f.raw.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
