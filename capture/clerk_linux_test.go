package capture

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestClerkRefuses: a clerk touches no files but those of its series, and takes no
// other command line for its own.
func TestClerkRefuses(t *testing.T) {
	s := seriesOf("tape.pcap.gz")
	for _, name := range []string{
		"", "tape.pcap.gz", "tape-1.pcap.gz", "tape-00001.pcap", "tape-00000.pcap.gz", "tape--0001.pcap.gz", "tape-000001.pcap.gz",
		"../tape-00001.pcap.gz", "/etc/passwd", "tape-00001.pcap.gz/../x", "tape-00001.pcap.gz\x00", "other-00001.pcap.gz",
	} {
		for _, what := range []byte{clerkMakes, clerkRemoves} {
			if file, err := s.serve(what, name); !errors.Is(err, unix.EPERM) || file >= 0 {
				t.Errorf("%c %q: %d, %v", what, name, file, err)
			}
		}
	}
	for _, args := range [][]string{nil, {"gor"}, {"gor", "listen", "a", "b"}, {"gor", clerkFlag, "a"}, {"gor", clerkFlag, "a", "b", "c"}} {
		if ServeAsClerk(args) {
			t.Errorf("%q is a clerk", args)
		}
	}
}

// TestClerkGone: without a clerk, which has ended, there is an error and no wait. The
// test's own program ends at once when it is started as one.
func TestClerkGone(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c, err := startClerk(root, seriesOf("tape"))
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Wait()
	if f, err := c.create("tape-00001"); err == nil {
		f.Close()
		t.Error("nobody made a file")
	}
	if err := c.remove("tape-00001"); err == nil {
		t.Error("nobody removed a file")
	}
	c.close()
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestSeries(t *testing.T) {
	for _, tt := range []struct{ name, stem, ext string }{
		{"a", "a", ""}, {"a.pcap", "a", ".pcap"}, {"a.pcap.gz", "a", ".pcap.gz"}, {"a.gz", "a", ".gz"}, {"a.b.c", "a.b", ".c"}, {".gz", "", ".gz"},
	} {
		s := seriesOf(tt.name)
		if s.stem != tt.stem || s.ext != tt.ext {
			t.Errorf("%q: %+v", tt.name, s)
		}
		for _, n := range []int{1, 42, 99_999, 100_000, 1234567} {
			if got, ours := s.number(s.name(n)); !ours || got != n {
				t.Errorf("%q is number %d, want %d", s.name(n), got, n)
			}
		}
	}
}
