package sniffer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/reassembly/recording"
)

// tick is how often a quiet network lets the loop look at its timers; one that
// stays quiet, less often.
const tick = 100 * time.Millisecond

// Open opens the source of packets: a ring, which needs the privilege to
// capture, or recordings. stdin is read for the file "-".
func (o *Options) Open(stdin io.Reader, log *slog.Logger) (Source, error) {
	if !o.Live() {
		files, err := recording.Open(recording.Config{
			Names: o.Read, Stdin: stdin, Ports: o.Ports, PortFlag: "port", MaxRequest: o.MaxRequest, Logger: log,
		})
		if err != nil {
			return nil, err
		}
		return files, nil
	}
	ring, err := capture.OpenRing(capture.RingConfig{
		Interfaces: o.Interfaces, Ports: o.Ports, Direction: o.Direction, Promiscuous: o.Promiscuous,
		Answers: o.Answers.filter(), Tunnels: true, Tick: tick, Logger: log,
	})
	if errors.Is(err, capture.ErrInterface) {
		return nil, cli.Exit(err, 2)
	}
	if err != nil {
		return nil, err
	}
	return ring, nil
}

// DropPrivileges leaves root behind once all is open: nothing more needs it. A
// user that does not exist is an error, never a reason to stay root. Files are
// read with what privileges there are. That the recording can go on without any is
// made sure of.
func (o *Options) DropPrivileges(tape *Tape, log *slog.Logger) error {
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
	return tape.CheckFolder(o.User)
}

// Recorder begins the recording; nil where none is wanted.
func (o *Options) Recorder(stdout io.Writer, log *slog.Logger) (*Tape, error) {
	return o.Write.Open(stdout, !o.Live(), o.Live(), log)
}

// Config is the configuration of a Sniffer of the source, who may have the
// packets recorded (nil: not). What it lacks is the consumers.
func (o *Options) Config(src Source, tape *Tape, log *slog.Logger) Config {
	cfg := Config{Source: src, Live: o.Live(), Count: o.Count}
	cfg.Decoder.Ports, cfg.Decoder.Tunnels, cfg.Decoder.Answers = o.Ports, true, o.Answers.Wanted()
	if tape != nil {
		cfg.Decoder.Record = tape.Recorder
	}
	cfg.Assembler.MaxMemory, cfg.Assembler.MaxRequest = o.MaxMemory, o.MaxRequest
	cfg.Assembler.Logger, cfg.Assembler.Rebase = log, o.Live()
	cfg.Explain, cfg.Logger = o.Explain, log
	return cfg
}

// Printer is the configuration of a Printer of what such a Sniffer finds. stop
// is as in PrinterConfig.
func (o *Options) Printer(out io.Writer, stop func(), log *slog.Logger) PrinterConfig {
	return PrinterConfig{Out: out, JSON: o.JSON, Headers: o.Headers, Wait: !o.Live(), Stop: stop, Logger: log}
}
