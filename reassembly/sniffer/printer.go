package sniffer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"syscall"

	"gor/reassembly"
)

const (
	// liveBuffer holds a minute of a thousand lines a second, for a reader that
	// is away: it is used only then.
	liveBuffer = 4 << 20

	// fileBuffer is enough where nothing can be lost.
	fileBuffer = 2 << 20

	// printChunk is how much a busy loop gathers before it wakes the printing
	// goroutine. That takes some 20 us of both: 20 ns per object of JSON.
	printChunk = 512 << 10
)

// PrinterConfig says how requests are printed.
type PrinterConfig struct {
	// Out gets the text, in writes of whole lines.
	Out io.Writer

	// JSON asks for objects instead of lines for people.
	JSON bool

	// Headers asks for the request's header below each line for people.
	Headers bool

	// Wait says that the source of the requests can wait: then the Printer
	// waits for a slow reader. Else it drops the lines that do not fit.
	Wait bool

	// Buffer is how many bytes may wait for the reader; one line more may be
	// held, whatever its length. Default 4 MiB, with Wait 2 MiB.
	Buffer int

	// Stop ends the run. It is called when nothing can be printed any more,
	// and is given only where printing is all that the run does; then a
	// request whose line is dropped has the fate QueueFull.
	Stop func()

	// Logger gets a warning when nothing can be printed any more and the run
	// goes on without. Default none.
	Logger *slog.Logger
}

// A Printer is a Consumer that prints each request and passes it on. What is
// rendered goes into a bounded buffer, and from there to the reader by a
// goroutine of the Printer's own, which Close ends.
type Printer struct {
	cfg     PrinterConfig
	render  renderer
	spool   *spool
	chunk   int
	text    text          // rendered, and not in the spool yet
	dropped atomic.Uint64 // lines that were not rendered for lack of room
	refused reassembly.Fate
}

// NewPrinter starts the goroutine that writes. When the run is to end, ctx ends:
// from then on Take waits no more for a slow reader, and drops what does not fit.
func NewPrinter(ctx context.Context, cfg PrinterConfig) *Printer {
	if cfg.Buffer == 0 {
		cfg.Buffer = liveBuffer
		if cfg.Wait {
			cfg.Buffer = fileBuffer
		}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	p := &Printer{cfg: cfg, chunk: min(printChunk, cfg.Buffer/4)}
	if cfg.Stop != nil {
		p.refused = reassembly.QueueFull
	}
	p.spool = newSpool(cfg.Out, cfg.Buffer, cfg.Wait, p.failed)
	context.AfterFunc(ctx, p.spool.hurry)
	return p
}

// Take prints the request, if there is room.
func (p *Printer) Take(r *reassembly.Request) reassembly.Fate {
	if !p.spool.admit(len(p.text.bytes)) {
		p.dropped.Add(1)
		return p.refused
	}
	if p.cfg.JSON {
		p.text.bytes = p.render.appendJSON(p.text.bytes, r)
	} else {
		p.text.bytes = p.render.appendLine(p.text.bytes, r)
		if p.cfg.Headers {
			p.text.bytes = p.render.appendHeaders(p.text.bytes, r)
		}
	}
	p.text.lines++
	if len(p.text.bytes) >= p.chunk {
		p.Flush()
	}
	return reassembly.Sent
}

// Flush hands the lines rendered so far to the goroutine that writes them.
func (p *Printer) Flush() {
	if p.text.lines > 0 {
		p.text = p.spool.put(p.text)
	}
}

// failed is called when a write has failed.
func (p *Printer) failed(err error) {
	if p.cfg.Stop != nil {
		p.cfg.Stop()
		return
	}
	p.cfg.Logger.Warn("requests are no longer printed", "err", err)
}

// Close prints what is left, as long as the reader takes, until ctx ends: that
// costs the lines that are left. It returns the error of writing, but for that of
// a reader that has seen enough (EPIPE).
func (p *Printer) Close(ctx context.Context) error {
	p.Flush()
	err := p.spool.close(ctx)
	if err == nil || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("print: %w", err)
}

// PrinterStats are the accounts of a Printer, declared by their tags.
type PrinterStats struct {
	Lines   uint64 `name:"lines" unit:"lines" help:"Requests written to standard output, a line each, with their headers where those are asked for."`
	Dropped uint64 `name:"dropped" unit:"lines" help:"Requests that never will be written: the reader was too slow, or is gone." trouble:"yes"`
}

// Stats returns the counters; any goroutine may call it.
func (p *Printer) Stats() PrinterStats {
	return PrinterStats{Lines: p.spool.lines.written.Load(), Dropped: p.dropped.Load() + p.spool.lost()}
}
