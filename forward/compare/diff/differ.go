package diff

import (
	"bytes"
	"hash/maphash"
	"net/http"
	"strconv"
)

const (
	maxDifferences = 200 // that are told of one pair of answers
	maxFields      = 200 // of an answer that are compared
	maxPath        = 200 // bytes of a path; what lies deeper is one value
	maxValue       = 100 // bytes of a value that are shown
)

// A Differ compares answers. It keeps its room from one pair to the next, and is not for
// concurrent use.
type Differ struct {
	seed  maphash.Seed // the same for all Differs whose pairs are counted together
	visit func(*Difference)
	told  int

	then, now   *Answer
	path        []byte
	values      [2][]byte // room for what is shown
	json        treeDiffer
	found       Difference // that visit is told of
	decoders    decoders
	secret      bool // the place is below a name that says so
	notCompared string
}

// New makes a Differ. Those with the same seed are of one opinion.
func New(seed maphash.Seed) *Differ {
	d := &Differ{seed: seed}
	d.json.Differ = d
	return d
}

// Compare tells visit of each place where two answers differ; it may be told of a
// place several times, where that stands for many. Where statuses differ nothing else
// is compared. notCompared says why the bodies could not be, or not to
// their ends; "": they were, and what was not told of is the same.
func (d *Differ) Compare(then, now *Answer, visit func(*Difference)) (notCompared string) {
	d.then, d.now, d.visit = then, now, visit
	d.told, d.notCompared, d.secret = 0, "", false
	defer d.forget()
	if then.Status != now.Status {
		d.status()
		return ""
	}
	d.fields()
	if then.Status != http.StatusNotModified && then.Status != http.StatusNoContent {
		d.body()
	}
	return d.notCompared
}

// forget lets go of the answers.
func (d *Differ) forget() {
	d.then, d.now, d.visit = nil, nil, nil
	d.json.trees[0].text, d.json.trees[1].text = nil, nil
}

// tell tells of a difference at the path that is set.
func (d *Differ) tell(x Difference) {
	if d.told++; d.told <= maxDifferences {
		d.found = x
		d.found.Path = d.path
		d.visit(&d.found)
	}
}

func (d *Differ) status() {
	d.path = append(d.path[:0], "status"...)
	a, b := strconv.AppendInt(d.values[0][:0], int64(d.then.Status), 10), strconv.AppendInt(d.values[1][:0], int64(d.now.Status), 10)
	x := Difference{What: Changed, Reason: Status, Then: a, Now: b}
	x.pair(d.seed, a, b)
	d.values = [2][]byte{a, b}
	d.tell(x)
}

// show prepares a value for people: printable, cut, and nothing of a secret.
func (d *Differ) show(i int, value []byte) []byte {
	b := d.values[i][:0]
	switch {
	case d.secret:
		b = append(b, "(hidden, "...)
		b = strconv.AppendInt(b, int64(len(value)), 10)
		b = append(b, " bytes)"...)
	case len(value) > maxValue:
		b = append(printable(b, bytes.ToValidUTF8(value[:maxValue], nil)), "…"...)
	default:
		b = printable(b, value)
	}
	d.values[i] = b
	return b
}

// changed tells of a value that is another one.
func (d *Differ) changed(r Reason, then, now []byte, why string) {
	x := Difference{What: Changed, Reason: r, Generated: why}
	if why == "" {
		x.Generated = generated(then, now, d.then.At, d.now.At)
	}
	x.named(d.seed, then, now)
	x.Then, x.Now = d.show(0, then), d.show(1, now)
	d.tell(x)
}

// gone tells of a place that only one of the answers has.
func (d *Differ) gone(r Reason, then, now []byte, why string) {
	x := Difference{What: Missing, Reason: r, Then: then, Now: now, Generated: why}
	if then == nil {
		x.What, x.Now = Added, d.show(1, now)
	} else {
		x.Then = d.show(0, then)
	}
	x.presence()
	d.tell(x)
}
