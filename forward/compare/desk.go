package compare

import (
	"hash/maphash"
	"runtime"

	"gor/forward/compare/diff"
)

const (
	// deskShare is how many bytes of Config.Memory there are for each pair of answers that is compared at once: the worst take half
	// of that, beside it.
	deskShare = 16 << 20

	// maxIdle is how much room is kept for the next pair.
	maxIdle = 512 << 10
)

// A desk lends findings to whoever compares: to so many at once that the room they take is bounded, and the others
// wait for a moment, as they would for a processor.
type desk struct {
	seed maphash.Seed
	free chan *findings
}

func newDesk(memory int64) *desk {
	n := max(1, min(runtime.GOMAXPROCS(0), int(min(memory/deskShare, 1<<10))))
	d := &desk{maphash.MakeSeed(), make(chan *findings, n)}
	for range n {
		d.free <- d.findings()
	}
	return d
}

func (d *desk) findings() *findings { return &findings{differ: diff.New(d.seed)} }

// compare finds the differences of two answers and calls use with them.
func (d *desk) compare(then, now *diff.Answer, use func(*findings)) {
	f := <-d.free
	defer func() { d.free <- d.tidy(f) }()
	f.all, f.text = f.all[:0], f.text[:0]
	f.notCompared = f.differ.Compare(then, now, f.add)
	use(f)
}

// tidy is f for the next pair, without the room that an odd one took.
func (d *desk) tidy(f *findings) *findings {
	if f.differ.Room()+cap(f.text) > maxIdle {
		return d.findings()
	}
	return f
}
