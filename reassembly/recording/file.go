package recording

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"

	"gor/capture"
)

const (
	mostBuffer  = 1 << 20 // of a file that is open with few others
	leastBuffer = 64 << 10
	allBuffers  = 32 << 20
)

// A file is one recording, open or not.
type file struct {
	input               // nil: not open
	raw   io.ReadCloser // what input reads
	set   *Set

	name   string
	number int   // the order in which it was named
	at     int64 // when what comes next was seen
	kind   kind
	stream bool // it can be opened once, and reading it may have to wait
}

// compare orders files by what comes next of them.
func (f *file) compare(o *file) int {
	return cmp.Or(cmp.Compare(f.at, o.at), cmp.Compare(f.number, o.number))
}

// find finds out what the file is and, if asked to, when it begins. A pipe is not
// opened: whoever writes it would see that it is closed again.
func (f *file) find(begin bool) error {
	if f.name == Stdin {
		f.stream = true
		return nil
	}
	info, err := os.Stat(f.name)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder: name its files, as in %[1]s/*", f.name)
	case info.Mode()&(os.ModeNamedPipe|os.ModeSocket) != 0:
		f.stream = true
		return nil
	}
	in, err := os.Open(f.name)
	if err != nil {
		return err
	}
	defer in.Close()
	b, err := look(in)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	if f.kind = b.kind; begin && f.kind != empty {
		f.at = f.beginning(b)
	}
	f.set.counts.total.Add(info.Size())
	return nil
}

// beginning is the time of the first packet or request. Where there is none the
// file is one of those that are opened first, and then it is said.
func (f *file) beginning(b beginning) int64 {
	var in input = f.lines(b.rest, slog.New(slog.DiscardHandler), new(counts))
	if b.kind == packets {
		file, err := capture.OpenFileSize(b.rest, leastBuffer)
		if err != nil {
			return f.at
		}
		in = &capturing{File: file}
	}
	at, err := in.due()
	if err != nil {
		return f.at
	}
	return at
}

// open opens what find has looked at, or standard input.
func (f *file) open() (io.ReadCloser, error) {
	if f.name == Stdin {
		return interruptible(f.set.cfg.Stdin), nil
	}
	in, err := os.Open(f.name)
	if err != nil {
		return nil, err
	}
	return &counted{File: in, n: &f.set.counts.read}, nil
}

// begin makes an input of the file that was opened; size bytes are read at a time.
func (f *file) begin(size int) error {
	in := f.raw
	if f.kind != packets {
		b, err := look(in)
		if err != nil {
			return err
		}
		if f.kind = b.kind; f.kind != packets {
			f.input = f.lines(b.rest, f.set.cfg.Logger, &f.set.counts)
			return nil
		}
		in = io.NopCloser(b.rest)
	}
	file, err := capture.OpenFileSize(in, size)
	if err == nil {
		f.input = &capturing{File: file, where: f.set.where}
	}
	return err
}

// lines makes an input of lines.
func (f *file) lines(in io.Reader, log *slog.Logger, counts *counts) *lines {
	return &lines{
		in: bufio.NewReaderSize(in, linesBuffer), name: f.name, stream: f.stream,
		max: maxLine(f.set.cfg.MaxRequest), log: log, counts: counts, seed: hash(f.name),
	}
}

// wait waits for what comes next.
func (f *file) wait() error {
	at, err := f.due()
	f.at = max(f.at, at)
	return err
}

// A counted file counts what is read of it.
type counted struct {
	*os.File
	n *atomic.Int64
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.File.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// interruptible opens standard input once more where it is a pipe. A read of
// the file that a process is born with cannot be ended by closing that file,
// since others may share it and so it cannot be made non-blocking; one of a
// file that was opened here can. Where that is not possible it is stdin as it is.
func interruptible(stdin io.Reader) io.ReadCloser {
	f, ok := stdin.(*os.File)
	if !ok {
		return io.NopCloser(stdin)
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return f
	}
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		return f
	}
	return again
}
