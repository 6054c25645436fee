package referee

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"gor/forward"
)

// TestFlags: what the flags say, and what is wrong with those that say nothing.
func TestFlags(t *testing.T) {
	for _, tt := range []struct {
		args, targets string
		paced         bool
		want          Options
		wrong         string
	}{
		{"", "http://a", false, Options{Baseline: -1, Memory: 64 << 20, Echo: .01}, ""},
		{"", "http://a", true, Options{Baseline: -1, Memory: 64 << 20}, ""},
		{"--compare off", "http://a", false, Options{Off: true, Baseline: -1}, ""},
		{"--compare on --echo 0 --compare-memory 1M", "http://a", false, Options{Baseline: -1, Memory: 1 << 20}, ""},
		{"--compare-to http://b", "http://a,http://b", false, Options{Baseline: 1, Memory: 64 << 20, Echo: .01}, ""},
		{"--compare-to b", "http://a,http://b|10", false, Options{Baseline: 1, Memory: 64 << 20, Echo: .01}, ""},
		{"--compare-to b|20", "b|10,b|20", false, Options{Baseline: 1, Memory: 64 << 20, Echo: .01}, ""},
		{"--compare-to b --echo 100%", "b|10%,a|10%", false, Options{Baseline: 0, Memory: 64 << 20, Echo: 1}, ""},
		{"--compare-to b", "b|10,b|20", false, Options{}, "more than one"},
		{"--compare-to c", "http://a,http://b", false, Options{}, "none of the targets"},
		{"--compare-to http://b", "http://b", false, Options{}, "give two targets"},
		{"--compare-to b:x", "a,b", false, Options{}, "port"},
		{"--compare perhaps", "a", false, Options{}, "give on or off"},
		{"--compare off --echo 1%", "a", false, Options{}, "exclude each other"},
		{"--compare off --compare-to b", "a,b", false, Options{}, "exclude each other"},
		{"--echo 1% ", "a", true, Options{}, "--rate exclude each other"},
		{"--echo 0", "a", true, Options{Baseline: -1, Memory: 64 << 20}, ""},
		{"--echo 1", "a", false, Options{}, "give a share"},
		{"--echo 101%", "a", false, Options{}, "give a share"},
		{"--echo NaN%", "a", false, Options{}, "give a share"},
		{"--echo -1%", "a", false, Options{}, "give a share"},
		{"--compare-memory 0", "a", false, Options{}, "--compare-memory"},
		{"--ignore", "a", false, Options{}, "--ignore"},
	} {
		specs, err := forward.ParseTargets(tt.targets)
		if err != nil {
			t.Fatal(err)
		}
		var got Options
		app := &cli.App{Flags: Flags(), Writer: &strings.Builder{}, ErrWriter: &strings.Builder{}, ExitErrHandler: func(*cli.Context, error) {}, Action: func(c *cli.Context) (err error) {
			got, err = FromFlags(c, specs, tt.paced)
			return err
		}}
		args := strings.Fields("gor " + tt.args)
		if tt.args == "--ignore" {
			args = append(args, "a b c d e")
		}
		err = app.Run(args)
		if tt.wrong != "" {
			if coded, ok := err.(cli.ExitCoder); !ok || coded.ExitCode() != 2 || !strings.Contains(err.Error(), tt.wrong) {
				t.Errorf("%s, to %s: %v, want %q", tt.args, tt.targets, err, tt.wrong)
			}
			continue
		}
		if err != nil || got.Off != tt.want.Off || got.Baseline != tt.want.Baseline || !got.Off && (got.Memory != tt.want.Memory || got.Echo != tt.want.Echo) {
			t.Errorf("%s, to %s: %+v, %v", tt.args, tt.targets, got, err)
		}
	}
}
