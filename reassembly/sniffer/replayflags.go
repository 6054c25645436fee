package sniffer

import (
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/reassembly/recording"
	"gor/reassembly/users"
)

// ReplayOptions are what the command line of a replayer says about the
// recordings that it takes its requests from.
type ReplayOptions struct {
	// Read names the recordings: files, patterns of files, and "-", which is
	// standard input. None: requests come from listeners.
	Read []string

	// ServerPorts are those that requests are looked for on. None: requests are
	// found on any port where a connection begins like HTTP.
	ServerPorts []uint16

	// MaxMemory and MaxRequest bound the reassembly, in bytes.
	MaxMemory, MaxRequest int64

	// Session says what a user is known by, whom no recording names, and Secret keys
	// the users' numbers: with that of the listeners they are the same as theirs.
	Session users.Rule
	Secret  []byte

	// Answer is given what the recordings have of the answers, on the goroutine that
	// reads them, once for each request that says so; nil: it is not looked for.
	// AnswerBody is how much of their content is wanted, in bytes.
	Answer     func(RecordedAnswer)
	AnswerBody int

	finder *users.Finder // of the recordings, also when they are opened again
}

// ReplayFlags returns the flags of a command that replays recordings.
func ReplayFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "read", Category: "Playing a recording", Usage: "replay the requests of these recordings (pcap, pcapng, .gz, what gor listen --json prints): `FILES` or patterns, comma separated or repeated (-: standard input)"},
		&cli.StringSliceFlag{Name: "server-port", Category: "Playing a recording", Usage: "with --read: only requests to these `PORTS`, comma separated or repeated", DefaultText: "any that carries HTTP"},
		&cli.StringFlag{Name: "session", Category: "Playing a recording", Usage: "with --read: `RULE` by which users are known: cookie:NAME, header:NAME, ip or connection", DefaultText: "found out"},
		&cli.StringFlag{Name: "max-memory", Category: "Playing a recording", Value: defaultMaxMemory, Usage: "with --read: `SIZE` of all connections and half-read requests"},
		&cli.StringFlag{Name: "max-request", Category: "Playing a recording", Value: defaultMaxRequest, Usage: "with --read: largest request `SIZE`"},
	}
}

// ReplayFromFlags reads what ReplayFlags declares.
func ReplayFromFlags(c *cli.Context) (o ReplayOptions, err error) {
	if o.Read, err = readFlag(c); err != nil {
		return o, err
	}
	if !o.Wanted() {
		for _, name := range []string{"server-port", "session", "max-memory", "max-request"} {
			if c.IsSet(name) {
				return o, usageError("--%s is about recordings: give them with --read", name)
			}
		}
		return o, nil
	}
	if o.ServerPorts, err = portFlag(c, "server-port"); err != nil {
		return o, err
	}
	if o.Session, err = users.ParseRule(c.String("session")); err != nil {
		return o, usageError("--session %w", err)
	}
	o.MaxMemory, o.MaxRequest, err = boundFlags(c)
	return o, err
}

// Wanted reports whether requests come from recordings.
func (o *ReplayOptions) Wanted() bool { return len(o.Read) > 0 }

// Rereadable reports whether the recordings can be read again from their
// beginning, as standard input cannot.
func (o *ReplayOptions) Rereadable() bool {
	return !slices.Contains(o.Read, recording.Stdin)
}

// Where says for the log where requests come from.
func (o *ReplayOptions) Where() string {
	where := strings.Join(o.Read, ", ")
	if len(o.ServerPorts) > 0 {
		where += ", port " + portList(o.ServerPorts)
	}
	return where
}

// Open opens the recordings; stdin is read for the file "-". Recordings are read
// once: to read them again open them again.
func (o *ReplayOptions) Open(stdin io.Reader, log *slog.Logger) (*Recordings, error) {
	src, err := recording.Open(recording.Config{
		Names: o.Read, Stdin: stdin, Ports: o.ServerPorts, PortFlag: "server-port", MaxRequest: o.MaxRequest, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	if o.finder == nil {
		o.finder = users.New(users.Config{Rule: o.Session, Secret: o.Secret, Logger: log})
	}
	return newRecordings(o, src, log), nil
}
