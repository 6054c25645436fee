package report

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"
)

// serve answers on the metrics' socket until the Reporter's context ends.
func (r *Reporter) serve() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.Write(r.appendMetrics(nil, r.cfg.Collect()))
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	server.ErrorLog = slog.NewLogLogger(r.cfg.Log.Handler(), slog.LevelWarn) // nobody but the logger writes to standard error
	defer context.AfterFunc(r.ctx, func() { server.Close() })()
	if err := server.Serve(r.metrics); !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		r.cfg.Log.Warn("metrics are no longer served", "err", err)
	}
}

// appendMetrics renders a snapshot in Prometheus' text exposition format, version
// 0.0.4: counters as gor_listen_requests_captured_total, gauges without the ending.
func (r *Reporter) appendMetrics(dst []byte, s Snapshot) []byte {
	for _, g := range s.Groups {
		for d, n := range r.declared.counters(g.Stats) {
			name := "gor_" + r.cfg.Command + "_" + g.Name + "_" + d.metricName()
			dst = appendFamily(dst, name, d.metricKind(), d.metricHelp())
			dst = fmt.Appendf(dst, "%s %d\n", name, n)
		}
	}
	if len(s.Targets) > 0 {
		dst = r.appendTargetMetrics(dst, s.Targets)
	}
	if len(s.Listeners) > 0 {
		dst = appendListenerMetrics(dst, s.Listeners)
	}
	return dst
}

// metricName is d's name among the metrics, behind the prefix.
func (d *declaration) metricName() string {
	if d.gauge {
		return d.metric
	}
	return d.metric + "_total"
}

// metricKind is d's type as Prometheus calls it.
func (d *declaration) metricKind() string {
	if d.gauge {
		return "gauge"
	}
	return "counter"
}

// metricHelp is what d says about itself, with the unit behind.
func (d *declaration) metricHelp() string { return d.help + " Unit: " + d.unit + "." }

// appendFamily begins the samples of one metric.
func appendFamily(dst []byte, name, kind, help string) []byte {
	help = strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(help)
	return fmt.Appendf(dst, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}
