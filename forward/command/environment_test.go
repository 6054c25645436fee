package command

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// A variable sets its flag, unless the command line does; what is wrong in it is said
// with its name; and what Kubernetes puts there by itself is not meant for gor.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct {
		name   string
		env    string // NAME=VALUE, separated by "; "
		args   string
		want   string // what the command finds
		stderr string
	}{
		{name: "each kind", env: "GOR_NAME=a,b; GOR_COUNT=3; GOR_WAIT=2s; GOR_SLOWLY=true; GOR_A_FLAG_WITH_A_LONG_NAME=y; GOR_MANY=9",
			want: "[a,b] 3 2s true y 9 set:true"},
		{name: "none", want: "[] 0 1m0s false x 0 set:false"},
		{name: "the command line goes first", env: "GOR_NAME=a; GOR_COUNT=3; GOR_SLOWLY=true", args: "--name b --name c --count 4 --slowly=false",
			want: "[b c] 4 1m0s false x 0 set:true"},
		{name: "empty", env: "GOR_NAME=; GOR_COUNT=; GOR_WAIT=; GOR_SLOWLY=; GOR_A_FLAG_WITH_A_LONG_NAME=", want: "[] 0 1m0s false x 0 set:false"},
		{name: "a service's", env: "GOR_NAME=udp://10.0.0.7:28020; GOR_COUNT=tcp://10.0.0.7:1; GOR_COUNT_PORT=2", want: "[] 0 1m0s false x 0 set:false"},
		{name: "a bad duration", env: "GOR_WAIT=30", stderr: `gor: GOR_WAIT "30": give a duration such as 30s (gor work --help lists the flags)`},
		{name: "a bad number", env: "GOR_COUNT=few", stderr: `gor: GOR_COUNT "few": give a whole number (gor work --help lists the flags)`},
		{name: "a bad boolean", env: "GOR_SLOWLY=rather", stderr: `gor: GOR_SLOWLY "rather": give true or false (gor work --help lists the flags)`},
		{name: "what the command refuses", env: "GOR_COUNT=13", stderr: "gor: --count 13: bad luck (set in the environment: GOR_COUNT)"},
		{name: "what it refuses on the command line", env: "GOR_COUNT=1", args: "--count 13", stderr: "gor: --count 13: bad luck"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for pair := range strings.SplitSeq(tt.env, "; ") {
				if name, value, ok := strings.Cut(pair, "="); ok {
					t.Setenv(name, value)
				}
			}
			var out, errs bytes.Buffer
			app := program(&out, &errs, nil)
			work := app.Commands[0]
			work.Flags = append(work.Flags, &cli.Uint64Flag{Name: "many"})
			work.Action = func(c *cli.Context) error {
				if n := c.Int("count"); n == 13 {
					return UsageError("--count %d: bad luck", n)
				}
				_, err := fmt.Fprintf(&out, "%v %d %v %v %s %d set:%v", c.StringSlice("name"), c.Int("count"), c.Duration("wait"),
					c.Bool("slowly"), c.String("a-flag-with-a-long-name"), c.Uint64("many"), c.IsSet("name") && c.IsSet("count") && c.IsSet("slowly"))
				return err
			}
			status := app.Run(t.Context(), append([]string{"work"}, strings.Fields(tt.args)...))
			if tt.stderr != "" {
				if status != 2 || strings.TrimSpace(errs.String()) != tt.stderr {
					t.Errorf("status %d, %s, want %s", status, errs.String(), tt.stderr)
				}
				return
			}
			if status != 0 || out.String() != tt.want {
				t.Errorf("status %d, %q, want %q; %s", status, out.String(), tt.want, errs.String())
			}
		})
	}
}
