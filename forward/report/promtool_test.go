package report

import (
	"bytes"
	"io"
	"log/slog"
	"os/exec"
	"strings"
	"testing"

	"gor/forward/compare"
)

// TestPromtool: Prometheus' own check has not a word to say about what either side serves,
// with all that they can have, nor about the alerts that the help proposes.
func TestPromtool(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skipf("Prometheus' own check is not there: %v", err)
	}
	all := everyStats()
	sender, receiver := all[len(all)-2], all[len(all)-1]
	recording := all[len(all)-3]
	for command, s := range map[string]Snapshot{
		"listen": {Groups: append(all[:len(all)-3:len(all)-3], recording, sender)},
		"replay": {
			Groups: []Group{receiver, recording}, Targets: exampleStats(), Compared: make([]compare.Fates, 2),
			Listeners: []Listener{{Address: "10.0.0.1:1", Host: "a\"b\\c\nd", Version: "v1", Accounts: []ListenerAccount{{"requests_captured", 7}}}},
		},
		"replay --read": {Groups: all[:5], Targets: exampleStats()},
	} {
		name, _, _ := strings.Cut(command, " ")
		r, err := New(Config{Command: name, Version: "v1", Metrics: "127.0.0.1:0", Out: io.Discard, Log: slog.New(slog.DiscardHandler), Collect: func() Snapshot { return s }})
		if err != nil {
			t.Fatal(err)
		}
		r.Start()
		page := get(t, "http://"+r.metrics.Addr().String()+"/metrics")
		r.Close()
		checkExposition(t, page)
		check := exec.Command(promtool, "check", "metrics")
		check.Stdin = strings.NewReader(page)
		if out, err := check.CombinedOutput(); err != nil || len(bytes.TrimSpace(out)) > 0 {
			t.Errorf("%s: %v\n%s", command, err, out)
		}
	}
}
