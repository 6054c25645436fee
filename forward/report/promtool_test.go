package report

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gor/forward/compare"
)

// rules are those that the help proposes for Prometheus.
func rules(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../command/topics/alerts.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, found := bytes.Cut(text, []byte("\n\n"))
	if !found {
		t.Fatal("there are no rules")
	}
	return rules
}

// TestAlerts: the rules speak of metrics that there are, and of fates.
func TestAlerts(t *testing.T) {
	all := everyStats()
	listen := &Reporter{cfg: Config{Command: "listen"}}
	replay := &Reporter{cfg: Config{Command: "replay"}}
	page := string(replay.appendMetrics(listen.appendMetrics(nil, Snapshot{Groups: all[:len(all)-1]}), Snapshot{Targets: exampleStats(), Compared: exampleFates()}))
	names := regexp.MustCompile(`gor_\w+`).FindAll(rules(t), -1)
	if len(names) < 8 {
		t.Errorf("%d metrics", len(names))
	}
	for _, name := range names {
		if !strings.Contains(page, "# TYPE "+string(name)+" ") {
			t.Errorf("there is no %s", name)
		}
	}
	for _, m := range regexp.MustCompile(`fate=~?"([a-z_|]+)"`).FindAllSubmatch(rules(t), -1) {
		for fate := range strings.SplitSeq(string(m[1]), "|") {
			if !strings.Contains(page, `fate="`+fate+`"`) {
				t.Errorf("there is no fate %s", fate)
			}
		}
	}
}

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
	file := filepath.Join(t.TempDir(), "gor.rules")
	if err := os.WriteFile(file, rules(t), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(promtool, "check", "rules", file).CombinedOutput(); err != nil || !bytes.Contains(out, []byte("9 rules found")) {
		t.Errorf("rules: %v\n%s", err, out)
	}
}
