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
		&cli.StringSliceFlag{Name: "report", Category: "Results", Usage: "write the results to this `FILE` at the end, which ends in .html, .json, .csv (each request) or .hgrm (repeatable); it takes the place of another report, and of no other file"},
		&cli.StringSliceFlag{Name: "fail-above", Category: "Results", Usage: "end with status 3 if a target is above one of these `BOUNDS`, such as different=0.5%,errors=1%,p99=500ms,lag=5ms, and with 1 if that cannot be said: nothing was compared, or a signal ended a recording"},
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

// CheckLive refuses what can be said of recordings alone.
func (o *Options) CheckLive() error {
	for i := range o.Thresholds {
		if t := &o.Thresholds[i]; t.Name == "lag" {
			return usageError("--fail-above %s: nothing of live traffic is due at a time: give it with --read", t.Given)
		}
	}
	return nil
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
