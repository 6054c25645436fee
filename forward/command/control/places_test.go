package control

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

// An order goes to the one that can be meant; where that may be several, each is listed
// with what to type.
func TestPick(t *testing.T) {
	run := func(path, command string, pid int) Place {
		return Place{Path: path, Self: Self{Command: command, PID: pid}}
	}
	listener, replayer, second := run("/run/gor/1.sock", "listen", 1), run("/run/gor/2.sock", "replay", 2), run("/run/a b.sock", "replay", 3)
	foreign := Place{Path: "/run/gor/9.sock", Err: errors.New("/run/gor/9.sock belongs to another user: try sudo")}
	for _, tt := range []struct {
		name  string
		all   []Place
		words string
		want  string // its path, or of an error behind a "!"
	}{
		{"one, which cannot do it", []Place{listener}, "limit t 1", listener.Path},
		{"one of each, for targets", []Place{listener, replayer}, "limit t 1", replayer.Path},
		{"one of each, pause", []Place{listener, replayer}, "pause t", replayer.Path},
		{"one of each, deny-path", []Place{listener, replayer}, "deny-path ^/a", replayer.Path},
		{"one of each, explain", []Place{listener, replayer}, "explain on", listener.Path},
		{"one of each, drain", []Place{listener, replayer}, "drain",
			"!2 run here that may be meant:\n  gor ctl --control /run/gor/1.sock drain  # listen, process 1\n  gor ctl --control /run/gor/2.sock drain  # replay, process 2"},
		{"two replayers", []Place{listener, replayer, second}, "deny-path ^/a|it's",
			"!2 run here that may be meant:\n  gor ctl --control /run/gor/2.sock deny-path '^/a|it'\\''s'  # replay, process 2\n  gor ctl --control '/run/a b.sock' deny-path '^/a|it'\\''s'  # replay, process 3"},
		{"two replayers, deny-path of no listener", []Place{replayer, listener}, "resume t", replayer.Path},
		{"no listener to explain", []Place{replayer, second}, "explain on",
			"!2 run here that may be meant:\n  gor ctl --control /run/gor/2.sock explain on  # replay, process 2\n  gor ctl --control '/run/a b.sock' explain on  # replay, process 3"},
		{"another user's alone", []Place{foreign}, "drain", "!/run/gor/9.sock belongs to another user: try sudo"},
		{"another user's, too", []Place{foreign, replayer}, "drain", replayer.Path},
	} {
		p, err := Pick(tt.all, strings.Fields(tt.words))
		got := p.Path
		if err != nil {
			got = "!" + err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if foreign.String() != "another user's" {
		t.Error(foreign)
	}
}

// What is quoted comes back as it was from a shell.
func TestQuote(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell: ", err)
	}
	for _, w := range []string{"http://a:80/x?y=1", "10%", "^/(a|b)$", "it's", "", "a b", "$HOME", "`id`", "\\", "\"", "é", "~", "*", "!x"} {
		out, err := exec.Command(sh, "-c", "printf %s "+quote(w)).Output()
		if err != nil || string(out) != w {
			t.Errorf("%q is %q, %v", w, out, err)
		}
	}
}
