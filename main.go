// Command gor copies live HTTP traffic from production web machines to staging.
//
// gor listen sniffs requests on a web machine and sends them over UDP; gor
// replay receives them and forwards them to its targets; gor demo shows the
// whole path on one machine. This file holds the commands and the wiring, and
// nothing that looks into a packet, a datagram or a header:
//
//	capture -> reassembly -> udpwire ==UDP==> udpwire -> forward
//
// Each part declares and reads its own flags. A command opens the parts in the
// order that privileges demand, runs them, and closes them in the order of the
// stream.
//
// Standard output carries data alone (--print, --json, the demo's report);
// logs, statistics and the final accounts go to standard error. Exit status: 0
// done, also after SIGINT or SIGTERM; 1 something failed; 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/forward"
	"gor/forward/demo"
	"gor/forward/report"
	"gor/reassembly"
	"gor/reassembly/sniffer"
	"gor/udpwire"
)

const (
	mark         = "Gor-Replayed"  // the header that keeps gor from replaying itself
	drainTimeout = 5 * time.Second // how long a stopping command delivers what it holds
)

func main() {
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away is an error of writing, and ends that alone
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program; args lack the program's name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	app := &cli.App{
		Name:                      "gor",
		Usage:                     "copy live HTTP traffic to staging",
		Version:                   version(),
		Reader:                    stdin,
		Writer:                    stdout,
		ErrWriter:                 stderr,
		DisableSliceFlagSeparator: true, // regular expressions contain commas
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		Commands:                  commands(),
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return cli.Exit(fmt.Sprintf("there is no command %q: use listen, replay or demo", c.Args().First()), 2)
			}
			return cli.ShowAppHelp(c)
		},
	}
	err := app.RunContext(ctx, append([]string{"gor"}, args...))
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "gor: %v\n", err)
	if coded := cli.ExitCoder(nil); errors.As(err, &coded) && coded.ExitCode() > 0 {
		return coded.ExitCode()
	}
	return 1
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// commands are all there are; none takes arguments besides its flags.
func commands() []*cli.Command {
	all := []*cli.Command{
		{
			Name:      "listen",
			Usage:     "sniff HTTP requests and send them to replay servers",
			UsageText: "sudo gor listen -p 80 -r replay.local:28020\ngor listen --read FILE -p 80 --json",
			Flags:     slices.Concat(sniffer.Flags(), udpwire.SenderFlags(), forward.FilterFlags(), report.Flags()),
			Action:    listen,
		},
		{
			Name:      "replay",
			Usage:     "receive requests over UDP and forward them to targets",
			UsageText: `gor replay -f "http://staging|10,http://dev|5"`,
			Flags:     slices.Concat(forward.Flags(), udpwire.ReceiverFlags(), forward.FilterFlags(), report.Flags()),
			Action:    replay,
		},
		demo.Command(),
	}
	for _, command := range all {
		command.Before, command.OnUsageError = noArguments, onUsageError
	}
	return all
}

func noArguments(c *cli.Context) error {
	if !c.Args().Present() {
		return nil
	}
	return cli.Exit(fmt.Sprintf("%s: %q is not a flag: %[1]s takes flags only", c.Command.Name, c.Args().First()), 2)
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := "gor"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "gor" {
		name += " " + c.Command.Name
	}
	return cli.Exit(fmt.Errorf("%w (%s --help lists the flags)", err, name), 2)
}

// ---- the listener

// A listener is the capturing half: what its flags say, and what is opened.
type listener struct {
	// ---- from the flags
	log     *slog.Logger
	options sniffer.Options
	filter  *forward.Filter      // nil: everything passes
	sending udpwire.SenderConfig // without replayers nothing is sent

	// ---- open
	report  *report.Reporter
	source  sniffer.Source
	tape    *capture.Recorder // nil: nothing is recorded
	wire    *udpwire.Sender   // nil: nothing is sent
	printer *sniffer.Printer  // nil: nothing is printed
	sniffer *sniffer.Sniffer
}

