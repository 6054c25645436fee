package sniffer

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// A spool is a bounded buffer of lines between one goroutine that puts them in
// and its own, which writes them out: whole lines, as many at a time as there
// are. The memory it holds is at most the limit and what was put last.
type spool struct {
	out   io.Writer
	limit int64

	// failed is called once, by the writing goroutine, with the error that
	// ended the writing.
	failed func(error)

	// held counts the bytes put and not written yet. broken says that no more
	// will be. They are what admit looks at without a lock.
	held   atomic.Int64
	broken atomic.Bool

	lines lineCount
	done  chan struct{} // closed when the writing goroutine has ended

	mu   sync.Mutex
	more sync.Cond // the writing goroutine waits here for lines or the end
	room sync.Cond // admit waits here

	// waiting holds the lines that were put and not taken for writing. patient
	// says that admit may wait, closed that no more lines come.
	waiting         text
	patient, closed bool
	err             error
}

// A text is a number of whole lines, each with what belongs to it: lines that begin
// with a blank.
type text struct {
	bytes []byte
	lines uint64
}

// written is how many of the lines are whole in the first n bytes, with all that
// belongs to them.
func (t *text) written(n int) (lines uint64) {
	for i, c := range t.bytes[:n] {
		if c == '\n' && (i+1 == len(t.bytes) || t.bytes[i+1] != ' ') {
			lines++
		}
	}
	return lines
}

// lineCount counts the lines put and those written; what is between them waits
// or, when the writing has ended, is lost.
type lineCount struct {
	put, written atomic.Uint64
}

// lost is how many lines never will be written, as of now.
func (s *spool) lost() uint64 {
	if !s.broken.Load() {
		return 0
	}
	written := s.lines.written.Load()
	return s.lines.put.Load() - written
}

// newSpool starts the writing goroutine; close ends it.
func newSpool(out io.Writer, limit int, patient bool, failed func(error)) *spool {
	s := &spool{out: out, limit: int64(limit), patient: patient, failed: failed, done: make(chan struct{})}
	s.more.L, s.room.L = &s.mu, &s.mu
	go s.run()
	return s
}

// admit reports whether there is room for a line behind n bytes that are to be
// put before it. A patient spool waits for room; only the end of the writing
// makes it refuse.
func (s *spool) admit(n int) bool {
	if s.fits(n) {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.patient && !s.broken.Load() && !s.fits(n) {
		s.room.Wait()
	}
	return s.fits(n)
}

func (s *spool) fits(n int) bool {
	return s.held.Load()+int64(n) < s.limit && !s.broken.Load()
}

// hurry makes admit wait no more.
func (s *spool) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patient = false
	s.room.Broadcast()
}

// put takes lines over, whatever room there is, and returns an empty text for
// the next ones.
func (s *spool) put(t text) text {
	s.lines.put.Add(t.lines)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken.Load() {
		return text{bytes: t.bytes[:0]}
	}
	s.held.Add(int64(len(t.bytes)))
	if s.waiting.lines == 0 { // the common case, and no copy
		s.waiting, t = t, s.waiting
	} else {
		s.waiting.bytes = append(s.waiting.bytes, t.bytes...)
		s.waiting.lines += t.lines
	}
	s.more.Signal()
	return s.emptied(t)
}

// emptied makes a text that was used ready for use, unless a large request has
// made it so large that its memory had better be let go of.
func (s *spool) emptied(t text) text {
	if int64(cap(t.bytes)) > 2*s.limit {
		return text{}
	}
	return text{bytes: t.bytes[:0]}
}

// run writes until the spool is closed and empty, or a write fails. Here the
// bytes are looked at by nobody but the kernel: they lie in another processor's
// cache.
func (s *spool) run() {
	defer close(s.done)
	for t := s.next(text{}); t.lines > 0; t = s.next(t) {
		n, err := s.out.Write(t.bytes)
		if err == nil {
			s.lines.written.Add(t.lines)
		} else {
			s.lines.written.Add(t.written(n))
		}
		if s.wrote(len(t.bytes), err) {
			s.failed(err)
		}
	}
}

// wrote makes room for as many bytes as are no longer held. It reports whether
// err is what ends the writing.
func (s *spool) wrote(n int, err error) (failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held.Add(-int64(n))
	failed = err != nil && !s.broken.Load()
	if failed {
		s.err = err
		s.breakOff()
	}
	s.room.Signal()
	return failed
}

// next waits for lines and takes them, leaving a used text in their place. It
// returns none at the end.
func (s *spool) next(used text) text {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting.lines == 0 && !s.closed {
		s.more.Wait()
	}
	t := s.waiting
	s.waiting = s.emptied(used)
	return t
}

// breakOff gives up what is held.
func (s *spool) breakOff() {
	s.broken.Store(true)
	s.waiting, s.closed = text{}, true
}

// close waits until everything is written, or ctx ends, which costs the lines
// that are left, and returns the error of writing. Where the reader has stopped
// for good and out knows no deadline for writes, the write that waits for it
// ends only with the process.
func (s *spool) close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	s.more.Signal()
	s.mu.Unlock()
	select {
	case <-s.done:
	case <-ctx.Done():
		s.mu.Lock()
		s.breakOff()
		s.more.Signal()
		s.mu.Unlock()
		if out, ok := s.out.(interface{ SetWriteDeadline(time.Time) error }); ok {
			out.SetWriteDeadline(time.Now()) // an error says that it knows none
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
