package referee

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/forward"
	"gor/forward/compare"
)

// Options are what the command line says about comparing.
type Options struct {
	Off      bool
	Baseline int // index of the target that the others are held against; -1: production
	Memory   int64
	Echo     float64 // share of the safe requests that are sent once more, 0 to 1
	Ignore   []compare.Rule
}

const (
	defaultMemory = "64MiB"
	defaultEcho   = "1%"
)

// Flags returns the flags of a command that compares.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "compare", Category: "Comparing responses", Value: "on", Usage: "hold the targets' responses against production's, where those come (listen --responses, recordings); off: never"},
		&cli.StringFlag{Name: "compare-to", Category: "Comparing responses", Usage: "hold the other targets' responses against those of this target, one of the -f's `URL`s"},
		&cli.StringFlag{Name: "compare-memory", Category: "Comparing responses", Value: defaultMemory, Usage: "`SIZE` of what waits to be compared, and of what is known of it; the oldest goes first"},
		&cli.StringFlag{Name: "echo", Category: "Comparing responses", Value: defaultEcho, Usage: "send this share `N%` of the safe requests that are compared a second time, to learn what differs by itself; 0: none, as with --rate"},
		&cli.StringSliceFlag{Name: "ignore", Category: "Comparing responses", Usage: "do not compare this: `'[ROUTE] PLACE'`, a header, a JSON path such as $.items[].age, status or body (repeatable; gor help compare)"},
	}
}

// FromFlags reads what Flags declares; targets are those that requests go to. Where they
// come at a rate of their own (paced), nothing is sent beside them.
func FromFlags(c *cli.Context, targets []forward.TargetSpec, paced bool) (o Options, err error) {
	o.Baseline = -1
	switch c.String("compare") {
	case "on":
	case "off":
		o.Off = true
	default:
		return o, usageError("--compare %q: give on or off", c.String("compare"))
	}
	for _, name := range []string{"compare-to", "compare-memory", "echo", "ignore"} {
		if o.Off && c.IsSet(name) {
			return o, usageError("--compare off and --%s exclude each other", name)
		}
	}
	if c.IsSet("compare-to") {
		if o.Baseline, err = baseline(c.String("compare-to"), targets); err != nil {
			return o, usageError("--compare-to %w", err)
		}
	}
	if o.Memory, err = forward.SizeFlag(c, "compare-memory"); err != nil {
		return o, err
	}
	if o.Echo, err = parseShare(c.String("echo")); err != nil {
		return o, usageError("--echo %w", err)
	}
	if paced && c.IsSet("echo") && o.Echo > 0 {
		return o, usageError("--echo and --rate exclude each other: beside requests at a rate of their own nothing is sent")
	}
	if paced {
		o.Echo = 0
	}
	for _, s := range c.StringSlice("ignore") {
		rule, err := compare.ParseRule(s)
		if err != nil {
			return o, usageError("--ignore %w", err)
		}
		o.Ignore = append(o.Ignore, rule)
	}
	return o, nil
}

// baseline finds the target that s names, as ParseTarget reads it: its URL will do where
// it goes with one limit.
func baseline(s string, targets []forward.TargetSpec) (int, error) {
	if len(targets) < 2 {
		return 0, fmt.Errorf("%q: give two targets or more, such as -f http://old,http://new, of which it is one", s)
	}
	spec, err := forward.ParseTarget(s)
	if err != nil {
		return 0, err
	}
	found := -1
	for i := range targets {
		t := &targets[i]
		if t.URL != spec.URL || spec.String() != spec.URL && t.String() != spec.String() {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("%q: more than one target is that", s)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("%q: none of the targets of -f is that", s)
	}
	return found, nil
}

// parseShare reads a share such as 1% or 0.5%, or 0.
func parseShare(s string) (float64, error) {
	digits, isPercent := strings.CutSuffix(s, "%")
	share, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(share >= 0 && share <= 100) || !isPercent && share != 0 {
		return 0, fmt.Errorf("%q: give a share such as 1%%, or 0", s)
	}
	return share / 100, nil
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
