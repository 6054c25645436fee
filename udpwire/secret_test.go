package udpwire

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// secretOf is what the flag and the environment give.
func secretOf(t *testing.T, file, env string) (string, string, error) {
	t.Setenv("GOR_SECRET", env)
	set := flag.NewFlagSet("", flag.ContinueOnError)
	set.String("secret-file", file, "")
	b, name, err := secret(cli.NewContext(cli.NewApp(), set, nil))
	return string(b), name, err
}

// TestSecret: a secret is the same wherever it is from, and one that protects nothing is refused.
func TestSecret(t *testing.T) {
	const good = "0123456789abcdef"
	for _, c := range []struct {
		name, text, want string
		ok               bool
	}{
		{"the shortest", good, good, true},
		{"with a line end", good + "\n", good, true},
		{"with blanks around", " \t" + good + "\r\n\n", good, true},
		{"with blanks inside", good + " " + good, good + " " + good, true},
		{"a byte too short", good[:15], "", false},
		{"too short without its blanks", good[:15] + "          ", "", false},
		{"one byte", "x", "", false},
		{"blanks alone", strings.Repeat(" ", 40), "", false},
		{"a line end alone", "\n", "", false},
	} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, name, err := secretOf(t, file, ""); got != c.want || (err == nil) != c.ok || c.ok && name != file {
			t.Errorf("%s, in a file: %q, %q, %v", c.name, got, name, err)
		}
		if got, name, err := secretOf(t, "", c.text); got != c.want || (err == nil) != c.ok || name != "" {
			t.Errorf("%s, in the environment: %q, %q, %v", c.name, got, name, err)
		}
	}
	if got, _, err := secretOf(t, "", ""); got != "" || err != nil {
		t.Errorf("none: %q, %v", got, err)
	}
	if _, _, err := secretOf(t, filepath.Join(t.TempDir(), "missing"), good); err == nil {
		t.Error("a file that is not there is passed over")
	}
}

// TestSecretReadable: a file that everybody may read is warned of.
func TestSecretReadable(t *testing.T) {
	for mode, warned := range map[os.FileMode]bool{0o600: false, 0o640: false, 0o644: true, 0o604: true} {
		file := filepath.Join(t.TempDir(), "secret")
		if err := os.WriteFile(file, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Skip("this system has other modes")
		}
		var log bytes.Buffer
		warnReadable(slog.New(slog.NewTextHandler(&log, nil)), file)
		if strings.Contains(log.String(), file) != warned {
			t.Errorf("mode %o: %q", mode, log.String())
		}
	}
}

// TestSecretNamed: whoever waits in vain, or hears what it does not understand, is told that it may be the secret, and
// nothing goes out in clear instead.
func TestSecretNamed(t *testing.T) {
	for _, c := range []struct {
		name, listener, replayer string
		here, there              string // What the listener and the replayer say.
	}{
		{"another", "a secret of many letters", "another of as many letters", "same secret", "another one"},
		{"none at the listener", "", "another of as many letters", "without a secret", "or none"},
		{"none at the replayer", "a secret of many letters", "", "same secret", "this replayer has none"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNetwork(t, 1, c.listener)
			n.startReplayer(c.replayer)
			var here, there bytes.Buffer
			n.peer.log = slog.New(slog.NewTextHandler(&here, nil))
			n.recv.cfg.Logger = slog.New(slog.NewTextHandler(&there, nil))
			clear := 0
			n.tap = func(toReplayer bool, d []byte) {
				if kind(d[4]) == kindData || !toReplayer {
					clear++
				}
			}
			n.load(100)
			n.run(n.now + 2*warnAfter)
			if !strings.Contains(here.String(), c.here) || !strings.Contains(there.String(), c.there) {
				t.Errorf("the listener says\n%s\nthe replayer\n%s", &here, &there)
			}
			if clear > 0 || len(n.got) > 0 {
				t.Errorf("%d datagrams with data or in response, %d messages", clear, len(n.got))
			}
		})
	}
}

// TestSecretFileWarned: both sides look at the file that their secret is from.
func TestSecretFileWarned(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || !readableByAll(info.Mode()) {
		t.Skip("this system does not say who may read a file")
	}
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", SecretFile: file, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := recv.Run(ctx, func(*Message) {}); err != nil {
		t.Error(err)
	}
	send, err := Dial(SenderConfig{Replayers: []string{"127.0.0.1:9"}, SecretFile: file, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	limit, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	send.Close(limit)
	if strings.Count(log.String(), file) != 2 {
		t.Errorf("said\n%s", &log)
	}
}
