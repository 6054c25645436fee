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
// done, also after a signal, --duration or --count, and whatever was lost of live
// traffic; 1 something failed, such as a recording (--read) that could not be
// delivered whole; 2 wrong usage; 4 and 3 what replay found (forward/results).
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/capture/doctor"
	"gor/forward"
	"gor/forward/command"
	"gor/forward/command/control"
	"gor/forward/command/ctl"
	doctorcommand "gor/forward/command/doctor"
	"gor/forward/command/replay"
	"gor/forward/command/sending"
	"gor/forward/command/topics"
	"gor/forward/demo"
	"gor/forward/report"
	"gor/reassembly"
	"gor/reassembly/answers"
	"gor/reassembly/recording"
	"gor/reassembly/sniffer"
	"gor/reassembly/users"
	"gor/udpwire"
)

// mark is the header that keeps gor from replaying itself.
const mark = "Gor-Replayed"

func main() {
	if capture.ServeAsClerk(os.Args) {
		return
	}
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away is an error of writing, and ends that alone
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program; args lack the program's name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := &command.App{
		Usage: "copy live HTTP traffic to staging", Commands: commands(), Topics: topics.All(accounts), Stdin: stdin, Stdout: stdout, Stderr: stderr,
	}
	return app.Run(context.Background(), args)
}

// accounts explains every counter, by the group that it stands in.
func accounts() string {
	return report.Explain([]report.Group{
		{Name: "requests (listen, replay --read)", Stats: reassembly.Stats{}},
		{Name: "users", Stats: users.Counts{}},
		{Name: "packets", Stats: capture.DecoderStats{}},
		{Name: "kernel (listen, live)", Stats: capture.Stats{}},
		{Name: "read (--read)", Stats: recording.Stats{}},
		{Name: "answers (listen --responses)", Stats: answers.Stats{}},
		{Name: "responses (listen --responses)", Stats: sending.Stats{}},
		{Name: "print (--print, --json)", Stats: sniffer.PrinterStats{}},
		{Name: "recording (--write)", Stats: capture.RecorderStats{}},
		{Name: "wire of a listener", Stats: udpwire.SenderStats{}},
		{Name: "wire of a replayer", Stats: udpwire.ReceiverStats{}},
		{Name: "a replayer's target", Stats: forward.TargetStats{}},
	})
}

// commands are all there are; none takes arguments besides its flags.
func commands() []*cli.Command {
	return []*cli.Command{
		{
			Name:      "listen",
			Usage:     "sniff HTTP requests and send them to replay servers",
			UsageText: "sudo gor listen -p 80 -r replay.local:28020\nsudo gor listen -p 80,8080 -i eth0 --print\nsudo gor listen -p 80 --write FILE --print\ngor listen --read FILE -p 80 --json",
			Flags:     slices.Concat(sniffer.Flags(), udpwire.SenderFlags(), forward.FilterFlags(), command.LifetimeFlags(), report.Flags(), control.Flags()),
			Action:    listen,
		},
		replay.Command(mark),
		ctl.Command(),
		doctorcommand.Command(),
		demo.Command(),
	}
}

// ---- the listener

// A listener is the capturing half: what its flags say, and what is opened.
type listener struct {
	// ---- from the flags
	log      *slog.Logger
	options  sniffer.Options
	filter   *forward.Filter      // nil: everything passes
	sending  udpwire.SenderConfig // without replayers nothing is sent
	duration time.Duration        // of the run; 0: no end of its own
	memory   string               // what --max-memory is, and why

	// ---- open
	report  *report.Reporter
	control *control.Server // nil: nobody can
	denied  forward.Filter  // what is denied since it runs
	source  sniffer.Source
	doctor  *doctor.Watcher  // says why nothing is captured; nil: packets are not captured
	tape    *sniffer.Tape    // nil: nothing is recorded
	wire    *udpwire.Sender  // nil: nothing is sent
	sender  *sending.Sender  // of the wire
	printer *sniffer.Printer // nil: nothing is printed
	sniffer *sniffer.Sniffer
}

