package compare

import (
	"sync"

	"gor/forward/compare/diff"
)

// A judge keeps what is known of one target.
type judge struct {
	cfg    *Config
	target int

	mu    sync.Mutex
	total [fates]uint64
	begun uint64
}

func newJudge(cfg *Config, target int) *judge { return &judge{cfg: cfg, target: target} }

// begin takes down that a target has done with a request.
func (j *judge) begin() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun++
}

// count takes down the fate of an exchange.
func (j *judge) count(x *Exchange, f fate) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.total[f]++
}

// meet compares the two halves of an exchange.
func (j *judge) meet(x *Exchange, original *diff.Answer) {
	j.count(x, compared)
}

func (j *judge) fates() (f Fates) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f.Compared, f.NoOriginal, f.NoResponse, f.Expired = j.total[compared], j.total[noOriginal], j.total[noResponse], j.total[expired]
	f.Waiting = j.begun - f.Compared - f.NoOriginal - f.NoResponse - f.Expired
	return f
}

func (j *judge) report() TargetReport {
	return TargetReport{Target: j.cfg.Targets[j.target], Fates: j.fates()}
}
