// Package ctl is the command gor ctl: it asks a gor that runs how it goes, and changes it.
// Package control says how the two speak.
package ctl

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"gor/forward/command"
	"gor/forward/command/control"
)

// Command returns the command gor ctl.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "ctl",
		Usage: "ask a gor that runs how it goes, or change it (gor help control)",
		UsageText: "gor ctl status --json\ngor ctl limit http://staging 10%\ngor ctl pause http://staging\n" +
			"gor ctl deny-path '^/checkout'\ngor ctl --control /run/gor/123.sock drain",
		ArgsUsage: "ORDER",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "control", Category: "Whom to ask, and how", Usage: "the socket `PATH` of the gor that is meant, where several run", DefaultText: "the one that runs here"},
			&cli.BoolFlag{Name: "json", Category: "Whom to ask, and how", Usage: "status: as a JSON object"},
		},
		Action: func(c *cli.Context) error {
			if err := run(c); err != nil {
				return fmt.Errorf("ctl: %w", err)
			}
			return nil
		},
	}
}

// run asks, and prints the answer.
func run(c *cli.Context) error {
	isJSON := c.Bool("json")
	words := slices.DeleteFunc(c.Args().Slice(), func(w string) bool { // flags end before the first word
		flag := c.Args().First() == "status" && (w == "--json" || w == "-json")
		isJSON = isJSON || flag
		return flag
	})
	if err := control.Check(words); err != nil {
		return command.UsageError("%w", err)
	}
	if isJSON && words[0] != "status" {
		return command.UsageError("--json is for status")
	}
	path := c.String("control")
	if path == "" {
		var err error
		if path, err = control.Find(); err != nil {
			return err
		}
	}
	answer, err := control.Ask(path, words)
	if err != nil {
		return err
	}
	if isJSON {
		_, err = fmt.Fprintf(c.App.Writer, "%s\n", answer.Data)
	} else {
		_, err = fmt.Fprintln(c.App.Writer, answer.Text)
	}
	return err
}
