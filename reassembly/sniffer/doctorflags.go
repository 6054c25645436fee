package sniffer

import (
	"log/slog"
	"slices"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/capture/doctor"
)

// QuestionFlags returns the flags of a command that says what gor listen would see:
// those of gor listen that say what that is.
func QuestionFlags() (flags []cli.Flag) {
	for _, f := range Flags() {
		if slices.Contains([]string{"interface", "port", "direction", "promisc"}, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return flags
}

// QuestionFromFlags reads what QuestionFlags declares.
func QuestionFromFlags(c *cli.Context) (q doctor.Question, err error) {
	q.Interfaces, q.Promiscuous = listFlag(c, "interface", "any"), c.Bool("promisc")
	if q.Direction, err = capture.ParseDirection(c.String("direction")); err != nil {
		return q, usageError("--direction %w", err)
	}
	q.Ports, err = portFlag(c, "port", "80")
	return q, err
}

// Doctor opens what says, while a run with these options captures, why there is
// nothing to capture; nil where packets do not come from the network.
func (o *Options) Doctor(src Source, log *slog.Logger) (*doctor.Watcher, error) {
	ring, live := src.(*capture.Ring)
	if !live {
		return nil, nil
	}
	return doctor.OpenWatcher(doctor.WatchConfig{
		Question:   doctor.Question{Ports: o.Ports, Interfaces: o.Interfaces, Direction: o.Direction, Promiscuous: o.Promiscuous},
		Directions: ring.Directions, Logger: log,
	})
}
