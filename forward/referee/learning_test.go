package referee

import (
	"strings"
	"testing"
	"time"

	"gor/forward"
	"gor/forward/sessions"
)

// TestLearning: where targets are to be sent their own sessions, and no answer of production's comes, that is said, once,
// and what is missing; not before requests come and answers have had time to, nor where one comes.
func TestLearning(t *testing.T) {
	s := newServer(t)
	own := sessions.Config{On: true}
	for _, tt := range []struct {
		name    string
		own     sessions.Config
		patient bool
		request bool
		answers string // of production's: what comes
		after   time.Duration
		ending  bool
		want    string
	}{
		{"no answers", own, false, true, "", learnWithin, false, "--responses 100%"},
		{"no answers in a recording", own, true, true, "", learnWithin, false, "record both directions"},
		{"too early to say", own, false, true, "", learnWithin - 1, false, ""},
		{"at the end", own, false, true, "", 0, true, "--responses 100%"},
		{"no requests", own, false, false, "", time.Hour, true, ""},
		{"not asked for", sessions.Config{}, false, true, "", time.Hour, true, ""},
		{"an answer", own, false, true, "answer", time.Hour, true, ""},
		{"only lost answers", own, false, true, "missing", time.Hour, true, "--responses 100%"},
		{"answers that nobody can read", own, false, true, "nonsense", time.Hour, true, "--responses 100%"},
	} {
		specs, err := forward.ParseTargets(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		m := beginWith(t, Options{Baseline: -1}, forward.Config{Targets: specs, Sessions: tt.own}, nil)
		m.stop() // time is ours
		m.wg.Wait()
		m.patient = tt.patient
		now := time.Now()
		m.watchLearning(now.Add(-time.Hour), false)
		if tt.request {
			m.submit(1, 0, 0, "/a")
		}
		switch o := original(1, 0, 0, 200, "/a"); tt.answers {
		case "missing":
			m.Original(&Original{Conn: 1 << 32, Missing: true})
		case "nonsense":
			o.Head = []byte("nonsense")
			fallthrough
		case "answer":
			m.Original(o)
		}
		m.watchLearning(now, false)
		m.watchLearning(now.Add(tt.after), tt.ending)
		m.watchLearning(now.Add(tt.after), tt.ending)
		if got := m.Lacks(); (got != "") != (tt.want != "") || !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
		said := strings.Count(m.log.String(), "own-sessions")
		if want := min(len(tt.want), 1); said != want {
			t.Errorf("%s: it is said %d times in %s", tt.name, said, m.log)
		}
		m.Original(original(1, 1, 0, 200, "/b"))
		if m.watchLearning(now.Add(tt.after), false); m.Lacks() != "" {
			t.Errorf("%s: an answer has come", tt.name)
		}
		m.end()
	}
	var none *Referee
	if none.Lacks() != "" {
		t.Error("nothing is compared")
	}
}

// TestLearningEnds: it is said at the end of a run that was too short for it to be said before.
func TestLearningEnds(t *testing.T) {
	s := newServer(t)
	specs, err := forward.ParseTargets(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	m := beginWith(t, Options{Baseline: -1}, forward.Config{Targets: specs, Sessions: sessions.Config{On: true}}, nil)
	m.submit(1, 0, 0, "/a")
	if m.end(); !strings.Contains(m.log.String(), "no session can be learnt") {
		t.Errorf("%s", m.log)
	}
}
