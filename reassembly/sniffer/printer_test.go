package sniffer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gor/reassembly"
)

// A reader is what stands behind standard output: it reads when the test lets
// it, and checks that it gets whole lines.
type reader struct {
	t     *testing.T
	open  chan struct{} // a write returns when it can receive from here
	err   error         // of the writes
	text  bytes.Buffer
	until time.Time // deadline of writes, once it was set
}

func newReader(t *testing.T) *reader { return &reader{t: t, open: make(chan struct{})} }

func (r *reader) Write(b []byte) (int, error) {
	<-r.open
	if r.err != nil {
		return 0, r.err
	}
	if len(b) == 0 || b[len(b)-1] != '\n' {
		r.t.Errorf("a write of %d bytes that are not whole lines", len(b))
	}
	return r.text.Write(b)
}

// print has the printer print n requests as the loop would, the first of them
// with this number, and returns how many it refused.
func print(p *Printer, first, n int) (refused int) {
	m := newMaker()
	for i := range n {
		m.request(get(first+i), func(r *reassembly.Request) {
			if p.Take(r) != reassembly.Sent {
				refused++
			}
		})
	}
	return refused
}

// numbers are those of the requests in a text, in order.
func numbers(t *testing.T, text string) (all []int) {
	t.Helper()
	for line := range strings.Lines(text) {
		var n int
		_, rest, _ := strings.Cut(line, " GET /")
		if _, err := fmt.Sscanf(rest, "%d HTTP/1.1 %d bytes to a\n", &n, new(int)); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		all = append(all, n)
	}
	return all
}

// TestPrint: after a Flush, and at the latest at the end, everything is there.
func TestPrint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewPrinter(t.Context(), PrinterConfig{Out: &out})
		print(p, 0, 3)
		p.Flush()
		synctest.Wait()
		if got := numbers(t, out.String()); len(got) != 3 {
			t.Errorf("%v after a flush", got)
		}
		print(p, 3, 1)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := numbers(t, out.String()); fmt.Sprint(got) != "[0 1 2 3]" {
			t.Errorf("%v", got)
		}
		if s := p.Stats(); s.Lines != 4 || s.Dropped != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestPausedReaderOfALiveSource: the loop never waits, memory is bounded, lines
// are dropped whole and counted, and printing goes on when the reader does.
func TestPausedReaderOfALiveSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		p := NewPrinter(t.Context(), PrinterConfig{Out: r, Buffer: 10_000})
		since := time.Now()
		for i := range 100 {
			if n := print(p, i*10, 10); n != 0 {
				t.Fatal("what is not printed is sent all the same")
			}
			p.Flush()
		}
		if d := time.Since(since); d != 0 {
			t.Errorf("the loop waited for %v", d)
		}
		synctest.Wait()
		if held := p.spool.held.Load() + int64(len(p.text.bytes)); held < 9000 || held > 11_000 {
			t.Errorf("%d bytes held of 10,000", held)
		}
		if d := p.Stats().Dropped; d < 850 || d > 950 { // a line has 90 bytes
			t.Errorf("%d lines dropped", d)
		}
		close(r.open)
		synctest.Wait()
		print(p, 1000, 1)
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, s := numbers(t, r.text.String()), p.Stats()
		for i := 1; i < len(got); i++ {
			if got[i] <= got[i-1] {
				t.Fatalf("line %d behind line %d", got[i], got[i-1])
			}
		}
		if s.Lines+s.Dropped != 1001 || s.Lines != uint64(len(got)) || got[len(got)-1] != 1000 {
			t.Errorf("%+v for 1001 requests; %d lines, the last one %d", s, len(got), got[len(got)-1])
		}
	})
}

