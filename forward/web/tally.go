package web

import (
	"maps"
	"time"

	"gor/forward"
	"gor/forward/hist"
	"gor/forward/report"
)

// A part is one of the ends that requests have at a target: a status code, a kind of
// failure, or a fate of those that were not sent.
type part struct{ kind, name string }

// The kinds of parts, as a report.Reader knows them.
const (
	codePart = "code"
	kindPart = "kind"
	fatePart = "fate"
)

// A tally is what had become of all requests at a time, since the beginning. A tally
// less an earlier one is what became of them between.
type tally struct {
	at       time.Time
	heard    heard  // what the listeners said
	read     uint64 // of a recording
	isRead   bool   // requests come from a recording, not over the wire
	lost     uint64 // on the wire, as far as this side knows
	received uint64
	targets  []targetTally
}

// A targetTally is one target's part of a tally.
type targetTally struct {
	name    string
	parts   map[part]uint64
	open    uint64 // without an end yet
	service hist.Histogram
	wait    hist.Histogram
}

// tallyOf takes a tally of the accounts; heard is what the listeners said up to now.
func tallyOf(at time.Time, s *report.Snapshot, read *report.Reader, h heard) tally {
	t := tally{at: at, heard: h}
	lost, overWire := read.Counter(s, "wire", "messages_lost")
	t.lost, t.isRead = lost, !overWire
	captured, _ := read.Counter(s, "requests", "captured")
	listed, _ := read.Counter(s, "read", "lines")
	t.read = captured + listed
	for i := range s.Targets {
		t.received = max(t.received, s.Targets[i].Received) // each is offered all
		t.targets = append(t.targets, targetTallyOf(&s.Targets[i], read))
	}
	return t
}

func targetTallyOf(s *forward.TargetStats, read *report.Reader) targetTally {
	t := targetTally{name: s.Target, parts: map[part]uint64{}, open: s.Open(), service: s.Latency, wait: s.Wait}
	for _, kind := range []string{codePart, kindPart, fatePart} {
		for name, n := range read.Labelled(s, kind) {
			if n > 0 && name != "answered" { // which the codes are
				t.parts[part{kind, name}] = n
			}
		}
	}
	return t
}

// since is what came between an earlier tally and t, but for how long it took. What is
// open is so now.
func (t *tally) since(before *tally) tally {
	d := *t
	d.heard = t.heard.since(&before.heard)
	d.read, d.lost, d.received = t.read-before.read, t.lost-before.lost, t.received-before.received
	d.targets = make([]targetTally, len(t.targets))
	for i := range d.targets {
		d.targets[i] = t.targets[i]
		if i < len(before.targets) {
			b := &before.targets[i]
			d.targets[i].parts = less(t.targets[i].parts, b.parts)
		}
		d.targets[i].service, d.targets[i].wait = hist.Histogram{}, hist.Histogram{}
	}
	return d
}

// timesSince is since with how long it took.
func (t *tally) timesSince(before *tally) tally {
	d := t.since(before)
	for i := range d.targets {
		of := &t.targets[i]
		d.targets[i].service, d.targets[i].wait = of.service, of.wait
		if i < len(before.targets) {
			d.targets[i].service, d.targets[i].wait = of.service.Since(&before.targets[i].service), of.wait.Since(&before.targets[i].wait)
		}
	}
	return d
}

// less is what counters have grown by, but for those that have not.
func less[K comparable](now, before map[K]uint64) map[K]uint64 {
	d := maps.Clone(now)
	for key, n := range before {
		if d[key] <= n {
			delete(d, key)
		} else {
			d[key] -= n
		}
	}
	return d
}

// answered, failed and dropped are how many of the requests ended so.
func (t *targetTally) answered() uint64 { return t.sum(codePart) }
func (t *targetTally) failed() uint64   { return t.sum(kindPart) }
func (t *targetTally) dropped() uint64  { return t.sum(fatePart) }

func (t *targetTally) sum(kind string) (n uint64) {
	for p, count := range t.parts {
		if p.kind == kind {
			n += count
		}
	}
	return n
}
