package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/command"
	"gor/forward/command/control"
	"gor/forward/playback"
	"gor/forward/referee"
	"gor/forward/report"
	"gor/forward/web"
	"gor/reassembly/sniffer"
	"gor/udpwire"
)

// A replayer is one run of the command.
type replayer struct {
	mark     string
	log      *slog.Logger
	duration time.Duration // of the run; 0: no end of its own
	recv     *udpwire.Receiver
	fwd      *forward.Forwarder
	tape     *sniffer.Tape // nil: nothing is recorded
	report   *report.Reporter
	referee  *referee.Referee  // nil: nothing is compared
	live     *live             // nil: nobody wants results of live traffic
	out      io.Writer         // gets what the comparison came to, of live traffic
	page     *web.Page         // nil: none is served
	control  *control.Server   // nil: nobody can
	playback *playback.Session // of recordings, in place of recv, fwd, report and live; nil: requests come over the wire
}

// Command is gor replay; mark is the header that keeps gor from replaying itself.
func Command(mark string) *cli.Command {
	return &cli.Command{
		Name:      "replay",
		Usage:     "receive requests over UDP, or read recordings (--read), and forward them to targets",
		UsageText: "gor replay -f \"http://staging|10,http://dev|5\"\ngor replay --read FILE -f http://staging --speed 2 --report out.html",
		Flags: slices.Concat(forward.Flags(), udpwire.ReceiverFlags(), forward.FilterFlags(), sniffer.ReplayFlags(), playback.Flags(),
			referee.Flags(), sniffer.WriteFlags(), command.LifetimeFlags(), report.Flags(), control.Flags(), web.Flags()),
		Action: func(c *cli.Context) error {
			r := &replayer{mark: mark}
			if err := r.replay(c); err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			return nil
		},
	}
}

func (r *replayer) replay(c *cli.Context) error {
	err := r.open(c)
	if err == nil {
		r.control, err = control.FromFlags(c, r.log)
	}
	defer r.control.Close()
	switch {
	case err != nil:
	case r.playback != nil:
		life := command.Begin(c.Context, r.duration)
		r.control.Start(controls(r.playback.Forwarder(), r.playback.Status, life))
		err = r.playback.Run(life)
	default:
		err = r.run(command.Begin(c.Context, r.duration))
	}
	return errors.Join(err, r.tape.Close())
}

// open reads the flags and opens everything.
func (r *replayer) open(c *cli.Context) (err error) {
	if r.log, err = report.LoggerFromFlags(c); err != nil {
		return err
	}
	if r.duration, err = command.LifetimeFromFlags(c); err != nil {
		return err
	}
	forwarding, err := forward.FromFlags(c)
	if err != nil {
		return err
	}
	forwarding.Mark, forwarding.Logger = r.mark, r.log
	recordings, err := sniffer.ReplayFromFlags(c)
	if err != nil {
		return err
	}
	if recordings.Wanted() {
		return r.openRecordings(c, recordings, forwarding)
	}
	if err = playback.Without(c); err != nil {
		return err
	}
	if err = r.openLive(c, &forwarding); err != nil {
		return err
	}
	receiving, err := udpwire.ReceiverFromFlags(c)
	if err != nil {
		return err
	}
	recording, err := sniffer.WriteFromFlags(c)
	if err != nil {
		return err
	}
	if r.report, err = report.Open(c, r.log, r.snapshot); err != nil {
		return err
	}
	if r.page, err = web.Open(c, r.log, r.snapshot, r.referee.Report); err != nil {
		return err
	}
	if r.live != nil {
		forwarding.Outcome = r.live.take
	}
	forwarding.Outcome = r.page.Watch(forwarding.Outcome)
	if r.tape, err = recording.Open(c.App.Writer, false, false, r.log); err != nil {
		return err
	}
	if recording.ToStdout() {
		r.report.Yield(c.App.Writer)
	}
	if r.fwd, err = forward.New(forwarding); err != nil {
		return err
	}
	if r.live != nil {
		if err = r.live.open(r.fwd); err != nil {
			return err
		}
	}
	receiving.Load, receiving.Behind, receiving.Logger, receiving.Responses = r.fwd.Load, r.fwd, r.log, r.referee.AsksProduction()
	receiving.Self = self(r.fwd, len(forwarding.Targets))
	r.recv, err = udpwire.Listen(receiving)
	return err
}

// run forwards what arrives until the run ends, delivers what is held for a
// bounded time more, and reports the final accounts.
func (r *replayer) run(life *command.Lifetime) error {
	defer life.Close()
	r.report.Start()
	r.page.Start()
	defer r.page.Close()
	r.control.Start(controls(r.fwd, r.report.Status, life))
	defer context.AfterFunc(life.Running(), r.report.Ending)()
	r.log.Info("replaying", "listen", r.recv.Addr().String(), "targets", r.fwd.Describe())
	r.referee.Start(r.fwd)
	forwarded := make(chan error, 1)
	go func() { forwarded <- r.fwd.Run(life.Delivering()) }()
	record, asks := r.tape.Scribe(), r.referee.AsksProduction()
	err := r.recv.Run(life.Running(), func(m *udpwire.Message) {
		if m.Kind == udpwire.KindResponse {
			r.original(m)
			return
		}
		record(m.Conn, m.Time, m.Src, m.Dst, m.Body)
		r.fwd.Submit(&forward.Request{
			User: m.User, Crowd: m.Crowd, Conn: m.Conn, Index: m.Index, Time: m.Time, Raw: m.Body,
			Client: m.Src, Server: m.Dst, Patient: m.Patient, Compare: asks && m.Answered,
		})
	})
	life.End()
	r.referee.Flush()
	r.fwd.Close()
	err = errors.Join(err, <-forwarded)
	r.referee.Close()
	r.tape.Close() // so that the accounts hold all of it; replay, too, which returns the error
	r.report.Finish(r.snapshot())
	return errors.Join(err, r.conclude())
}

// snapshot takes the accounts; any goroutine may call it.
func (r *replayer) snapshot() report.Snapshot {
	groups := []report.Group{{Name: "wire", Stats: r.recv.Stats()}}
	if r.tape != nil {
		groups = append(groups, report.Group{Name: "recording", Stats: r.tape.Stats()})
	}
	return report.Snapshot{Groups: groups, Targets: r.fwd.Stats(), Compared: r.referee.Fates(), Lacks: r.referee.Lacks(), Listeners: r.listeners(), Denied: r.fwd.Denied()}
}

// listeners are what the listeners have said of themselves.
func (r *replayer) listeners() (all []report.Listener) {
	for _, l := range r.recv.Listeners() {
		one := report.Listener{Address: l.Addr.String(), Host: l.Host, Version: l.Version}
		for _, a := range l.Accounts {
			one.Accounts = append(one.Accounts, report.ListenerAccount{Name: a.Name, Value: a.Value})
		}
		all = append(all, one)
	}
	return all
}
