package demo

import (
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"gor/forward/command"
)

// Command returns the command gor demo. The commands that it shows are this
// program's own: it runs itself.
func Command() *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Usage: "show the whole path on this machine's loopback (as root)",
		Action: func(c *cli.Context) error {
			life := command.Begin(c.Context, 0)
			defer life.Close()
			exe, err := os.Executable()
			if err == nil {
				err = Run(life.Running(), exe, c.App.Writer, c.App.ErrWriter)
			}
			if err != nil && life.Running().Err() != nil {
				err = errors.New("interrupted")
			}
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			return nil
		},
	}
}
