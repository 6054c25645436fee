// Package report shows a command's accounts to people and machines: a log line
// every interval, Prometheus metrics over HTTP, and a summary at the end. It
// knows no counter by heart but for how it should be shown: the parts of gor
// name their counters, and this package only renders them.
//
// A Reporter asks for a Snapshot whenever it has to show something; it owns the
// goroutines and the socket that it needs for that, from Start to Finish.
package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Group is one part's counters in a fixed order.
type Group struct {
	Name     string
	Counters iter.Seq2[string, uint64]
}

// Targets are accounts that are richer than counters: those of a replayer's targets.
type Targets interface {
	AppendLine(dst []byte, before Targets) []byte // what came since before (nil: the start), in one line
	AppendTable(dst []byte) []byte                // the final table
	AppendMetrics(dst []byte) []byte              // Prometheus text
	LogValue() slog.Value                         // a list with the counters of each target
}

// A Snapshot is all accounts of a command at one moment.
type Snapshot struct {
	Groups  []Group
	Targets Targets // nil: a listener
}

// Config says what to report where.
type Config struct {
	Command  string          // listen or replay
	Log      *slog.Logger    // gets the intervals' lines and, with JSON, the summary
	JSON     bool            // the summary is a log record instead of a table
	Terminal bool            // the intervals' lines are written over one another on Out
	Out      io.Writer       // gets the summary
	Every    time.Duration   // between two lines; 0: only the summary
	Metrics  string          // address to serve metrics and health on; empty: nowhere
	Collect  func() Snapshot // called from the Reporter's goroutines
}

// A Reporter shows a command's accounts.
type Reporter struct {
	cfg     Config
	metrics net.Listener // nil: not served
	started time.Time
	ctx     context.Context // ends the goroutines
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

// New opens the socket for metrics, if one is wanted; nothing runs before Start.
func New(cfg Config) (*Reporter, error) {
	r := &Reporter{cfg: cfg}
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
	if r.cfg.Every > 0 {
		r.wg.Go(r.runIntervals)
	}
	if r.metrics != nil {
		r.wg.Go(r.serve)
	}
}

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
		r.cfg.Log.Info("accounts", attrs(s)...)
		return
	}
	out := fmt.Appendf(nil, "gor %s: accounts after %v\n", r.cfg.Command, time.Since(r.started).Round(time.Millisecond))
	if r.cfg.Terminal && r.cfg.Every > 0 {
		out = slices.Concat([]byte("\n"), out)
	}
	for _, g := range s.Groups {
		out = appendGroup(out, g)
	}
	if s.Targets != nil {
		out = s.Targets.AppendTable(out)
	}
	r.cfg.Out.Write(out)
}

func attrs(s Snapshot) []any {
	var all []any
	for _, g := range s.Groups {
		var counters []any
		for name, n := range g.Counters {
			counters = append(counters, slog.Uint64(name, n))
		}
		all = append(all, slog.Group(g.Name, counters...))
	}
	if s.Targets != nil {
		all = append(all, slog.Attr{Key: "targets", Value: s.Targets.LogValue()})
	}
	return all
}

// appendGroup writes a group's counters, but for the zeros, in lines of readable length.
func appendGroup(out []byte, g Group) []byte {
	const width = 100
	line := fmt.Sprintf("  %-9s", g.Name)
	empty := len(line)
	for name, n := range g.Counters {
		if n == 0 {
			continue
		}
		item := fmt.Sprintf(" %s=%d", name, n)
		if len(line)+len(item) > width {
			out = append(append(out, line...), '\n')
			line = fmt.Sprintf("  %-9s", "")
		}
		line += item
	}
	if len(line) == empty {
		line += " nothing"
	}
	return append(append(out, line...), '\n')
}

func (r *Reporter) runIntervals() {
	ticker := time.NewTicker(r.cfg.Every)
	defer ticker.Stop()
	var before Targets
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

// interval shows what moves and what is wrong, not all accounts.
func (r *Reporter) interval(s Snapshot, before Targets) {
	var moving []any
	for _, g := range s.Groups {
		for name, n := range g.Counters {
			if n != 0 && (g.Name == "requests" || isTrouble(name)) {
				moving = append(moving, slog.Uint64(g.Name+"."+name, n))
			}
		}
	}
	if !r.cfg.Terminal {
		if s.Targets != nil {
			moving = append(moving, slog.String("targets", string(s.Targets.AppendLine(nil, before))))
		}
		r.cfg.Log.Info("stats", moving...)
		return
	}
	out := []byte("\r\x1b[K") // over the last line
	for _, a := range moving {
		out = fmt.Appendf(out, "%v ", a)
	}
	if s.Targets != nil {
		out = s.Targets.AppendLine(out, before)
	}
	r.cfg.Out.Write(out)
}

// isTrouble tells the counters that an operator wants to see at once.
func isTrouble(name string) bool {
	return slices.ContainsFunc([]string{"drop", "lost", "freeze", "rejected", "full", "cut", "evicted", "refused"},
		func(word string) bool { return strings.Contains(name, word) })
}

func (r *Reporter) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(appendMetrics(nil, r.cfg.Command, r.cfg.Collect()))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	defer context.AfterFunc(r.ctx, func() { server.Close() })()
	if err := server.Serve(r.metrics); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		r.cfg.Log.Warn("metrics are no longer served", "err", err)
	}
}

// appendMetrics renders a snapshot in the Prometheus text format: counters as
// gor_listen_requests_captured_total, gauges without the ending.
func appendMetrics(dst []byte, command string, s Snapshot) []byte {
	for _, g := range s.Groups {
		for name, n := range g.Counters {
			kind, ending := "counter", "_total"
			if isGauge(name) {
				kind, ending = "gauge", ""
			}
			metric := "gor_" + command + "_" + g.Name + "_" + name + ending
			dst = fmt.Appendf(dst, "# TYPE %s %s\n%s %d\n", metric, kind, metric, n)
		}
	}
	if s.Targets != nil {
		dst = s.Targets.AppendMetrics(dst)
	}
	return dst
}

// isGauge tells the numbers that may fall again.
func isGauge(name string) bool {
	return slices.Contains([]string{
		"open", "flows", "memory_bytes", "memory_peak_bytes", // the reassembler's
		"messages_pending", "bytes_pending", "buffered_bytes", "sessions", "replayers", "replayers_up",
		"replayer_load_percent", "round_trip_microseconds", "partial_bytes", // the wire's
	}, name)
}
