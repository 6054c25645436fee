package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// usualPage is what a page of metrics takes, in bytes.
const usualPage = 64 << 10

// serve answers on the metrics' socket until the Reporter's context ends.
func (r *Reporter) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", r.serveReady)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(r.appendProcess(r.appendMetrics(make([]byte, 0, usualPage), r.cfg.Collect())))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	server.ErrorLog = slog.NewLogLogger(r.cfg.Log.Handler(), slog.LevelWarn) // nobody but the logger writes to standard error
	defer context.AfterFunc(r.ctx, func() { server.Close() })()
	if err := server.Serve(r.metrics); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		r.cfg.Log.Warn("metrics are no longer served", "err", err)
	}
}

// serveReady says whether the command would do its job now. Health is something else:
// a listener whose replayer is away is alive, and killing it would help nobody.
func (r *Reporter) serveReady(w http.ResponseWriter, _ *http.Request) {
	if why := r.notReady(r.cfg.Collect()); why != "" {
		http.Error(w, why, http.StatusServiceUnavailable)
		return
	}
	io.WriteString(w, "ok\n")
}

// appendMetrics renders a snapshot in Prometheus' text exposition format, version
// 0.0.4: counters as gor_listen_requests_captured_total, gauges without the ending, fates as
// gor_listen_requests_total{fate="gap"}.
func (r *Reporter) appendMetrics(dst []byte, s Snapshot) []byte {
	for _, g := range s.Groups {
		dst = r.declared.appendFates(dst, r.cfg.Command, g, len(s.Targets) > 0)
		for d, n := range r.declared.counters(g.Stats) {
			if d.label == "fate" {
				continue
			}
			name := "gor_" + r.cfg.Command + "_" + g.Name + "_" + d.metricName()
			dst = appendFamily(dst, name, d.metricKind(), d.metricHelp())
			dst = append(d.appendValue(append(append(dst, name...), ' '), n), '\n')
		}
	}
	if len(s.Targets) > 0 {
		dst = r.appendTargetMetrics(dst, s.Targets)
	}
	if s.Compared != nil {
		dst = appendComparedMetrics(dst, s.Compared, s.Targets)
	}
	if len(s.Listeners) > 0 {
		dst = appendListenerMetrics(dst, s.Listeners)
	}
	return dst
}

// appendFates appends what became of a group's requests, in the style of the targets':
// one metric, with the fate as its label. Beside those of targets they are the requests
// that were read.
func (r *registry) appendFates(dst []byte, command string, g Group, read bool) []byte {
	name, begun := "gor_"+command+"_"+g.Name+"_total", false
	if read {
		name = "gor_" + command + "_read_" + g.Name + "_total"
	}
	for d, n := range r.counters(g.Stats) {
		if d.label != "fate" {
			continue
		}
		if !begun {
			begun = true
			dst = appendFamily(dst, name, d.metricKind(), labelled[d.label].help)
		}
		dst = fmt.Appendf(dst, "%s{fate=\"%s\"} %d\n", name, d.element, n)
	}
	return dst
}

// baseUnits are the units that Prometheus wants instead of ours, and how many of ours
// one of them is.
var baseUnits = map[string]struct {
	name string
	ours float64
}{
	"microseconds": {"seconds", 1e6},
	"percent":      {"ratio", 100},
	"ppm":          {"ratio", 1e6},
}

// metricName is d's name among the metrics, behind the prefix.
func (d *declaration) metricName() string {
	name := d.metric
	if base, ok := baseUnits[d.unit]; ok {
		name = strings.TrimSuffix(name, d.unit) + base.name
	}
	if d.gauge {
		return name
	}
	return name + "_total"
}

// metricKind is d's type as Prometheus calls it.
func (d *declaration) metricKind() string {
	if d.gauge {
		return "gauge"
	}
	return "counter"
}

// metricHelp is what d says about itself, with the unit behind.
func (d *declaration) metricHelp() string {
	unit := d.unit
	if base, ok := baseUnits[unit]; ok {
		unit = base.name
	}
	return d.help + " Unit: " + unit + "."
}

// appendValue appends n in the unit of the metrics.
func (d *declaration) appendValue(dst []byte, n uint64) []byte {
	if base, ok := baseUnits[d.unit]; ok {
		return strconv.AppendFloat(dst, float64(n)/base.ours, 'f', -1, 64)
	}
	return strconv.AppendUint(dst, n, 10)
}

// helpEscapes and labelEscapes are what a help text and a label's value are escaped by. A
// replacer takes several kilobytes to make, and a page of metrics has hundreds of both.
var (
	helpEscapes  = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	labelEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
)

// escapeLabel writes a label's value as the format wants it between quotes.
func escapeLabel(s string) string { return labelEscapes.Replace(s) }

// appendFamily begins the samples of one metric.
func appendFamily(dst []byte, name, kind, help string) []byte {
	help = helpEscapes.Replace(help)
	return fmt.Appendf(dst, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}
