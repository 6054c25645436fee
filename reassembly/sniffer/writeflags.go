package sniffer

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/reassembly/recording"
)

// WriteOptions are what the command line says about recording.
type WriteOptions struct {
	// Path names the file to record to, "-" is standard output; empty: none.
	Path string

	// Size and Age are where one file of a recording ends and the next begins,
	// and Keep or KeepBytes how much of them is kept; 0: there is no bound.
	Size      int64
	Age       time.Duration
	Keep      int
	KeepBytes int64
}

// leastWriteSize keeps files from being as many as their packets.
const leastWriteSize = 64 << 10

// WriteFlags returns the flags of a command that records.
func WriteFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "write", Category: "Recording", Usage: "also record the requests' packets to this pcap `FILE` (-: standard output; compressed if it ends in .gz); one that is there is left as it is, and a number put in the name"},
		&cli.StringFlag{Name: "write-size", Category: "Recording", Usage: "begin another file, numbered like FILE-00001, when one has this `SIZE`", DefaultText: "one file"},
		&cli.DurationFlag{Name: "write-age", Category: "Recording", Usage: "begin another file when one holds this time", DefaultText: "one file"},
		&cli.StringFlag{Name: "write-keep", Category: "Recording", Usage: "remove the oldest of the numbered files when there are more than this `NUMBER` of them, or of bytes in them (as in 10GiB)", DefaultText: "all"},
	}
}

// NoWrite refuses the flags of a recording where requests come from one.
func NoWrite(c *cli.Context) error {
	for _, f := range WriteFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usageError("--%s and --read exclude each other: what is read is recorded already", name)
		}
	}
	return nil
}

// WriteFromFlags reads what WriteFlags declares.
func WriteFromFlags(c *cli.Context) (o WriteOptions, err error) {
	o.Path, o.Age = c.String("write"), c.Duration("write-age")
	for _, name := range []string{"write-size", "write-age", "write-keep"} {
		switch {
		case !c.IsSet(name):
		case o.Path == "":
			return o, usageError("--%s is about a recording: give its file with --write", name)
		case o.Path == recording.Stdin:
			return o, usageError("--%s: standard output is one file", name)
		}
	}
	if c.IsSet("write") && o.Path == "" {
		return o, usageError("--write %q: give the name of a file", o.Path)
	}
	if c.IsSet("write-age") && o.Age <= 0 {
		return o, usageError("--write-age %v: give a duration above zero, such as 1h", o.Age)
	}
	if c.IsSet("write-size") {
		if o.Size, err = sizeFlag(c, "write-size"); err != nil {
			return o, err
		}
		if o.Size < leastWriteSize {
			return o, usageError("--write-size %s: at least 64KiB", c.String("write-size"))
		}
	}
	if c.IsSet("write-keep") {
		return o, o.keepFlag(c)
	}
	return o, nil
}

// keepFlag reads --write-keep: a plain number is one of files.
func (o *WriteOptions) keepFlag(c *cli.Context) (err error) {
	if o.Size == 0 && o.Age == 0 {
		return usageError("--write-keep is about several files: give --write-size or --write-age as well")
	}
	s := c.String("write-keep")
	if n, nerr := strconv.Atoi(s); nerr == nil {
		if o.Keep = n; n <= 0 {
			return usageError("--write-keep %s: give a number of files above zero, or a size such as 10GiB", s)
		}
		return nil
	}
	if o.KeepBytes, err = sizeFlag(c, "write-keep"); err != nil {
		return usageError("--write-keep %q: give a number of files, or a size such as 10GiB", s)
	}
	return nil
}

// ToStdout reports whether standard output carries the recording.
func (o *WriteOptions) ToStdout() bool { return o.Path == recording.Stdin }

// A Tape is a recording that is being made.
type Tape struct {
	*capture.Recorder
	reel *capture.Reel // nil: it goes into a pipe
	all  bool          // it is all that the run does
}

// Open begins the recording; nil where none is wanted. wait says that what is to be
// recorded can wait for a slow disk, drops that the process will drop its privileges.
func (o *WriteOptions) Open(stdout io.Writer, wait, drops bool, log *slog.Logger) (*Tape, error) {
	if o.Path == "" {
		return nil, nil
	}
	t, err := o.open(stdout, drops, capture.RecorderConfig{Wait: wait, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	return t, nil
}

func (o *WriteOptions) open(stdout io.Writer, drops bool, cfg capture.RecorderConfig) (*Tape, error) {
	to := stdout
	if !o.ToStdout() {
		info, err := os.Stat(o.Path)
		if err != nil || info.Mode().IsRegular() || info.IsDir() {
			reel, err := capture.OpenReel(capture.ReelConfig{
				Path: o.Path, Size: o.Size, Age: o.Age, Keep: o.Keep, KeepBytes: o.KeepBytes, Drops: drops, Logger: cfg.Logger,
			})
			if err != nil {
				return nil, err
			}
			return &Tape{Recorder: capture.NewRecorder(reel, cfg), reel: reel}, nil
		}
		// A pipe or a device; for reading, too, it need not be waited for its reader.
		if to, err = os.OpenFile(o.Path, os.O_RDWR, 0); err != nil {
			return nil, err
		}
	}
	strip, err := capture.NewStrip(to, strings.HasSuffix(o.Path, ".gz"))
	if err != nil {
		return nil, err
	}
	return &Tape{Recorder: capture.NewRecorder(strip, cfg)}, nil
}

// IsAll says that the recording is all that the run does, which stop ends: with the
// recording, should that end early.
func (t *Tape) IsAll(stop func()) {
	t.all = true
	t.WhenEnded(stop)
}

// Close ends the recording, and returns its first error; any goroutine may call it,
// also where nothing is recorded. That a reader has seen enough (EPIPE) is none
// where the recording is all that the run does.
func (t *Tape) Close() error {
	if t == nil {
		return nil
	}
	err := t.Recorder.Close()
	if t.all && errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

// Scribe returns what records a request that came without its packets. Where
// nothing is recorded that does nothing.
func (t *Tape) Scribe() func(conn uint64, at int64, client, server netip.AddrPort, request []byte) {
	if t == nil {
		return func(uint64, int64, netip.AddrPort, netip.AddrPort, []byte) {}
	}
	return capture.NewScribe(t.Recorder).Write
}

// CheckFolder returns why the recording could not go on in another file, once
// privileges were dropped; nil: it can.
func (t *Tape) CheckFolder(user string) error {
	if t == nil || t.reel == nil {
		return nil
	}
	if err := t.reel.CanGoOn(); err != nil {
		return fmt.Errorf("%w: let user %s write there, or choose another with --user", err, user)
	}
	return nil
}