func listen(c *cli.Context) error {
	l := &listener{}
	err := l.configure(c)
	if err == nil {
		err = l.open(c)
	}
	if err == nil {
		err = l.run(command.Begin(c.Context, l.duration), c.App.Writer)
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
	// A quarter and an eighth: twice that may be resident before memory is collected.
	limit := command.MemoryLimit(os.DirFS("/"))
	if l.memory, err = command.FitMemory(c, limit, command.Share{Flag: "max-memory", Part: 4}, command.Share{Flag: "wire-buffer", Part: 8}); err != nil {
		return err
	}
	if l.options, err = sniffer.FromFlags(c); err != nil {
		return err
	}
	if l.filter, err = forward.FilterFromFlags(c); err != nil {
		return err
	}
	if l.duration, err = command.LifetimeFromFlags(c); err != nil {
		return err
	}
	l.sending, err = udpwire.SenderFromFlags(c)
	l.sending.Wait, l.sending.Logger = !l.options.Live(), l.log
	if l.options.OnlyStdout() && !c.IsSet("replay") {
		l.sending.Replayers = nil
	}
	if err == nil && l.options.Answers.Wanted() && l.sending.Replayers == nil && l.options.Write.Path == "" {
		err = cli.Exit("--responses are sent to replay servers or recorded, not printed: give -r or --write", 2)
	}
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
	if l.doctor, err = l.options.Doctor(l.source, l.log); err != nil {
		return err
	}
	if l.tape, err = l.options.Recorder(c.App.Writer, l.log); err != nil {
		return err
	}
	if l.options.Prints() || l.options.Write.ToStdout() {
		l.report.Yield(c.App.Writer)
	}
	if l.sending.Replayers != nil {
		if l.wire, err = udpwire.Dial(l.sending); err != nil {
			return err
		}
	}
	if l.control, err = control.FromFlags(c, l.log); err != nil {
		return err
	}
	return l.options.DropPrivileges(l.tape, l.log)
}

// close lets go of the files and sockets that only read and record, and of control.
func (l *listener) close() error {
	l.control.Close()
	err := l.tape.Close()
	if l.doctor != nil {
		l.doctor.Close()
	}
	if l.source != nil {
		err = errors.Join(l.source.Close(), err)
	}
	return err
}

// run sniffs until the source or the run ends, delivers what is held, and
// reports the final accounts. A recording that was read to its end is delivered
// and printed for as long as that takes.
func (l *listener) run(life *command.Lifetime, stdout io.Writer) error {
	defer life.Close()
	l.wireUp(life, stdout)
	where := []any{"on", l.options.Where(), "replayers", cmp.Or(strings.Join(l.sending.Replayers, ", "), "none"), "max_memory", l.memory}
	if ring, live := l.source.(*capture.Ring); live {
		where = append(where, "captures", ring.Where())
	}
	l.log.Info("listening", where...)
	l.report.Start()
	l.control.Start(control.Controls{Status: l.report.Status, DenyPath: l.denied.DenyPath, Drain: life.Drain, Explain: l.sniffer.SetExplain})
	defer context.AfterFunc(life.Running(), l.report.Ending)()
	err := l.sniffer.Run(life.Running())
	if l.options.Live() || err != nil {
		life.End()
	}
	var undelivered error
	if l.wire != nil {
		if undelivered = l.wire.Close(life.Delivering()); undelivered != nil {
			l.log.Warn("not everything could be delivered", "err", undelivered)
		}
	}
	if l.printer != nil {
		err = errors.Join(err, l.printer.Close(life.Delivering()))
	}
	l.tape.Close() // so that the accounts hold all of it; close returns the error
	l.report.Finish(l.snapshot())
	return errors.Join(err, l.undelivered(undelivered))
}

// undelivered is the error of a recording of which not everything that was to be
// sent has arrived: it says what became of the rest, with the names that the
// accounts have for it, or what the wire says. What is lost of live traffic is in
// the accounts alone.
func (l *listener) undelivered(wireErr error) error {
	if l.options.Live() || l.wire == nil {
		return nil
	}
	fates, wire := l.sniffer.Stats().Requests.Fates, l.wire.Stats()
	var lost []string
	for _, loss := range []struct {
		name string
		n    uint64
	}{
		{"too_large", fates[reassembly.TooLarge]}, {"shed", fates[reassembly.Shed]}, {"queue_full", fates[reassembly.QueueFull]},
		{"skipped", fates[reassembly.Skipped]},
		{"messages_lost", wire.MessagesLost},
	} {
		if loss.n > 0 {
			lost = append(lost, fmt.Sprintf("%s=%d", loss.name, loss.n))
		}
	}
	if lost == nil && wireErr == nil {
		return nil
	} else if lost == nil {
		return fmt.Errorf("%s was not delivered whole: %w", strings.Join(l.options.Read, ", "), wireErr)
	}
	return fmt.Errorf("%s was not delivered whole: %s", strings.Join(l.options.Read, ", "), strings.Join(lost, " "))
}

// wireUp joins the parts: what leaves the sniffer passes the filter, is printed
// and is sent. Where nothing is sent the printer may end the run. No part waits
// for another when that is to deliver nothing any more.
func (l *listener) wireUp(life *command.Lifetime, stdout io.Writer) {
	cfg := l.options.Config(l.source, l.tape, l.log)
	cfg.Assembler.LoopHeader = mark
	if l.wire != nil || l.options.JSON {
		cfg.Users = users.New(users.Config{Rule: l.options.Session, Secret: l.sending.Secret, Logger: l.log})
	}
	cfg.Consumers = append(cfg.Consumers, sniffer.Filter(l.denied.AllowRead))
	if l.filter != nil {
		cfg.Consumers = append(cfg.Consumers, sniffer.Filter(l.filter.AllowRead))
	}
	if l.options.Prints() {
		stop := life.End
		if l.wire != nil {
			stop = nil
		}
		l.printer = sniffer.NewPrinter(life.Running(), l.options.Printer(stdout, stop, l.log))
		cfg.Consumers = append(cfg.Consumers, l.printer)
	}
	if l.wire != nil {
		context.AfterFunc(life.Delivering(), l.wire.Hurry)
		l.sender = sending.New(l.wire, life.End)
		cfg.Consumers = append(cfg.Consumers, l.sender)
		cfg.Answers = l.options.Answers.Config(l.options.MaxMemory, l.options.Live(), l.sender.Answer)
	}
	if l.tape != nil {
		context.AfterFunc(life.Delivering(), l.tape.Hurry)
		if l.options.Write.ToStdout() && l.wire == nil {
			l.tape.IsAll(life.End)
		}
	}
	if l.doctor != nil {
		cfg.Watchers = append(cfg.Watchers, l.doctor)
	}
	l.sniffer = sniffer.New(cfg)
	if l.wire != nil {
		l.wire.Announce(l.status)
	}
}

// status is what the replayers are told of this listener.
func (l *listener) status() udpwire.Status {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	requests, wire := l.sniffer.Stats().Requests, l.wire.Stats()
	accounts := []udpwire.Account{
		{Name: "requests_captured", Value: requests.Captured},
		{Name: "requests_sent", Value: requests.Fates[reassembly.Sent]},
		{Name: "requests_queue_full", Value: requests.Fates[reassembly.QueueFull]},
		{Name: "requests_gap", Value: requests.Fates[reassembly.Gap]},
		{Name: "wire_messages_sent", Value: wire.MessagesSent},
		{Name: "wire_messages_received", Value: wire.MessagesReceived},
		{Name: "wire_messages_lost", Value: wire.MessagesLost},
		{Name: "wire_messages_pending", Value: wire.MessagesPending},
	}
	if l.options.Answers.Wanted() {
		accounts = append(accounts, udpwire.Account{Name: "responses_sent", Value: l.sender.Stats().Sent})
	}
	for i, name := range requests.Fates.Names() { // the others, as far as there are any and there is room
		known := slices.ContainsFunc(accounts, func(a udpwire.Account) bool { return a.Name == "requests_"+name })
		if n := requests.Fates[i]; n > 0 && !known {
			accounts = append(accounts, udpwire.Account{Name: "requests_" + name, Value: n})
		}
	}
	return udpwire.Status{Version: command.Version(), Host: host, Accounts: accounts}
}

// snapshot takes the accounts; any goroutine may call it.
func (l *listener) snapshot() report.Snapshot {
	stats := l.sniffer.Stats()
	groups := []report.Group{
		{Name: "requests", Stats: stats.Requests},
		{Name: "packets", Stats: stats.Packets},
	}
	if l.wire != nil || l.options.JSON {
		groups = append(groups, report.Group{Name: "users", Stats: stats.Users.Counts})
	}
	switch source := l.source.(type) {
	case *capture.Ring:
		groups = append(groups, report.Group{Name: "kernel", Stats: source.Stats()})
	case *recording.Set:
		groups = append(groups, report.Group{Name: "read", Stats: source.Stats()})
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
	if l.wire != nil && l.options.Answers.Wanted() {
		groups = append(groups, report.Group{Name: "answers", Stats: stats.Answers}, report.Group{Name: "responses", Stats: l.sender.Stats()})
	}
	s := report.Snapshot{Groups: groups, Words: map[string]string{"users": stats.Users.Line()}, Denied: l.denied.Denied()}
	if l.wire != nil && l.wire.Stats().ReplayersUp == 0 {
		s.NotReady = "no replay server responds"
	}
	return s
}
