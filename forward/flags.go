package forward

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// Flags returns the flags of a command that forwards; those of its filter are
// FilterFlags.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "forward", Category: "Targets", Aliases: []string{"f"}, Usage: "`TARGETS`, comma separated or repeated: URL, URL|N (requests per second, of each replayer), URL|N% (share of the users), URL|N%conn, URL|N%req (of connections, of requests), each with |h2 behind it (HTTP/2, of an https URL) and |FLAG=VALUE (a flag for this target alone: gor help targets); # may stand for |", DefaultText: "http://localhost:8080"},
		&cli.BoolFlag{Name: "original-host", Category: "Changes to requests", Usage: "send the captured Host header instead of the target's; the TLS server name stays the target's"},
		&cli.IntFlag{Name: "concurrency", Category: "Limits", Value: DefaultConcurrency, Usage: "requests in flight per target at most; up to three times as many that hang come on top"},
		&cli.IntFlag{Name: "buffer", Category: "Limits", Value: DefaultBuffer, Usage: "requests that may wait per target"},
		&cli.StringFlag{Name: "buffer-size", Category: "Limits", Value: fmt.Sprintf("%dMiB", DefaultBufferBytes>>20), Usage: "`SIZE` of the requests that may wait per target"},
		&cli.DurationFlag{Name: "max-wait", Category: "Limits", Value: DefaultMaxWait, Usage: "how long a request may wait for its turn"},
		&cli.DurationFlag{Name: "connect-timeout", Category: "Limits", Value: DefaultConnectTimeout, Usage: "how long connecting to a target may take"},
		&cli.DurationFlag{Name: "answer-timeout", Category: "Limits", Value: DefaultAnswerTimeout, Usage: "how long a target may take to begin its response"},
		&cli.DurationFlag{Name: "timeout", Category: "Limits", Value: DefaultTimeout, Usage: "how long a whole exchange may take"},
		&cli.DurationFlag{Name: "connection-age", Category: "Limits", Value: DefaultConnectionAge, Usage: "renew connections, and look up names again, after this time"},
		&cli.StringSliceFlag{Name: "set-header", Category: "Changes to requests", Usage: "set this header, `'Name: value'` (repeatable); {client}, {client_port}, {server}, {user} stand for what was captured"},
		&cli.StringSliceFlag{Name: "remove-header", Category: "Changes to requests", Usage: "remove the headers of this `NAME` (repeatable)"},
		&cli.StringSliceFlag{Name: "rewrite-path", Category: "Changes to requests", Usage: "rewrite request targets, `'REGEX:REPLACEMENT'` (repeatable)"},
		&cli.BoolFlag{Name: "own-sessions", Category: "Changes to requests", Usage: "send each target its own session cookies in place of production's, as learnt from the answers of both (listen --responses, or recordings with answers; gor help targets)"},
		&cli.StringFlag{Name: "session-cookies", Category: "Changes to requests", Usage: "with --own-sessions: `NAMES` of production's session cookies, comma separated; if not given, cookies with HttpOnly are"},
		&cli.StringFlag{Name: "ca-file", Category: "TLS", Usage: "trust the certificates of this PEM `FILE` instead of the system's"},
		&cli.BoolFlag{Name: "insecure", Category: "TLS", Usage: "do not verify the targets' certificates"},
		&cli.StringFlag{Name: "client-cert", Category: "TLS", Usage: "client certificate, PEM `FILE`"},
		&cli.StringFlag{Name: "client-key", Category: "TLS", Usage: "its private key, PEM `FILE`"},
	}
}

// FromFlags reads what Flags and FilterFlags declare.
func FromFlags(c *cli.Context) (Config, error) {
	if err := checkLimits(c); err != nil {
		return Config{}, err
	}
	cfg, err := settings(c)
	if err != nil {
		return cfg, err
	}
	if cfg.Rewrite, err = NewRewrite(changes(c)); err != nil {
		return cfg, usageError("%w", err)
	}
	lists := []string{"http://localhost:8080"}
	if c.IsSet("forward") {
		lists = c.StringSlice("forward")
	}
	for _, list := range lists {
		specs, err := ParseTargets(list)
		if err != nil {
			return cfg, usageError("%w", err)
		}
		cfg.Targets = append(cfg.Targets, specs...)
	}
	for i := range cfg.Targets {
		if cfg.Targets[i].Own, err = cfg.Targets[i].own(c); err != nil {
			return cfg, err
		}
	}
	return cfg, checkSessions(c, &cfg)
}

// checkLimits refuses limits that would let nothing through.
func checkLimits(c *cli.Context) error {
	for _, name := range []string{"concurrency", "buffer"} {
		if c.IsSet(name) && c.Int(name) <= 0 {
			return usageError("--%s %d: give a number above zero", name, c.Int(name))
		}
	}
	for _, name := range []string{"max-wait", "connect-timeout", "answer-timeout", "timeout", "connection-age"} {
		if c.IsSet(name) && c.Duration(name) <= 0 {
			return usageError("--%s %v: give a duration above zero, such as 5s", name, c.Duration(name))
		}
	}
	return nil
}

// FilterFlags returns the flags of a command that filters requests.
func FilterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "method", Category: "Filters", Usage: "only these `METHODS`, comma separated or repeated"},
		&cli.StringSliceFlag{Name: "allow-path", Category: "Filters", Usage: "only requests whose target matches this `REGEX` (repeatable)"},
		&cli.StringSliceFlag{Name: "deny-path", Category: "Filters", Usage: "no requests whose target matches this `REGEX` (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-header", Category: "Filters", Usage: "only requests with a header like `'Name: REGEX'` (repeatable)"},
		&cli.StringSliceFlag{Name: "deny-header", Category: "Filters", Usage: "no requests with a header like `'Name: REGEX'` (repeatable)"},
		&cli.BoolFlag{Name: "methods-safe", Category: "Filters", Usage: "only GET, HEAD and OPTIONS"},
	}
}

// FilterFromFlags reads what FilterFlags declares; nil: everything passes.
func FilterFromFlags(c *cli.Context) (*Filter, error) { return filter(c) }

// filter reads a filter. That of a target has what its options say alone, since it is
// asked after that of the flags.
func filter(v values) (*Filter, error) {
	f, err := NewFilter(FilterConfig{
		Methods: listFlag(v, "method"), SafeMethods: v.IsSet("methods-safe") && v.Bool("methods-safe"),
		AllowPath: v.StringSlice("allow-path"), DenyPath: v.StringSlice("deny-path"),
		AllowHeader: v.StringSlice("allow-header"), DenyHeader: v.StringSlice("deny-header"),
	})
	if err != nil {
		return nil, usageError("%w", err)
	}
	return f, nil
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }

// listFlag is a flag that may be repeated and hold commas.
func listFlag(c values, name string) (all []string) {
	for _, v := range c.StringSlice(name) {
		for part := range strings.SplitSeq(v, ",") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

// SizeFlag reads a flag like 1000000, 64MiB, 64M or 1G; units are powers of 1024.
func SizeFlag(c values, name string) (int64, error) {
	s := c.String(name)
	digits := strings.TrimRight(s, "KMGTiBkmgtb")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s[len(digits):]), "b"), "i")
	shift, known := map[string]int{"": 0, "k": 10, "m": 20, "g": 30}[unit]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n > (1<<62)>>shift {
		return 0, usageError("--%s %q: a size is a number above zero with KiB, MiB or GiB, such as 64MiB", name, s)
	}
	return n << shift, nil
}
