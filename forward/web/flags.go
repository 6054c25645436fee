package web

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/urfave/cli/v2"

	"gor/forward/compare"
	"gor/forward/report"
)

// Flags returns the flags of a command that has a page.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "web", Category: "Reporting", Usage: "serve a page for browsers that shows where requests go, on this `ADDRESS`, such as 127.0.0.1:8080"},
	}
}

// Open makes the page that the flags ask for, which shows what collect and compared
// return; nil: they ask for none.
func Open(c *cli.Context, log *slog.Logger, collect func() report.Snapshot, compared func() *compare.Report) (*Page, error) {
	address := c.String("web")
	if address == "" {
		return nil, nil
	}
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return nil, cli.Exit(fmt.Errorf("--web %q: give an address and a port, such as 127.0.0.1:8080", address), 2)
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "unknown"
	}
	p, err := New(Config{Address: address, Version: c.App.Version, Machine: machine, Log: log, Collect: collect, Compared: compared})
	if err != nil {
		return nil, fmt.Errorf("--web: %w", err)
	}
	return p, nil
}
