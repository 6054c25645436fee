package sniffer

import (
	"context"
	"io"
	"log/slog"
	"sync"

	"gor/reassembly/recording"
)

// A Repeater reads the same recordings as often as it is asked to.
type Repeater struct {
	options ReplayOptions
	stdin   io.Reader
	log     *slog.Logger

	mu   sync.Mutex
	now  *Recordings // being read, or read last
	used bool        // now was read
}

// OpenRepeater opens the recordings for a first time.
func (o *ReplayOptions) OpenRepeater(stdin io.Reader, log *slog.Logger) (*Repeater, error) {
	r := &Repeater{options: *o, stdin: stdin, log: log}
	var err error
	r.now, err = r.options.Open(stdin, log)
	return r, err
}

// Run reads the recordings from their beginning, as Recordings.Run does.
func (r *Repeater) Run(ctx context.Context, take func(Recorded) error) error {
	now, err := r.next()
	if err != nil {
		return err
	}
	return now.Run(ctx, take)
}

// next is the recordings, opened and not read yet.
func (r *Repeater) next() (*Recordings, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		now, err := r.options.Open(r.stdin, r.log)
		if err != nil {
			return nil, err
		}
		r.now = now
	}
	r.used = true
	return r.now, nil
}

// Stats, Files and Progress are those of the reading that goes on, or was last. Any goroutine
// may call them.
func (r *Repeater) Stats() Stats                  { return r.current().Stats() }
func (r *Repeater) Files() recording.Stats        { return r.current().Files() }
func (r *Repeater) Progress() (read, total int64) { return r.current().Progress() }

func (r *Repeater) current() *Recordings {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Close closes recordings that were not read.
func (r *Repeater) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		return nil
	}
	r.used = true
	return r.now.Close()
}
