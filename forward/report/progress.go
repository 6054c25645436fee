package report

import "time"

const (
	progressEvery = time.Second
	defaultWidth  = 80 // columns, of a terminal that does not say
)

// ShowProgress has a line that fits a width take the place of the intervals' lines on
// a terminal, once a second. Elsewhere, and where no intervals are wanted, it changes
// nothing. It is called before Start.
func (r *Reporter) ShowProgress(line func(width int) string) {
	if r.cfg.Terminal && r.cfg.Every > 0 {
		r.progress = line
	}
}

// runProgress writes the line that ShowProgress was given until the Reporter ends.
func (r *Reporter) runProgress() {
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-ticker.C:
			// One column less: a terminal may begin a new line behind the last.
			r.cfg.Out.Write([]byte("\r\x1b[K" + r.progress(width(r.cfg.Out)-1)))
		}
	}
}
