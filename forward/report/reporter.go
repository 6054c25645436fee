package report

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"gor/forward"
	"gor/forward/compare"
	"gor/forward/report/screen"
)

// A Group is one part's accounts.
type Group struct {
	Name  string // as the outputs show it: requests, packets, kernel, wire
	Stats any    // a struct whose fields are declared as the package's doc says
}

// A Snapshot is all accounts of a command at one moment.
type Snapshot struct {
	Groups  []Group               // in the order in which they are shown
	Words   map[string]string     // by a group's name, what its numbers mean together, for people; most have none
	Targets []forward.TargetStats // of a replayer, in the order of its flags; a listener has none

	Compared []compare.Fates // what became of the exchanges that are compared, target by target; nil: nothing is

	Listeners []Listener // that have said what they are, of a replayer

	Lacks    string   // what is missing for what was asked for, in words; empty: nothing is
	NotReady string   // why the command would not do its job now; empty: it would
	Denied   []string // paths that are denied since it runs
}

// Config says what to report where.
type Config struct {
	Command string          // listen or replay
	Version string          // of the program
	Log     *slog.Logger    // gets the intervals' lines and, with JSON, the summary
	JSON    bool            // the summary is a log record instead of a table
	Screen  *screen.Screen  // shows the view in place of the intervals' lines; nil: there is none
	Out     io.Writer       // gets the summary
	Every   time.Duration   // between two lines; 0: only the summary
	Metrics string          // address to serve metrics and health on; empty: nowhere
	Collect func() Snapshot // called from the Reporter's goroutines
}

// A Reporter shows a command's accounts.
type Reporter struct {
	cfg     Config
	metrics net.Listener // nil: not served
	opened  time.Time    // with the process, or as good as
	ending  atomic.Bool  // the command takes nothing new any more
	started time.Time
	ctx     context.Context // ends the goroutines
	stop    context.CancelFunc
	wg      sync.WaitGroup

	progress func(width int) string // heads the view; nil: the command does

	declared registry // what the types of the groups' and the targets' accounts declare
}

// New opens the socket for metrics, if one is wanted; nothing runs before Start.
func New(cfg Config) (*Reporter, error) {
	r := &Reporter{cfg: cfg, opened: time.Now()}
	if cfg.Metrics != "" {
		var err error
		if r.metrics, err = net.Listen("tcp", cfg.Metrics); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r, nil
}

// Start begins the reports; Close or Finish ends them.
func (r *Reporter) Start() {
	r.started = time.Now()
	switch {
	case r.cfg.Every <= 0:
	case r.cfg.Screen != nil:
		r.wg.Go(r.runView)
	default:
		r.wg.Go(r.runIntervals)
	}
	if r.metrics != nil {
		r.wg.Go(r.serve)
	}
}

// Ending says that the command takes nothing new any more: it is alive and not ready.
// Any goroutine may call it.
func (r *Reporter) Ending() { r.ending.Store(true) }

// Close ends the reports without a summary.
func (r *Reporter) Close() {
	r.stop()
	if r.metrics != nil {
		r.metrics.Close()
	}
	r.wg.Wait()
}

// Finish ends the reports and shows the final accounts.
func (r *Reporter) Finish(s Snapshot) {
	r.Close()
	if r.cfg.JSON {
		r.cfg.Log.Info("accounts", r.record(s)...)
		return
	}
	out := fmt.Appendf(nil, "gor %s: accounts after %v\n", r.cfg.Command, time.Since(r.started).Round(time.Millisecond))
	r.cfg.Out.Write(r.appendSummary(out, s))
}

func (r *Reporter) runIntervals() {
	ticker := time.NewTicker(r.cfg.Every)
	defer ticker.Stop()
	var before []forward.TargetStats
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
			s := r.cfg.Collect()
			r.interval(s, before)
			before = s.Targets
		}
	}
}

// ShowProgress has a line that fits a width head a terminal's view. Elsewhere it changes
// nothing. It is called before Start.
func (r *Reporter) ShowProgress(line func(width int) string) { r.progress = line }

// Yield says that standard output has data. Where that shows up on the terminal, too, it
// has no view.
func (r *Reporter) Yield(stdout io.Writer) {
	if r.cfg.Screen != nil && r.cfg.Screen.Shares(stdout) {
		r.cfg.Screen = nil
	}
}

// runView shows the view until the Reporter ends, and draws it anew when the terminal's
// size changes. While the command is in the terminal's background there are the
// intervals' lines.
func (r *Reporter) runView() {
	defer r.cfg.Screen.Hide()
	ticker := time.NewTicker(viewEvery)
	defer ticker.Stop()
	resizes, stop := screen.Resizes()
	defer stop()
	v := &view{declared: &r.declared, command: r.cfg.Command, started: r.started, window: min(max(r.cfg.Every, viewEvery), longestView)}
	var lined Snapshot // of the last interval's line
	next := r.started.Add(r.cfg.Every)
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
		case <-resizes:
		}
		s, now, progress := r.cfg.Collect(), time.Now(), ""
		if r.progress != nil {
			progress = r.progress(r.cfg.Screen.Columns())
		}
		shown := r.cfg.Screen.Show(v.next(now, s, r.notReady(s), progress))
		if !shown && !now.Before(next) {
			r.interval(s, lined.Targets)
		}
		if !now.Before(next) {
			lined, next = s, now.Add(r.cfg.Every)
		}
	}
}
