package topics

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The units that the topic has are such as systemd understands whole, and gives no
// more than an exposure that it calls OK.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skipf("systemd itself has to judge: %v", err)
	}
	dir, units := t.TempDir(), 0
	for i, file := range strings.Split(text("systemd"), "\n# /etc/systemd/system/") {
		if i == 0 {
			continue
		}
		name, unit, _ := strings.Cut(file, "\n")
		path := filepath.Join(dir, name)
		unit = strings.Replace(unit, "ExecStart=/usr/local/bin/gor", "ExecStart=/bin/true", 1) // which has to be there
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		units++
		for _, args := range [][]string{{"verify", "--man=no", path}, {"security", "--offline=true", "--threshold=25", "--no-pager", path}} {
			out, err := exec.Command(analyze, args...).CombinedOutput()
			if err != nil || args[0] == "verify" && len(out) > 0 {
				t.Errorf("%s: systemd-analyze %s: %v\n%s", name, args[0], err, out)
			}
		}
	}
	if units != 2 {
		t.Errorf("%d units", units)
	}
}