// TestSlowReaderOfAFile: nothing is lost, however long it takes.
func TestSlowReaderOfAFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		p := NewPrinter(t.Context(), PrinterConfig{Out: r, Wait: true, Buffer: 2000, Stop: func() { t.Error("stopped") }})
		printed := make(chan error)
		go func() {
			if n := print(p, 0, 1000); n != 0 {
				t.Errorf("%d refused", n)
			}
			printed <- p.Close(t.Context())
		}()
		for ended := false; !ended; {
			select {
			case err := <-printed:
				if err != nil {
					t.Error(err)
				}
				ended = true
			case r.open <- struct{}{}:
				time.Sleep(time.Minute)
				if held := p.spool.held.Load(); held > 3000 {
					t.Fatalf("%d bytes held of 2,000", held)
				}
			}
		}
		if got := numbers(t, r.text.String()); len(got) != 1000 || p.Stats() != (PrinterStats{Lines: 1000}) {
			t.Errorf("%d lines; %+v", len(got), p.Stats())
		}
	})
}

// TestStopWhileWaitingForAReader: the loop is let go at once, the end waits for
// no longer than it may, and all lines are accounted for.
func TestStopWhileWaitingForAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		ctx, cancel := context.WithCancel(t.Context())
		p := NewPrinter(ctx, PrinterConfig{Out: r, Wait: true, Buffer: 2000, Stop: cancel})
		printed := make(chan int)
		go func() { printed <- print(p, 0, 1000) }()
		time.Sleep(time.Hour)
		since := time.Now()
		cancel()
		refused := <-printed
		if d := time.Since(since); d != 0 || refused == 0 {
			t.Errorf("the loop goes on after %v; %d refused", d, refused)
		}
		delivering, giveUp := context.WithTimeout(t.Context(), 3*time.Second)
		defer giveUp()
		if err := p.Close(delivering); err != nil {
			t.Error(err)
		}
		if d := time.Since(since); d != 3*time.Second {
			t.Errorf("the end takes %v", d)
		}
		if s := p.Stats(); s.Lines != 0 || s.Dropped != 1000 {
			t.Errorf("%+v of 1000", s)
		}
		close(r.open) // for the goroutine's sake
	})
}

// SetWriteDeadline lets the write that waits fail.
func (r *reader) SetWriteDeadline(at time.Time) error {
	r.until = at
	return nil
}

// TestEndWithAPausedReader: it is waited for, but not for ever.
func TestEndWithAPausedReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t)
		p := NewPrinter(t.Context(), PrinterConfig{Out: r})
		print(p, 0, 10)
		since := time.Now()
		delivering, giveUp := context.WithTimeout(t.Context(), 3*time.Second)
		defer giveUp()
		if err := p.Close(delivering); err != nil {
			t.Error(err)
		}
		if d := time.Since(since); d != 3*time.Second || !r.until.Equal(time.Now()) {
			t.Errorf("the end takes %v, deadline of writes %v", d, r.until)
		}
		if s := p.Stats(); s.Lines != 0 || s.Dropped != 10 {
			t.Errorf("%+v of 10", s)
		}
		close(r.open)
	})
}

// TestWriteFails: that ends the printing and, where nothing else is done, the
// run; it is said once.
func TestWriteFails(t *testing.T) {
	full := errors.New("no space")
	for _, tt := range []struct {
		name  string
		err   error
		alone bool
		want  error // of Close
	}{
		{"disk full", full, false, full},
		{"reader gone", syscall.EPIPE, false, nil},
		{"disk full, alone", full, true, full},
		{"reader gone, alone", &os.PathError{Op: "write", Err: syscall.EPIPE}, true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				stopped := 0
				cfg := PrinterConfig{Out: &reader{t: t, open: make(chan struct{}), err: tt.err}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
				if tt.alone {
					cfg.Stop = func() { stopped++ }
				}
				close(cfg.Out.(*reader).open)
				p := NewPrinter(t.Context(), cfg)
				print(p, 0, 10)
				p.Flush()
				synctest.Wait()
				refused := print(p, 10, 10)
				p.Flush()
				synctest.Wait()
				if err := p.Close(t.Context()); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
					t.Errorf("Close: %v, want %v", err, tt.want)
				}
				warnings := strings.Count(log.String(), "level=WARN")
				if tt.alone && (refused != 10 || stopped != 1 || warnings != 0) || !tt.alone && (refused != 0 || warnings != 1) {
					t.Errorf("%d refused, stopped %d times, %d warnings", refused, stopped, warnings)
				}
				if s := p.Stats(); s.Lines != 0 || s.Dropped != 20 {
					t.Errorf("%+v of 20", s)
				}
			})
		})
	}
}

