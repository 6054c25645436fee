package playback

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"gor/forward/pace"
	"gor/forward/results"
)

// Options are what the command line says about how a recording is played.
type Options struct {
	Pace    pace.Pace
	Loops   int
	Results results.Options
}

// Flags returns the flags of a command that plays recordings, with those for its results.
func Flags() []cli.Flag { return append(paceFlags(), results.Flags()...) }

// paceFlags say how fast a recording is played, and how often.
func paceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "speed", Category: "Playing a recording", Usage: "with --read: `N` times as fast as recorded, or max, as fast as the targets take it", DefaultText: "1"},
		&cli.StringFlag{Name: "rate", Category: "Playing a recording", Usage: "with --read: so many requests per second instead of the recorded times, `N` or a ramp such as 100-2000/10m"},
		&cli.IntFlag{Name: "loop", Category: "Playing a recording", Value: 1, Usage: "with --read: play the recording `N` times, one after the other"},
	}
}

// Without refuses the flags that mean nothing where no recording is played.
func Without(c *cli.Context) error {
	for _, f := range paceFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return usageError("--%s is about recordings: give them with --read", name)
		}
	}
	return nil
}

// FromFlags reads what Flags declares; a recording that is rereadable can be read more
// than once.
func FromFlags(c *cli.Context, rereadable bool) (o Options, err error) {
	o.Loops = c.Int("loop")
	switch {
	case o.Loops < 1:
		return o, usageError("--loop %d: give a number above zero", o.Loops)
	case o.Loops > 1 && !rereadable:
		return o, usageError("--loop %d: standard input can be read only once", o.Loops)
	case c.IsSet("speed") && c.IsSet("rate"):
		return o, usageError("--speed and --rate exclude each other: a rate takes the place of the recorded times")
	case c.IsSet("speed"):
		if o.Pace, err = pace.ParseSpeed(c.String("speed")); err != nil {
			return o, usageError("--speed %w", err)
		}
	case c.IsSet("rate"):
		if o.Pace, err = pace.ParseRate(c.String("rate")); err != nil {
			return o, usageError("--rate %w", err)
		}
	}
	o.Results, err = results.FromFlags(c)
	return o, err
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
