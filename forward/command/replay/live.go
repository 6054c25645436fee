package replay

import (
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/referee"
	"gor/forward/results"
	"gor/udpwire"
)

// A live is what a run over the wire comes to, where somebody wants to know: reports and
// thresholds.
type live struct {
	options results.Options
	ledger  *results.Ledger
	files   *results.Files
	fwd     *forward.Forwarder
}

// openLive opens what looks at the responses to live traffic, and tells forwarding of it.
func (r *replayer) openLive(c *cli.Context, forwarding *forward.Config) error {
	judging, err := referee.FromFlags(c, forwarding.Targets, false)
	if err != nil {
		return err
	}
	if r.referee, err = referee.New(judging, forwarding, false); err != nil {
		return err
	}
	if c.String("log-format") != "json" {
		r.out = c.App.ErrWriter
	}
	options, err := results.FromFlags(c)
	if err != nil || len(options.Reports)+len(options.Thresholds) == 0 {
		return err
	}
	if err = options.CheckLive(); err != nil {
		return err
	}
	r.live = &live{options: options, ledger: results.NewLedger(len(forwarding.Targets))}
	return nil
}

// open opens the reports' files.
func (l *live) open(f *forward.Forwarder) (err error) {
	var names []string
	for _, t := range f.Stats() {
		names = append(names, t.Target)
	}
	l.fwd = f
	l.files, err = results.OpenFiles(l.options.Reports, names)
	return err
}

// take takes down what came of a request over the wire.
func (l *live) take(o *forward.Outcome) {
	l.ledger.Take(o)
	l.files.Take(o)
}

// original takes production's answer to a request that came before, or comes yet.
func (r *replayer) original(m *udpwire.Message) {
	if !r.referee.Wants(&forward.Request{Conn: m.Conn, Index: m.Index, User: m.User, Crowd: m.Crowd}) {
		return
	}
	o := referee.Original{Conn: m.Conn, Index: m.Index, At: m.Time}
	if p, ok := udpwire.ParseResponse(m.Body); ok {
		o.Missing, o.Head, o.Body, o.BodyLen, o.Whole, o.Hash = p.Missing, p.Head, p.Body, p.BodyLen, p.Whole, p.Hash
	} else {
		o.Missing = true
	}
	r.referee.Original(&o)
}

// conclude shows what comparing came to, and writes and judges the results of a run over
// the wire that has ended. The error has the exit status.
func (r *replayer) conclude() error {
	run := &results.Run{}
	if r.live != nil {
		run = r.live.results()
	}
	run.Compare(r.referee.Report(), r.referee.Baseline())
	if r.live != nil {
		run.Judge(r.live.options.Thresholds)
	}
	if r.out != nil {
		r.out.Write(results.AppendComparison(nil, run))
	}
	if r.live == nil {
		return nil
	}
	return r.live.write(run)
}

// results are what the run came to.
func (l *live) results() *results.Run {
	stats := l.fwd.Stats()
	run := &results.Run{
		Source: "live traffic", Live: true, Pace: "as it came", Loops: 1,
		Began: l.fwd.Began(), Elapsed: time.Since(l.fwd.Began()), Read: stats[0].Received, Whole: true,
	}
	run.Finish(l.ledger, stats)
	return run
}

// write writes the reports; the error says why the run does not end well.
func (l *live) write(run *results.Run) error {
	if err := l.files.Write(run); err != nil {
		return err
	}
	if status := run.Verdict.ExitStatus(); status != 0 {
		return cli.Exit(run.Verdict.Error(), status)
	}
	return nil
}
