// Package doctor is the command gor doctor: it says what gor listen would see on this
// machine, and what is in the way (capture/doctor), and whether the replayers are
// there, know the secret and reach their targets (wire.go), each with what to type.
// Nothing is changed, and nothing sent but the question for a session: to the replayers,
// and, of one that is silent, to UDP port 1 of its machine, where nobody listens. If that
// says so, the replayer heard the question and does not answer; if not, a firewall or the
// way is to blame.
package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/capture/doctor"
	"gor/forward/command"
	"gor/reassembly/sniffer"
	"gor/udpwire"
)

// Command is gor doctor.
func Command() *cli.Command {
	return &cli.Command{
		Name:      "doctor",
		Usage:     "say in three seconds what gor listen would see here, and what is in the way",
		UsageText: "sudo gor doctor -p 80\nsudo gor doctor -p 80 -r replay.local:28020 --secret-file secret",
		Flags: slices.Concat(sniffer.QuestionFlags(), udpwire.ProbeFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "json", Category: "Printing", Usage: "print the findings as one JSON object"},
		}),
		Action: func(c *cli.Context) error {
			if err := run(c); err != nil {
				return fmt.Errorf("doctor: %w", err)
			}
			return nil
		},
	}
}

// run looks at the machine and asks the replayers, at the same time.
func run(c *cli.Context) error {
	question, err := sniffer.QuestionFromFlags(c)
	if err != nil {
		return err
	}
	replayers, secret, err := udpwire.ProbeFromFlags(c)
	if err != nil {
		return err
	}
	life := command.Begin(c.Context, 0)
	defer life.Close()
	findings, err := examine(life.Running(), question, replayers, secret)
	if err == nil && life.Running().Err() != nil {
		err = errors.New("interrupted")
	}
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = writeJSON(c.App.Writer, findings)
	} else {
		err = doctor.Write(c.App.Writer, findings)
	}
	if err != nil {
		return err
	}
	return verdict(findings)
}

// examine finds out everything.
func examine(ctx context.Context, q doctor.Question, replayers []string, secret []byte) ([]doctor.Finding, error) {
	asked := make([][]doctor.Finding, len(replayers))
	var ended sync.WaitGroup
	for i, r := range replayers {
		ended.Go(func() {
			all, err := udpwire.Probe(ctx, r, secret)
			asked[i] = judge(r, len(secret) > 0, all, err)
		})
	}
	scene, err := doctor.Examine(ctx, q)
	ended.Wait()
	switch {
	case errors.Is(err, capture.ErrInterface):
		return nil, command.UsageError("%w", err)
	case errors.Is(err, capture.ErrUnsupported) && len(replayers) > 0:
		return slices.Concat(asked...), nil
	case err != nil:
		return nil, err
	}
	return append(doctor.Judge(scene), slices.Concat(asked...)...), nil
}

// verdict is the error of findings among which there are problems.
func verdict(findings []doctor.Finding) error {
	n := 0
	for _, f := range findings {
		if f.Level == doctor.Problem {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("one problem")
	}
	return fmt.Errorf("%d problems", n)
}

// writeJSON writes findings as one object.
func writeJSON(w io.Writer, findings []doctor.Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Level    doctor.Level     `json:"level"`
		Findings []doctor.Finding `json:"findings"`
	}{doctor.Worst(findings), findings})
}
