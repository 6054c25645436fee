package command

import (
	"bytes"
	"errors"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// program is an App with two commands, of which one fails as it is told to.
func program(out, errs *bytes.Buffer, fail error) *App {
	return &App{
		Usage: "show how it is done", Stdin: strings.NewReader(""), Stdout: out, Stderr: errs,
		Topics: []Topic{{Name: "tools", Usage: "what to work with", Text: func() string { return "a hammer\n" }}},
		Commands: []*cli.Command{
			{
				Name: "work", Usage: "do what is to be done", UsageText: "gor work -n 3\ngor work --slowly",
				Flags: []cli.Flag{
					&cli.StringSliceFlag{Name: "name", Category: "Who", Aliases: []string{"n"}, Usage: "these `NAMES`, comma separated", DefaultText: "all"},
					&cli.IntFlag{Name: "size", Usage: "how large", DefaultText: "found out"},
					&cli.IntFlag{Name: "count", Usage: "how many"},
					&cli.DurationFlag{Name: "wait", Value: time.Minute, Usage: "how long"},
					&cli.StringFlag{Name: "a-flag-with-a-long-name", Value: "x", Usage: strings.Repeat("word ", 30) + "end"},
					&cli.BoolFlag{Name: "slowly", Category: "Who", Usage: "take time"},
				},
				Action: func(*cli.Context) error { return fail },
			},
			{Name: "rest", Usage: "do nothing", Action: func(*cli.Context) error { return nil }},
		},
	}
}

const programHelp = `gor: show how it is done

Usage: gor COMMAND [FLAGS]

Commands:
  work                     do what is to be done
  rest                     do nothing
  help                     explain gor, or a command or topic by its name
  version                  print the version, as --version does

gor COMMAND --help explains a command's flags.

gor help TOPIC explains a topic:
  tools                    what to work with
`

const workHelp = `gor work: do what is to be done

For instance:
  gor work -n 3
  gor work --slowly

Who:
  -n, --name NAMES         these NAMES, comma separated (default: all)
  --slowly                 take time

Flags:
  --size NUMBER            how large (default: found out)
  --count NUMBER           how many
  --wait TIME              how long (default: 1m)
  --a-flag-with-a-long-name VALUE
                           word word word word word word word word word word
                           word word word word word word word word word word
                           word word word word word word word word word word end
                           (default: x)

The environment may set any flag instead: GOR_NAME is --name.
`

func TestRun(t *testing.T) {
	for _, tt := range []struct {
		args   string // separated by blanks
		fail   error  // of the command work
		status int
		stdout string // whole, or its beginning where it ends in "..."
		stderr string
	}{
		{args: "", stdout: programHelp},
		{args: "help", stdout: programHelp},
		{args: "--help", stdout: programHelp},
		{args: "-h", stdout: programHelp},
		{args: "help -h", stdout: programHelp},
		{args: "help work", stdout: workHelp},
		{args: "help tools", stdout: "a hammer\n"},
		{args: "work --help", stdout: workHelp},
		{args: "work -h", stdout: workHelp},
		{args: "help wrok", status: 2, stderr: "gor: there is no command or topic \"wrok\": is it gor help work? (gor help lists all)\n"},
		{args: "help tool", status: 2, stderr: "gor: there is no command or topic \"tool\": is it gor help tools? (gor help lists all)\n"},
		{args: "help nosuch", status: 2, stderr: "gor: there is no command or topic \"nosuch\": the topics are tools\n"},
		{args: "wrok", status: 2, stderr: "gor: there is no command \"wrok\": use work or rest\n"},
		{args: "version", stdout: "gor version ..."},
		{args: "--version", stdout: "gor version ..."},
		{args: "version 2", status: 2, stderr: "gor: version: \"2\" is not a flag: version takes flags only\n"},
		{args: "work hard", status: 2, stderr: "gor: work: \"hard\" is not a flag: work takes flags only\n"},
		{args: "work --wait 30", status: 2, stderr: "gor: --wait \"30\": give a duration such as 30s (gor work --help lists the flags)\n"},
		{args: "work --wait=soon", status: 2, stderr: "gor: --wait \"soon\": give a duration such as 30s (gor work --help lists the flags)\n"},
		{args: "work --count few", status: 2, stderr: "gor: --count \"few\": give a whole number (gor work --help lists the flags)\n"},
		{args: "work --slowly=rather", status: 2,
			stderr: "gor: --slowly \"rather\": give no value, or true or false behind = (gor work --help lists the flags)\n"},
		{args: "work --quickly", status: 2, stderr: "gor: there is no flag --quickly (gor work --help lists the flags)\n"},
		{args: "work --wait", status: 2, stderr: "gor: --wait needs a value (gor work --help lists the flags)\n"},
		{args: "work --cuont 1", status: 2, stderr: "gor: there is no flag --cuont: is it --count? (gor work --help lists the flags)\n"},
		{args: "work --names a", status: 2, stderr: "gor: there is no flag --names: is it --name? (gor work --help lists the flags)\n"},
		{args: "work -n a --name b", status: 2, stderr: "gor: -n and --name are one flag: use one of its names (gor work --help lists the flags)\n"},
		{args: "work -q", status: 2, stderr: "gor: there is no flag -q (gor work --help lists the flags)\n"},
		{args: "work --help now", status: 2, stderr: "gor: work: \"now\" is not a flag: work takes flags only\n"},
		{args: "work -n a,b --slowly"},
		{args: "work", fail: errors.New("no tools"), status: 1, stderr: "gor: no tools\n"},
		{args: "work", fail: UsageError("so many"), status: 2, stderr: "gor: so many\n"},
	} {
		t.Run("gor "+tt.args, func(t *testing.T) {
			var out, errs bytes.Buffer
			status := program(&out, &errs, tt.fail).Run(t.Context(), strings.Fields(tt.args))
			begin, isBegin := strings.CutSuffix(tt.stdout, "...")
			if status != tt.status || errs.String() != tt.stderr || !strings.HasPrefix(out.String(), begin) || !isBegin && out.String() != tt.stdout {
				t.Errorf("status %d, want %d; stderr %q, want %q; stdout\n%s\nwant\n%s", status, tt.status, errs.String(), tt.stderr, out.String(), tt.stdout)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	vcs := func(settings ...string) (all []debug.BuildSetting) {
		for i := 0; i < len(settings); i += 2 {
			all = append(all, debug.BuildSetting{Key: "vcs." + settings[i], Value: settings[i+1]})
		}
		return all
	}
	const revision, at = "0123456789abcdef0123456789abcdef01234567", "2026-11-27T13:00:00Z"
	for _, tt := range []struct {
		name    string
		version string // of the main module
		vcs     []debug.BuildSetting
		want    string
	}{
		{"a release", "v1.2.3", vcs("revision", revision, "time", at), "v1.2.3"},
		{"a clone", "(devel)", vcs("revision", revision, "time", at, "modified", "false"), "commit 0123456789ab of " + at},
		{"a clone with changes", "", vcs("revision", revision, "time", at, "modified", "true"), "commit 0123456789ab of " + at + ", with changes"},
		{"a commit without a time", "(devel)", vcs("revision", "0123"), "commit 0123"},
		{"no clone", "(devel)", nil, "(devel)"},
		{"nothing known", "", nil, "(devel)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			info := &debug.BuildInfo{Main: debug.Module{Path: "gor", Version: tt.version}, Settings: tt.vcs}
			if got := versionOf(info); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// TestGivenTwice: a flag that takes one value is given once; what may be repeated, and
// what only looks like a flag, may come as often as it likes.
func TestGivenTwice(t *testing.T) {
	for _, tt := range []struct {
		args string
		want string // "": it runs
	}{
		{"work --size 1 --size 2", `gor: work: --size takes one value: "1" or "2"`},
		{"work -size=1 -n a --size 1", `gor: work: --size takes one value: "1" or "1"`},
		{"work --wait 1s --slowly --wait=2s", `gor: work: --wait takes one value: "1s" or "2s"`},
		{"work -n a -n b,c -n d", ""},
		{"work --slowly --slowly", ""},
		{"work --a-flag-with-a-long-name --size --size 1", ""},
		{"work --size 1 --count 1", ""},
		{"work --size 1 --size", "--size needs a value"},
		{"work --nothing --size 1 --size 2", "no flag --nothing"},
	} {
		var out, errs bytes.Buffer
		status := program(&out, &errs, nil).Run(t.Context(), strings.Fields(tt.args))
		if tt.want == "" && (status != 0 || errs.Len() > 0) || tt.want != "" && (status != 2 || !strings.Contains(errs.String(), tt.want)) {
			t.Errorf("%s: status %d, %q", tt.args, status, errs.String())
		}
	}
}
