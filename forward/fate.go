package forward

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"time"

	"gor/reassembly/http1"
)

// finish ends the request that w has sent, or tried to send; with the lock. It
// reports whether that has its fate; if not, it waits again.
func (w *worker) finish(it *item, res *result) (done bool) {
	t := w.t
	now := t.now()
	t.counts.inFlight--
	if it.echo {
		t.echoes.inFlight--
	}
	if w.since < t.crew.hungAt && t.crew.hung > 0 {
		t.crew.hung--
	}
	if w.token != nil && !res.begun {
		w.token.putBack()
	}
	if res.session.Await != 0 {
		t.swaps.park(w, it, res.session.Await, now)
	} else if res.err != nil && res.unsupported == nil && t.life.ctx.Err() == nil {
		t.learn(now, w.since, res)
		done = !t.patience.retain(now, it, res)
	} else {
		done = true
	}
	if done {
		it.buf.release(it, now)
		t.count(now, time.Duration(now-w.since), it, res)
		t.swaps.count(it, &res.session)
	}
	w.since = 0
	t.patience.forsake(now)
	t.patience.offer()
	t.crew.callFor(t, 1) // w itself sees to one
	return done
}

// learn takes in what a failure says about the target.
func (t *target) learn(now, began int64, res *result) {
	if res.kind.isAlive() {
		t.alive(now)
	} else if t.backoff.failed(now, miss{why: res.kind, began: began, reached: res.begun}) {
		t.log.Warn("target failing: it gets single requests until it answers", "err", res.err)
	}
}

// count puts a result into the accounts.
func (t *target) count(now int64, took time.Duration, it *item, res *result) {
	if res.marked && !t.reports.marked {
		t.reports.marked = true
		t.log.Warn("requests that were replayed before come in: targets may get them again and again", "mark", t.cfg.Mark, "request", firstLine(it.raw))
	}
	switch {
	case it.echo:
		t.echoes.count(t, now, took, res)
	case res.unsupported != nil:
		t.counts.unsupported++
		t.reports.unsupported(t.log, res.unsupported, it.raw)
	case res.err != nil && t.life.ctx.Err() != nil: // broken off, or as good as that: it says nothing about the target
		t.counts.stopped++
	case res.err != nil:
		res.isOutcome, res.ended = true, now
		t.counts.failed[res.kind]++
		t.reports.failure(t.log, res, it.raw)
	default:
		res.isOutcome, res.ended = true, now
		t.counts.answered++
		t.counts.status[res.status]++
		t.counts.latency.Add(took)
		t.responded(now, took)
		t.alive(now)
	}
}

// alive says that the target has responded, or broken a connection off itself.
func (t *target) alive(now int64) {
	t.crew.answered = now
	if t.backoff.alive(now) {
		t.crew.waiter = nil // it waits for the next probe, and nobody has to any more
		t.crew.callAll(t)
	}
}

// review logs how a trouble goes on, and its end.
func (t *target) review(now int64) {
	tr, over := t.backoff.review(now)
	if tr == nil {
		return
	}
	level, message, until := slog.LevelWarn, "target still failing, or again and again", now
	if over {
		level, message, until = slog.LevelInfo, "target recovered", tr.reached
	}
	t.log.Log(context.Background(), level, message,
		"for", time.Duration(until-tr.began).Round(time.Millisecond), "failures", tr.times, "attempts", tr.misses)
}

// unsupported logs the first request of each reason for which one was not sent.
func (r *reports) unsupported(log *slog.Logger, reason error, raw []byte) {
	if r.reasons[reason] {
		return
	}
	r.reasons[reason] = true
	log.Warn("a request cannot be forwarded as it was captured; each reason is reported once",
		"reason", reason, "request", firstLine(raw))
}

// failure logs the first failure of each kind; the accounts count the others.
func (r *reports) failure(log *slog.Logger, res *result, raw []byte) {
	if r.failures[res.kind] {
		return
	}
	r.failures[res.kind] = true
	log.Warn("a request failed; the first of each kind is reported, the others are counted",
		"kind", res.kind.String(), "err", res.err, "request", firstLine(raw))
}

// firstLine is a request line fit for a log.
func firstLine(raw []byte) string {
	raw = raw[http1.EmptyLines(raw):]
	line, _, _ := bytes.Cut(raw[:min(len(raw), 200)], []byte("\n"))
	return strings.ToValidUTF8(string(bytes.TrimSuffix(line, []byte("\r"))), "?")
}
