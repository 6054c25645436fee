package control

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// A journal takes a log down.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.String()
}

// A station is a Server with controls that take down what was done.
type station struct {
	*Server
	log  *journal
	mu   sync.Mutex
	done []string
}

func (s *station) did(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = append(s.done, fmt.Sprintf(format, args...))
}

// controls are a replayer's with a target called "t".
func (s *station) controls() Controls {
	pause := func(word string, before bool) func(string) (bool, error) {
		return func(target string) (bool, error) {
			if target != "t" {
				return false, errors.New("there is no target " + target)
			}
			s.did("%s %s", word, target)
			return before, nil
		}
	}
	return Controls{
		Status: func() (string, []byte) { return "all is well", []byte(`{"ready":true}`) },
		Limit: func(target, limit string) (string, error) {
			s.did("limit %s %s", target, limit)
			return "10", nil
		},
		Pause: pause("pause", false), Resume: pause("resume", true),
		DenyPath: func(expr string) error { s.did("deny %s", expr); return nil },
		Drain:    func() { s.did("drain") },
	}
}

// newStation starts a Server at a path, which does not wait for long, changed by settings.
func newStation(t *testing.T, path string, settings ...func(*Server)) *station {
	t.Helper()
	s := &station{log: &journal{}}
	socket, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Server = newServer(Config{Command: "replay", Version: "v1", Log: slog.New(slog.NewTextHandler(s.log, nil))}, socket)
	s.patience = 300 * time.Millisecond
	for _, set := range settings {
		set(s.Server)
	}
	s.Start(s.controls())
	t.Cleanup(s.Close)
	return s
}

func somewhere(t *testing.T) string { return filepath.Join(t.TempDir(), "gor.sock") }
