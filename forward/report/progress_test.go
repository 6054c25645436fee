package report

import (
	"bytes"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A screen is written to by a Reporter's goroutines.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *screen) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.buf.Reset()
	return s.buf.String()
}

// On a terminal the line is there once a second, in a width that fits; where there is
// none, or no statistics are wanted, it is not.
func TestShowProgress(t *testing.T) {
	for _, tt := range []struct {
		name     string
		terminal bool
		every    time.Duration
		want     string
	}{
		{"terminal", true, time.Hour, "\r\x1b[K79\r\x1b[K79\r\x1b[K79"},
		{"no terminal", false, time.Hour, ""},
		{"no statistics", true, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				out := &screen{}
				r, err := New(Config{Terminal: tt.terminal, Every: tt.every, Out: out, Log: slog.New(slog.DiscardHandler), Collect: func() Snapshot { return Snapshot{} }})
				if err != nil {
					t.Fatal(err)
				}
				r.ShowProgress(func(width int) string { return strconv.Itoa(width) })
				r.Start()
				time.Sleep(3*time.Second + time.Millisecond)
				if got := out.take(); got != tt.want {
					t.Errorf("%q, want %q", got, tt.want)
				}
				r.Close()
				time.Sleep(time.Minute)
				if got := out.take(); got != "" {
					t.Errorf("after the end: %q", got)
				}
			})
		})
	}
}
