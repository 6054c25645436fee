package sniffer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
)

// tick is how often a quiet network lets the loop look at its timers; one that
// stays quiet, less often.
const tick = 100 * time.Millisecond

// Open opens the source of packets: a ring, which needs the privilege to
// capture, or a capture file. stdin is read for the file "-".
func (o *Options) Open(stdin io.Reader, log *slog.Logger) (Source, error) {
	if !o.Live() {
		return openFile(o.Read, stdin)
	}
	ring, err := capture.OpenRing(capture.RingConfig{
		Interfaces: o.Interfaces, Ports: o.Ports, Direction: o.Direction, Promiscuous: o.Promiscuous,
		Tunnels: true, Tick: tick, Logger: log,
	})
	if errors.Is(err, capture.ErrInterface) {
		return nil, cli.Exit(err, 2)
	}
	if err != nil {
		return nil, err
	}
	return ring, nil
}

func openFile(name string, stdin io.Reader) (Source, error) {
	in := stdin
	if name == "-" {
		in = interruptible(stdin)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		in = f
	}
	src, err := capture.OpenFile(in)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return src, nil
}

// interruptible opens standard input once more where it is a pipe. A read of
// the file that a process is born with cannot be ended by closing that file,
// since others may share it and so it cannot be made non-blocking; one of a
// file that was opened here can. Where that is not possible it is stdin as it is.
func interruptible(stdin io.Reader) io.Reader {
	f, ok := stdin.(*os.File)
	if !ok {
		return stdin
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return stdin
	}
	again, err := os.Open(fmt.Sprintf("/proc/self/fd/%d", f.Fd()))
	if err != nil {
		return stdin
	}
	return again
}

// DropPrivileges leaves root behind once all is open: nothing more needs it. A
// user that does not exist is an error, never a reason to stay root. Files are
// read with what privileges there are.
func (o *Options) DropPrivileges(log *slog.Logger) error {
	if !o.Live() {
		return nil
	}
	kept, err := capture.DropPrivileges(o.User)
	if err != nil {
		return fmt.Errorf("become user %s (choose another with --user): %w", o.User, err)
	}
	if len(kept) > 0 {
		log.Warn("this process may not become another user, and goes on without capabilities as who it is",
			"user", o.User, "kept", strings.Join(kept, ", "))
		return nil
	}
	log.Debug("privileges dropped", "user", o.User)
	return nil
}

// Recorder creates or empties the file to record to; nil where none is wanted.
func (o *Options) Recorder(log *slog.Logger) (*capture.Recorder, error) {
	if o.Write == "" {
		return nil, nil
	}
	file, err := os.Create(o.Write)
	if err != nil {
		return nil, err
	}
	r, err := capture.NewRecorder(file, capture.RecorderConfig{Wait: !o.Live(), Logger: log})
	if err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

// Config is the configuration of a Sniffer of the source, who may have the
// packets recorded (nil: not). What it lacks is the consumers.
func (o *Options) Config(src Source, rec *capture.Recorder, log *slog.Logger) Config {
	cfg := Config{Source: src, Live: o.Live(), Count: o.Count}
	cfg.Decoder.Ports, cfg.Decoder.Tunnels, cfg.Decoder.Record = o.Ports, true, rec
	cfg.Assembler.MaxMemory, cfg.Assembler.MaxRequest = o.MaxMemory, o.MaxRequest
	cfg.Assembler.Logger, cfg.Assembler.Rebase = log, o.Live()
	return cfg
}

// Printer is the configuration of a Printer of what such a Sniffer finds. stop
// is as in PrinterConfig.
func (o *Options) Printer(out io.Writer, stop func(), log *slog.Logger) PrinterConfig {
	return PrinterConfig{Out: out, JSON: o.JSON, Wait: !o.Live(), Stop: stop, Logger: log}
}
