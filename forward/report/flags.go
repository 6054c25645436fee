package report

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"gor/forward/report/screen"
)

// Flags returns the flags of a command that reports its accounts.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "stats", Category: "Reporting", Value: 5 * time.Second, Usage: "report statistics this often (0: only at the end)"},
		&cli.StringFlag{Name: "metrics", Category: "Reporting", Usage: "serve Prometheus /metrics, /healthz and /readyz on this `ADDRESS`"},
		&cli.StringFlag{Name: "log-format", Category: "Reporting", Value: "text", Usage: "log as `FORMAT`: text or json"},
		&cli.BoolFlag{Name: "verbose", Category: "Reporting", Aliases: []string{"v"}, Usage: "log more"},
	}
}

// LoggerFromFlags makes the logger that the flags ask for, on standard error. What the
// standard library logs by itself goes there from now on. Where a terminal may have a
// view, that is what c.App.ErrWriter is from now on.
func LoggerFromFlags(c *cli.Context) (*slog.Logger, error) {
	if s := screen.Wrap(c.App.ErrWriter, os.Getenv); s != nil && c.String("log-format") != "json" {
		c.App.ErrWriter = s
	}
	log, err := newLogger(c)
	if err == nil {
		takeLibraryLog(log)
	}
	return log, err
}

func newLogger(c *cli.Context) (*slog.Logger, error) {
	opts := &slog.HandlerOptions{Level: slog.LevelInfo}
	if c.Bool("verbose") {
		opts.Level = slog.LevelDebug
	}
	switch f := c.String("log-format"); f {
	case "text":
		return slog.New(slog.NewTextHandler(c.App.ErrWriter, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(c.App.ErrWriter, opts)), nil
	default:
		return nil, usageError("--log-format %q: use text or json", f)
	}
}

// Open makes a Reporter as the flags say, which reports what collect returns.
func Open(c *cli.Context, log *slog.Logger, collect func() Snapshot) (*Reporter, error) {
	cfg := Config{
		Command: c.Command.Name, Version: c.App.Version, Log: log, JSON: c.String("log-format") == "json", Out: c.App.ErrWriter,
		Every: c.Duration("stats"), Metrics: c.String("metrics"), Collect: collect,
	}
	if cfg.Every < 0 {
		return nil, usageError("--stats %v: give a duration such as 5s, or 0 for the end only", cfg.Every)
	}
	cfg.Screen, _ = cfg.Out.(*screen.Screen)
	return New(cfg)
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }
