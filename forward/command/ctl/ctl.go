// Package ctl is the command gor ctl: it asks a gor that runs how it goes, and changes it.
// Package control says how the two speak.
package ctl

import (
	"errors"
	"fmt"
	"io"
	"strings"

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
			"gor ctl deny-path '^/checkout'\ngor ctl drain --control /run/gor/123.sock",
		ArgsUsage: "ORDER",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "control", Category: "Whom to ask, and how", Usage: "the socket `PATH` of the gor that is meant, where several run", DefaultText: "the one that runs here, or can do it"},
			&cli.BoolFlag{Name: "json", Category: "Whom to ask, and how", Usage: "status: as a JSON object"},
		},
		Action: func(c *cli.Context) error {
			if err := run(c, control.Places); err != nil {
				return fmt.Errorf("ctl: %w", err)
			}
			return nil
		},
	}
}

// A request is what the command line asks for.
type request struct {
	words []string // of the order
	path  string   // of the socket; "": whoever runs here
	json  bool
}

// run asks, and prints the answer; places finds who runs here.
func run(c *cli.Context, places func() ([]control.Place, error)) error {
	q, err := parse(c)
	if err != nil {
		return command.UsageError("%w", err)
	}
	if q.path != "" {
		return q.ask(c.App.Writer, q.path)
	}
	all, err := places()
	if err != nil {
		return err
	}
	if q.words[0] == "status" && len(all) > 1 {
		return q.survey(c.App.Writer, all)
	}
	one, err := control.Pick(all, q.words)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		fmt.Fprintf(c.App.Writer, "%s:\n", one)
	}
	return q.ask(c.App.Writer, one.Path)
}

// parse reads the command line: flags may stand behind the order's first word, too.
func parse(c *cli.Context) (*request, error) {
	q := &request{path: c.String("control"), json: c.Bool("json")}
	rest := c.Args().Slice()
	for i := 0; i < len(rest); i++ {
		name, value, given := strings.Cut(rest[i], "=")
		switch {
		case (rest[i] == "--json" || rest[i] == "-json") && len(q.words) > 0:
			q.json = true
		case name != "--control" && name != "-control" || len(q.words) == 0:
			q.words = append(q.words, rest[i])
		case given:
			q.path = value
		case i+1 == len(rest):
			return nil, errors.New("--control needs a value")
		default:
			i++
			q.path = rest[i]
		}
	}
	if err := control.Check(q.words); err != nil {
		return nil, err
	}
	if q.json && q.words[0] != "status" {
		return nil, errors.New("--json is for status")
	}
	return q, nil
}

// ask asks at a socket.
func (q *request) ask(w io.Writer, path string) error {
	answer, err := control.Ask(path, q.words)
	if err != nil {
		return err
	}
	if q.json {
		_, err = fmt.Fprintf(w, "%s\n", answer.Data)
	} else {
		_, err = fmt.Fprintln(w, answer.Text)
	}
	return err
}

// survey asks all that run here how it goes: an answer each, below the flag that names
// who gave it; with --json an object in a line each, which names its process.
func (q *request) survey(w io.Writer, all []control.Place) error {
	var failed []error
	for i, p := range all {
		if !q.json {
			fmt.Fprintf(w, "%s--control %s  # %s\n", strings.Repeat("\n", min(i, 1)), p.Path, p)
		}
		err := p.Err
		if err == nil {
			err = q.ask(w, p.Path)
		}
		if err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
