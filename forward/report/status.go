package report

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// Status says how the command goes now, since its start: for people, in lines like the
// final accounts', and as a JSON object, with the names that the record has which takes
// their place in a JSON log. Any goroutine may call it.
func (r *Reporter) Status() (text string, object []byte) {
	s := r.cfg.Collect()
	running := time.Since(r.opened).Round(time.Second)
	notReady := r.notReady(s)
	out := fmt.Appendf(nil, "gor %s %s, process %d, for %v: %s\n", r.cfg.Command, r.cfg.Version, os.Getpid(), running, cmp.Or(notReady, "ready"))
	if out = r.appendSummary(out, s); len(s.Denied) > 0 {
		out = appendItems(out, "denied paths:", s.Denied)
	}
	fields := append([]any{
		slog.String("command", r.cfg.Command), slog.String("version", r.cfg.Version), slog.Int("pid", os.Getpid()),
		slog.Float64("seconds", running.Seconds()), slog.Bool("ready", notReady == ""), slog.String("not_ready", notReady),
		slog.Any("denied_paths", append([]string{}, s.Denied...)),
	}, r.record(s)...)
	return strings.TrimSuffix(string(out), "\n"), appendObject(nil, fields)
}

// notReady is why the command would not do its job now; empty: it would.
func (r *Reporter) notReady(s Snapshot) string {
	if r.ending.Load() {
		return "it is ending"
	}
	return s.NotReady
}

// appendObject appends attributes as a JSON object, as a JSON log has them.
func appendObject(dst []byte, fields []any) []byte {
	var buf bytes.Buffer
	h := slog.NewJSONHandler(&buf, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return a
	}})
	record := slog.NewRecord(time.Time{}, 0, "", 0) // a time of zero is left out
	record.Add(fields...)
	h.Handle(context.Background(), record) // a buffer takes everything
	return append(dst, bytes.TrimSpace(buf.Bytes())...)
}
