package ctl

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gor/forward/command/control"
)

// start runs something that may be controlled, at a place.
func start(t *testing.T, path, name string) control.Place {
	t.Helper()
	app := &cli.App{Version: "v1", Commands: []*cli.Command{{Name: name, Flags: control.Flags(), Action: func(c *cli.Context) error {
		s, err := control.FromFlags(c, slog.New(slog.DiscardHandler))
		if err != nil {
			return err
		}
		t.Cleanup(s.Close)
		controls := control.Controls{Status: func() (string, []byte) { return name + " is well", fmt.Appendf(nil, `{"command":%q}`, name) }}
		if name == "replay" {
			controls.Pause = func(string) (bool, error) { return false, nil }
		} else {
			controls.Explain = func(bool) {}
		}
		s.Start(controls)
		return nil
	}}}}
	if err := app.Run([]string{"gor", name, "--control", path}); err != nil {
		t.Fatal(err)
	}
	return control.Place{Path: path, Self: control.Self{Command: name, PID: os.Getpid()}}
}

// Flags stand before an order or behind it; without --control whom it is for is found.
func TestCtl(t *testing.T) {
	dir := t.TempDir()
	here := []control.Place{start(t, filepath.Join(dir, "1.sock"), "listen"), start(t, filepath.Join(dir, "2.sock"), "replay")}
	foreign := control.Place{Path: filepath.Join(dir, "3.sock"), Err: errors.New("3.sock belongs to another user: try sudo")}
	heading := func(p control.Place) string { return fmt.Sprintf("--control %s  # %s\n", p.Path, p) }
	both := heading(here[0]) + "listen is well\n\n" + heading(here[1]) + "replay is well\n"
	pid := fmt.Sprint(os.Getpid())
	for _, tt := range []struct {
		args string // L and R stand for the sockets
		here []control.Place
		want string // of an error behind a "!"
	}{
		{"--control R status", nil, "replay is well\n"},
		{"status --control L", nil, "listen is well\n"},
		{"status --control=R --json", nil, "{\"command\":\"replay\"}\n"},
		{"status -control L -json", nil, "{\"command\":\"listen\"}\n"},
		{"pause http://a --control R", nil, "http://a is paused\n"},
		{"pause --control R http://a", nil, "http://a is paused\n"},
		{"status", here[:1], "listen is well\n"},
		{"status", here, both},
		{"status --json", here, "{\"command\":\"listen\"}\n{\"command\":\"replay\"}\n"},
		{"status", append(here[1:2:2], foreign), heading(here[1]) + "replay is well\n\n" + heading(foreign) + "!3.sock belongs to another user: try sudo"},
		{"pause http://a", here, "replay, process " + pid + ":\nhttp://a is paused\n"},
		{"explain on", here, "listen, process " + pid + ":\nexplanations of what is not handed on are on; they go where its log goes\n"},
		{"status --control", nil, "!--control needs a value"},
		{"pause http://a --json --control R", nil, "!--json is for status"},
		{"--control R", nil, "!say what to do: status, limit, pause, resume, deny-path, drain or explain"},
	} {
		var out bytes.Buffer
		cmd := Command()
		cmd.Action = func(c *cli.Context) error {
			return run(c, func() ([]control.Place, error) { return tt.here, nil })
		}
		args := strings.NewReplacer("L", here[0].Path, "R", here[1].Path).Replace(tt.args)
		app := &cli.App{Name: "gor", Commands: []*cli.Command{cmd}, Writer: &out, ErrWriter: &out, ExitErrHandler: func(*cli.Context, error) {}}
		err := app.Run(append([]string{"gor", "ctl"}, strings.Fields(args)...))
		got := out.String()
		if err != nil {
			got += "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s:\n%q, want\n%q", tt.args, got, tt.want)
		}
	}
}