// TestWriteFailsHalfway: the lines that were written count as such.
func TestWriteFailsHalfway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPrinter(t.Context(), PrinterConfig{Out: halfWriter{}})
		print(p, 0, 10)
		if err := p.Close(t.Context()); !errors.Is(err, io.ErrShortWrite) {
			t.Error(err)
		}
		if s := p.Stats(); s.Lines != 4 || s.Dropped != 6 {
			t.Errorf("%+v of 10", s)
		}
	})
}

// halfWriter writes four lines and a half.
type halfWriter struct{}

func (halfWriter) Write(b []byte) (int, error) {
	n := 0
	for range 4 {
		n += bytes.IndexByte(b[n:], '\n') + 1
	}
	return n + 5, io.ErrShortWrite
}

// TestClosedPipe: what the system says of a reader that is gone.
func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	stopped := make(chan struct{})
	p := NewPrinter(t.Context(), PrinterConfig{Out: w, Stop: func() { close(stopped) }})
	print(p, 0, 1)
	p.Flush()
	<-stopped
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestLargeRequests: one larger than all the buffer is printed, also of a live
// source, and its memory let go.
func TestLargeRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := NewPrinter(t.Context(), PrinterConfig{Out: &out, JSON: true, Buffer: 4000})
		m := newMaker()
		for range 10 {
			m.request("POST / HTTP/1.1\r\nContent-Length: 50000\r\n\r\n"+strings.Repeat("b", 50_000), func(r *reassembly.Request) { p.Take(r) })
			synctest.Wait()
			m.request(get(1), func(r *reassembly.Request) { p.Take(r) })
			p.Flush()
			synctest.Wait()
		}
		if err := p.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 20 || p.Stats().Dropped != 0 || cap(p.text.bytes) > 8000 || cap(p.spool.waiting.bytes) > 8000 {
			t.Errorf("%d lines, %+v; %d and %d bytes kept", n, p.Stats(), cap(p.text.bytes), cap(p.spool.waiting.bytes))
		}
	})
}

// TestPrinterAtRandom: loop, reader and Stats at the same time, in any order:
// each request is printed or dropped, and what is printed is in order.
func TestPrinterAtRandom(t *testing.T) {
	for seed := range uint64(20) {
		for _, wait := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(seed, 0))
			r, w := io.Pipe()
			p := NewPrinter(t.Context(), PrinterConfig{Out: w, Wait: wait, Buffer: 100 + rng.IntN(5000)})
			read := make(chan string)
			go func() {
				text, err := io.ReadAll(r)
				if err != nil {
					t.Error(err)
				}
				read <- string(text)
			}()
			const requests = 500
			m := newMaker()
			for i := range requests {
				m.request(get(i), func(r *reassembly.Request) { p.Take(r) })
				if rng.IntN(5) == 0 {
					p.Flush()
				}
				if s := p.Stats(); s.Lines+s.Dropped > uint64(i+1) {
					t.Fatalf("%+v of %d", s, i+1)
				}
			}
			if err := p.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.Close()
			got, s := numbers(t, <-read), p.Stats()
			if uint64(len(got)) != s.Lines || s.Lines+s.Dropped != requests || wait && s.Dropped != 0 {
				t.Errorf("seed %d: %d lines, %+v", seed, len(got), s)
			}
			for i := 1; i < len(got); i++ {
				if got[i] <= got[i-1] {
					t.Fatalf("seed %d: line %d behind line %d", seed, got[i], got[i-1])
				}
			}
		}
	}
}
