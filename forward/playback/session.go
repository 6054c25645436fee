package playback

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/command"
	"gor/forward/referee"
	"gor/forward/report"
	"gor/forward/results"
	"gor/forward/web"
)

// A Recording is what is to be played.
type Recording struct {
	// Where names it, for people.
	Where string

	// Read reads it from its beginning, as PlayerConfig.Read says, as often as it is
	// called.
	Read func(ctx context.Context, take func(forward.Request) error) error

	// Progress says how much of it was read in this loop, of how much; 0: nobody knows.
	Progress func() (read, total int64)

	// Accounts are what reading it came to so far.
	Accounts func() []report.Group
}

// A Session is one run: a recording, the targets, and what comes of it.
type Session struct {
	// ---- what was asked for

	recording Recording
	options   Options
	targets   string // in words

	// ---- open

	log     *slog.Logger
	out     io.Writer // gets the table
	isJSON  bool      // nobody wants a table
	report  *report.Reporter
	fwd     *forward.Forwarder
	referee *referee.Referee // nil: nothing is compared
	player  *Player
	ledger  *results.Ledger
	files   *results.Files
	page    *web.Page // nil: none is served
	opened  time.Time
	start   time.Time // when the first request was due; for Run's goroutine
	gauge   gauge     // for the one that shows how it goes
}

// Open opens all that a run needs but the recording; forwarding says where it goes, and
// has the logger. Whoever compares (nil: nobody) has seen it.
func Open(c *cli.Context, options Options, recording Recording, forwarding forward.Config, referee *referee.Referee) (*Session, error) {
	log := forwarding.Logger
	s := &Session{referee: referee, recording: recording, options: options, log: log, out: c.App.ErrWriter, isJSON: c.String("log-format") == "json"}
	var err error
	s.ledger = results.NewLedger(len(forwarding.Targets))
	forwarding.Outcome = s.take
	if s.fwd, err = forward.New(forwarding); err != nil {
		return nil, err
	}
	s.targets = s.fwd.Describe()
	s.player, err = NewPlayer(PlayerConfig{
		Read: recording.Read, Submit: s.fwd.SubmitWait, Pace: s.options.Pace, Loops: s.options.Loops, Nap: napping(),
	})
	if err != nil {
		return nil, err
	}
	if s.report, err = report.Open(c, log, s.snapshot); err != nil {
		return nil, err
	}
	s.report.ShowProgress(s.progressLine)
	if s.page, err = web.Open(c, log, s.snapshot, referee.Report); err != nil {
		s.report.Close()
		return nil, err
	}
	var names []string
	for _, t := range s.fwd.Stats() {
		names = append(names, t.Target)
	}
	if s.files, err = results.OpenFiles(options.Results.Reports, names); err != nil {
		s.report.Close()
		return nil, err
	}
	return s, nil
}

// take takes down what came of a request.
func (s *Session) take(o *forward.Outcome) {
	s.ledger.Take(o)
	s.files.Take(o)
	s.page.Take(o)
}

// Run plays the recording, and waits for the responses: until all have come or, if
// something ended the run, for a bounded time. It shows what came of it all and
// writes the reports. The error's exit status says whether it is what was wanted.
func (s *Session) Run(life *command.Lifetime) error {
	defer life.Close()
	s.log.Info("replaying", "recording", s.recording.Where, "pace", s.options.Pace.String(), "targets", s.targets)
	s.opened = time.Now()
	s.start = s.opened
	s.report.Start()
	s.referee.Start(s.fwd)
	s.page.Start()
	defer s.page.Close()
	forwarded := make(chan error, 1)
	go func() { forwarded <- s.fwd.Run(life.Delivering()) }()
	err := s.player.Run(life.Running(), s.begin)
	settled := s.referee.Settle(life.Running())
	s.fwd.Close()
	err = errors.Join(err, <-forwarded)
	s.referee.Close()
	run := s.results(time.Since(s.start)-settled, life.Interrupted())
	snapshot := s.snapshot()
	if !s.isJSON {
		snapshot.Targets = nil // the table has them
	}
	s.report.Finish(snapshot)
	if !s.isJSON {
		s.out.Write(results.AppendTable(nil, run))
	}
	if err = errors.Join(err, s.files.Write(run)); err != nil {
		return err
	}
	if status := run.Verdict.ExitStatus(); status != 0 {
		return cli.Exit(run.Verdict.Error(), status)
	}
	return nil
}

// begin says when the first request is due.
func (s *Session) begin(start time.Time) {
	s.start = start
	s.ledger.Begin(start.Sub(s.fwd.Began()))
	s.files.Begin(start.Sub(s.fwd.Began()))
}

// Loop is which loop of the recording is being read, from 0 on. Any goroutine may call it.
func (s *Session) Loop() int { return s.player.Loop() }

// results are what the run came to.
func (s *Session) results(elapsed time.Duration, interrupted bool) *results.Run {
	run := &results.Run{
		Source: s.recording.Where, Pace: s.options.Pace.String(), HasTimes: s.options.Pace.HasTimes(), Loops: s.options.Loops,
		Began: s.start, Elapsed: elapsed, Read: s.player.Read(), Whole: s.player.Whole(),
	}
	run.Finish(s.ledger, s.fwd.Stats())
	run.Compare(s.referee.Report(), s.referee.Baseline())
	sum, _ := s.ledger.Sum()
	if run.Played = s.played(sum.Started()); interrupted {
		run.Interrupt()
	}
	run.Judge(s.options.Results.Thresholds)
	return run
}

// Forwarder is what sends the requests.
func (s *Session) Forwarder() *forward.Forwarder { return s.fwd }

// Status says how the run goes; any goroutine may call it.
func (s *Session) Status() (text string, object []byte) { return s.report.Status() }

// snapshot takes the accounts; any goroutine may call it.
func (s *Session) snapshot() report.Snapshot {
	return report.Snapshot{Groups: s.recording.Accounts(), Targets: s.fwd.Stats(), Denied: s.fwd.Denied(), Compared: s.referee.Fates(), Lacks: s.referee.Lacks()}
}
