package control

import (
	"fmt"
	"log/slog"

	"github.com/urfave/cli/v2"
)

// none is the value of --control for no socket.
const none = "off"

// Flags returns the flag of a command that may be controlled.
func Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{
		Name: "control", Category: "Reporting", DefaultText: "/run/gor/PID.sock where that can be made",
		Usage: "let gor ctl change this run through the socket `PATH`; off: nobody",
	}}
}

// FromFlags opens the socket that the flag names, or the default one. That there cannot
// be a default one is no error, and no Server.
func FromFlags(c *cli.Context, log *slog.Logger) (*Server, error) {
	cfg := Config{Command: c.Command.Name, Version: c.App.Version, Log: log}
	switch path := c.String("control"); path {
	case none:
		return nil, nil
	case "":
		s, err := openDefault(folders())
		if err != nil {
			log.Debug("it cannot be controlled", "err", err)
			return nil, nil
		}
		return newServer(cfg, s), nil
	default:
		s, err := open(path)
		if err != nil {
			return nil, fmt.Errorf("--control: %w", err)
		}
		return newServer(cfg, s), nil
	}
}
