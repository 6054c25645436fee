package referee

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"gor/forward"
)

// TestShares: it is said where two targets that are held against each other do not get the same requests.
func TestShares(t *testing.T) {
	for targets, want := range map[string]string{"http://a,http://b": "", "http://a|10%,http://b|10%": "", "http://a|10%,http://b|20%": "different shares", "http://a,http://b|5": "limits"} {
		specs, err := forward.ParseTargets(targets)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		if _, err := New(Options{Baseline: 0}, &forward.Config{Targets: specs, Logger: slog.New(slog.NewTextHandler(&log, nil))}, false); err != nil {
			t.Fatal(err)
		}
		if got := log.String(); (got != "") != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", targets, got, want)
		}
	}
}

// TestBeginnings: of a body of production's of which only the beginning came, that is compared.
func TestBeginnings(t *testing.T) {
	s := newServer(t)
	m := begin(t, Options{Baseline: -1}, s.URL, nil)
	for n, body := range []string{"/0", "/1/and"} {
		o := original(1, n, 0, 200, body)
		o.Body, o.Whole = o.Body[:2], n == 0
		m.Original(o)
		m.submit(1, n, 0, body)
	}
	m.end()
	r := m.Report().Targets[0]
	if r.Same != 2 || r.InPart != 1 || r.NotCompared["longer than what is kept"] != 1 {
		t.Errorf("%+v, %v", r.Fates, r.NotCompared)
	}
}