func listen(c *cli.Context) error {
	l := &listener{}
	err := l.configure(c)
	if err == nil {
		err = l.open(c)
	}
	if err == nil {
		err = l.run(c.Context, c.App.Writer)
	}
	if err = errors.Join(err, l.close()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// configure reads the flags.
func (l *listener) configure(c *cli.Context) (err error) {
	if l.log, err = report.LoggerFromFlags(c); err != nil {
		return err
	}
	if l.options, err = sniffer.FromFlags(c); err != nil {
		return err
	}
	if l.filter, err = forward.FilterFromFlags(c); err != nil {
		return err
	}
	if l.options.Prints() && !c.IsSet("replay") {
		return nil
	}
	l.sending, err = udpwire.SenderFromFlags(c)
	l.sending.Wait, l.sending.Logger = !l.options.Live(), l.log
	return err
}

// open opens what needs privileges, and drops them.
func (l *listener) open(c *cli.Context) (err error) {
	if l.report, err = report.Open(c, l.log, l.snapshot); err != nil {
		return err
	}
	if l.source, err = l.options.Open(c.App.Reader, l.log); err != nil {
		return err
	}
	if l.tape, err = l.options.Recorder(l.log); err != nil {
		return err
	}
	if l.sending.Replayers != nil {
		if l.wire, err = udpwire.Dial(l.sending); err != nil {
			return err
		}
	}
	return l.options.DropPrivileges(l.log)
}

// close lets go of the files and sockets that only read and record.
func (l *listener) close() error {
	var errs []error
	if l.source != nil {
		errs = append(errs, l.source.Close())
	}
	if l.tape != nil {
		errs = append(errs, l.tape.Close())
	}
	return errors.Join(errs...)
}

// run sniffs until the source ends or ctx does, delivers what is held, and
// reports the final accounts.
func (l *listener) run(ctx context.Context, stdout io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	l.wireUp(ctx, stdout, stop)
	if l.wire != nil {
		defer context.AfterFunc(ctx, l.wire.Hurry)()
	}
	if l.tape != nil {
		defer context.AfterFunc(ctx, l.tape.Hurry)()
	}
	l.log.Info("listening", "on", l.options.Where())
	l.report.Start()
	err := l.sniffer.Run(ctx)
	if l.wire != nil {
		drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		if werr := l.wire.Close(drain); werr != nil {
			l.log.Warn("not everything could be delivered", "err", werr)
		}
	}
	if l.printer != nil {
		err = errors.Join(err, l.printer.Close())
	}
	if l.tape != nil {
		l.tape.Close() // so that the accounts hold all of it; close returns the error
	}
	l.report.Finish(l.snapshot())
	return err
}

// wireUp joins the parts: what leaves the sniffer passes the filter, is printed
// and is sent. stop, which ends ctx, is for the printer where nothing is sent.
func (l *listener) wireUp(ctx context.Context, stdout io.Writer, stop func()) {
	cfg := l.options.Config(l.source, l.tape, l.log)
	cfg.Assembler.LoopHeader = mark
	if l.filter != nil {
		cfg.Consumers = append(cfg.Consumers, sniffer.Filter(l.filter.Allow))
	}
	if l.options.Prints() {
		if l.wire != nil {
			stop = nil
		}
		l.printer = sniffer.NewPrinter(ctx, l.options.Printer(stdout, stop, l.log))
		cfg.Consumers = append(cfg.Consumers, l.printer)
	}
	if l.wire != nil {
		cfg.Consumers = append(cfg.Consumers, &sender{Sender: l.wire})
	}
	l.sniffer = sniffer.New(cfg)
}

// A sender is the wire as the sniffer's consumer. Its Flush is the wire's.
type sender struct {
	*udpwire.Sender
	msg udpwire.Message // what the request at hand becomes
}

// Take sends a request, whose bytes the wire copies.
func (s *sender) Take(r *reassembly.Request) reassembly.Fate {
	s.msg = udpwire.Message{
		Conn: r.Conn(), Index: r.Index, Time: r.Last,
		Src: r.Client.AddrPort(), Dst: r.Server.AddrPort(), Body: r.Raw,
	}
	switch err := s.Send(&s.msg); {
	case err == nil:
		return reassembly.Sent
	case errors.Is(err, udpwire.ErrTooLarge):
		return reassembly.TooLarge
	default:
		return reassembly.QueueFull
	}
}

// snapshot takes the accounts; any goroutine may call it.
func (l *listener) snapshot() report.Snapshot {
	stats := l.sniffer.Stats()
	groups := []report.Group{
		{Name: "requests", Stats: stats.Requests},
		{Name: "packets", Stats: stats.Packets},
	}
	if ring, live := l.source.(*capture.Ring); live {
		groups = append(groups, report.Group{Name: "kernel", Stats: ring.Stats()})
	}
	if l.printer != nil {
		groups = append(groups, report.Group{Name: "print", Stats: l.printer.Stats()})
	}
	if l.tape != nil {
		groups = append(groups, report.Group{Name: "recording", Stats: l.tape.Stats()})
	}
	if l.wire != nil {
		groups = append(groups, report.Group{Name: "wire", Stats: l.wire.Stats()})
	}
	return report.Snapshot{Groups: groups}
}

// ---- the replayer

// A replayer is the receiving half.
type replayer struct {
	log    *slog.Logger
	recv   *udpwire.Receiver
	fwd    *forward.Forwarder
	report *report.Reporter
}

func replay(c *cli.Context) error {
	r := &replayer{}
	err := r.open(c)
	if err == nil {
		err = r.run(c.Context)
	}
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// open reads the flags and opens everything.
func (r *replayer) open(c *cli.Context) (err error) {
	if r.log, err = report.LoggerFromFlags(c); err != nil {
		return err
	}
	receiving, err := udpwire.ReceiverFromFlags(c)
	if err != nil {
		return err
	}
	forwarding, err := forward.FromFlags(c)
	if err != nil {
		return err
	}
	if r.report, err = report.Open(c, r.log, r.snapshot); err != nil {
		return err
	}
	forwarding.Mark, forwarding.Logger = mark, r.log
	if r.fwd, err = forward.New(forwarding); err != nil {
		return err
	}
	receiving.Load, receiving.Logger = r.fwd.Load, r.log
	r.recv, err = udpwire.Listen(receiving)
	return err
}

// run forwards what arrives until ctx ends, then drains the queues for a
// bounded time and reports the final accounts.
func (r *replayer) run(ctx context.Context) error {
	hard, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.report.Start()
	r.log.Info("replaying", "listen", r.recv.Addr().String())
	forwarded := make(chan error, 1)
	go func() { forwarded <- r.fwd.Run(hard) }()
	err := r.recv.Run(ctx, func(m *udpwire.Message) {
		r.fwd.Submit(&forward.Request{Conn: m.Conn, Index: m.Index, Time: m.Time, Raw: m.Body})
	})
	r.fwd.Close()
	drained := time.AfterFunc(drainTimeout, cancel)
	defer drained.Stop()
	err = errors.Join(err, <-forwarded)
	r.report.Finish(r.snapshot())
	return err
}

// snapshot takes the accounts; any goroutine may call it.
func (r *replayer) snapshot() report.Snapshot {
	return report.Snapshot{Groups: []report.Group{{Name: "wire", Stats: r.recv.Stats()}}, Targets: r.fwd.Stats()}
}
