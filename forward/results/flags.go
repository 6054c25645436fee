package results

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// Options are what the command line says about a run's results.
type Options struct {
	Reports    []string    // files
	Thresholds []Threshold // above which the run fails
}

// Flags returns the flags of a command that has results.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "report", Category: "Playing a recording", Usage: "with --read: write the results to this `FILE`, which ends in .html, .json, .csv (each request) or .hgrm (repeatable)"},
		&cli.StringSliceFlag{Name: "fail-above", Category: "Playing a recording", Usage: "with --read: end with status 3 if a target is above one of these `BOUNDS`, such as errors=1%,p99=500ms,lag=5ms, and with 1 if a signal ends the run before that can be said"},
	}
}

// FromFlags reads what Flags declares.
func FromFlags(c *cli.Context) (o Options, err error) {
	for _, name := range c.StringSlice("report") {
		if err := CheckName(name); err != nil {
			return o, usageError("--report %w", err)
		}
		o.Reports = append(o.Reports, name)
	}
	for _, list := range c.StringSlice("fail-above") {
		thresholds, err := ParseThresholds(list)
		if err != nil {
			return o, usageError("--fail-above %w", err)
		}
		o.Thresholds = append(o.Thresholds, thresholds...)
	}
	return o, nil
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
