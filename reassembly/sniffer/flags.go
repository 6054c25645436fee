package sniffer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/reassembly/recording"
	"gor/reassembly/users"
)

// Options are what the command line says about where packets come from and
// what is done with them on this machine.
type Options struct {
	// Interfaces are the names of those to capture on; "any" is all of them.
	Interfaces []string

	// Ports are the servers'.
	Ports []uint16

	// Read names the recordings to read instead of an interface: files,
	// patterns of files, and "-", which is standard input.
	Read []string

	// Direction says which way the packets go that are captured.
	Direction capture.Direction

	// Promiscuous has interfaces take frames for other machines.
	Promiscuous bool

	// Write says what to record the matching packets to.
	Write WriteOptions

	// Answers says what is captured of what servers answer.
	Answers AnswerOptions

	// Print and JSON ask for a line or an object per request; not both.
	Print, JSON bool

	// Headers asks for the header below each line.
	Headers bool
	// Explain says why each request was not handed on, in the log.
	Explain bool

	// MaxMemory and MaxRequest bound the reassembly, in bytes.
	MaxMemory, MaxRequest int64

	// Session says what a user is known by.
	Session users.Rule

	// Count is how many requests are handed on before the run ends; 0: there is
	// no end to them.
	Count uint64

	// User is whom a process started as root becomes once all is open.
	User string
}

// Flags returns the flags of a command that sniffs.
func Flags() []cli.Flag {
	return append([]cli.Flag{
		&cli.StringSliceFlag{Name: "interface", Category: "Capture", Aliases: []string{"i"}, Usage: "capture on these `NAMES`, comma separated or repeated", DefaultText: "any"},
		&cli.StringSliceFlag{Name: "port", Category: "Capture", Aliases: []string{"p"}, Usage: "server `PORTS`, comma separated or repeated", DefaultText: "80"},
		&cli.StringFlag{Name: "direction", Category: "Capture", Value: capture.Auto.String(), Usage: "capture what goes this `WAY`: in, out (a proxy's requests), both; auto: in where a server listens on the port, else both"},
		&cli.BoolFlag{Name: "promisc", Category: "Capture", Usage: "also take what is addressed to other machines, as a switch's mirror port sends it"},
		&cli.StringSliceFlag{Name: "read", Category: "Capture", Usage: "read recordings (pcap, pcapng, .gz, what --json prints) instead: `FILES` or patterns, comma separated or repeated (-: standard input); no root needed"},
		&cli.BoolFlag{Name: "print", Category: "Printing", Usage: "print a line per request, with its host at the end; nothing is sent unless -r is given"},
		&cli.BoolFlag{Name: "print-headers", Category: "Printing", Usage: "as --print, with each request's header below its line"},
		&cli.BoolFlag{Name: "json", Category: "Printing", Usage: "print a JSON object per request; nothing is sent unless -r is given"},
		&cli.BoolFlag{Name: "explain", Category: "Printing", Usage: "say in the log why each request that was not handed on was not, and which of its bytes were missing"},
		&cli.StringFlag{Name: "session", Category: "Users", Usage: "`RULE` by which users are known: cookie:NAME, header:NAME, ip or connection", DefaultText: "found out"},
		&cli.Uint64Flag{Name: "count", Category: "The run", Usage: "end when this `NUMBER` of requests has been handed on", DefaultText: "no end"},
		&cli.StringFlag{Name: "max-memory", Category: "Limits", Value: defaultMaxMemory, Usage: "`SIZE` of all connections and half-read requests"},
		&cli.StringFlag{Name: "max-request", Category: "Limits", Value: defaultMaxRequest, Usage: "largest request `SIZE`"},
		&cli.StringFlag{Name: "user", Category: "Capture", Value: "nobody", Usage: "become this `USER` once the sockets are open (when root)"},
	}, slices.Concat(answerFlags(), WriteFlags())...)
}

// The bounds of reassembly unless others are given.
const (
	defaultMaxMemory  = "256MiB"
	defaultMaxRequest = "64MiB"
)

// minMemory is the least --max-memory: less is a number whose unit was forgotten.
const minMemory = 1 << 20

// maxRequest is the largest --max-request, in bytes: package http1 counts a head in
// 31 bits.
const maxRequest = 1 << 30

// FromFlags reads what Flags declares.
func FromFlags(c *cli.Context) (Options, error) {
	o := Options{
		Interfaces: listFlag(c, "interface", "any"), Promiscuous: c.Bool("promisc"),
		Print: c.Bool("print") || c.Bool("print-headers"), Headers: c.Bool("print-headers"), JSON: c.Bool("json"), Explain: c.Bool("explain"), Count: c.Uint64("count"), User: c.String("user"),
	}
	switch {
	case o.Print && o.JSON:
		return o, usageError("--print and --json exclude each other: choose one")
	case c.IsSet("read") && c.IsSet("interface"):
		return o, usageError("--read and --interface exclude each other: packets come from one of them")
	case c.IsSet("read") && (c.IsSet("direction") || o.Promiscuous):
		return o, usageError("--direction and --promisc are about interfaces: a file given with --read has what was recorded")
	case c.IsSet("count") && o.Count == 0:
		return o, usageError("--count 0: give a number above zero")
	}
	var err error
	if o.Session, err = users.ParseRule(c.String("session")); err != nil {
		return o, usageError("--session %w", err)
	}
	if o.Direction, err = capture.ParseDirection(c.String("direction")); err != nil {
		return o, usageError("--direction %w", err)
	}
	if o.Answers, err = answersFromFlags(c); err == nil {
		o.Write, err = WriteFromFlags(c)
	}
	if err != nil {
		return o, err
	}
	if o.Write.ToStdout() && o.Prints() {
		return o, usageError("--write - and --%s both want standard output: choose one", map[bool]string{true: "json", false: "print"}[o.JSON])
	}
	if o.Read, err = readFlag(c); err != nil {
		return o, err
	}
	if o.Ports, err = portFlag(c, "port", "80"); err != nil {
		return o, err
	}
	o.MaxMemory, o.MaxRequest, err = boundFlags(c)
	return o, err
}

// readFlag reads --read.
func readFlag(c *cli.Context) ([]string, error) {
	names := listFlag(c, "read")
	switch i := slices.Index(names, recording.Stdin); {
	case slices.Contains(names, ""):
		return nil, usageError("--read %q: a name is empty", strings.Join(c.StringSlice("read"), ","))
	case i >= 0 && slices.Contains(names[i+1:], recording.Stdin):
		return nil, usageError("--read -: standard input can be read only once")
	}
	return names, nil
}

// portFlag reads a flag with ports, or the defaults.
func portFlag(c *cli.Context, name string, defaults ...string) (ports []uint16, err error) {
	for _, s := range listFlag(c, name, defaults...) {
		port, err := strconv.ParseUint(s, 10, 16)
		if err != nil || port == 0 {
			return nil, usageError("port %q: a port is a number from 1 to 65535", s)
		}
		if !slices.Contains(ports, uint16(port)) {
			ports = append(ports, uint16(port))
		}
	}
	return ports, nil
}

// boundFlags reads --max-memory and --max-request.
func boundFlags(c *cli.Context) (memory, request int64, err error) {
	if memory, err = sizeFlag(c, "max-memory"); err == nil {
		request, err = sizeFlag(c, "max-request")
	}
	switch {
	case err != nil:
	case request > maxRequest:
		err = usageError("--max-request %q: at most 1GiB", c.String("max-request"))
	case memory < minMemory:
		err = usageError("--max-memory %q: at least 1MiB", c.String("max-memory"))
	}
	return memory, request, err
}

// Live reports whether packets come from the network.
func (o *Options) Live() bool { return len(o.Read) == 0 }

// Prints reports whether requests are printed.
func (o *Options) Prints() bool { return o.Print || o.JSON }

// OnlyStdout reports whether what is asked for goes to standard output: then nothing
// is sent unless that is asked for as well.
func (o *Options) OnlyStdout() bool { return o.Prints() || o.Write.ToStdout() }

// Where says for the log where packets come from.
func (o *Options) Where() string {
	where := strings.Join(o.Read, ", ")
	if o.Live() {
		where = strings.Join(o.Interfaces, ",")
	}
	return where + ", port " + portList(o.Ports)
}

// portList is ports as one reads them.
func portList(ports []uint16) string {
	all := make([]string, len(ports))
	for i, p := range ports {
		all[i] = strconv.Itoa(int(p))
	}
	return strings.Join(all, ",")
}

// usageError is a mistake on the command line: exit status 2.
func usageError(format string, args ...any) error { return cli.Exit(fmt.Errorf(format, args...), 2) }

// listFlag is a flag that may be repeated and hold commas, or the defaults.
func listFlag(c *cli.Context, name string, defaults ...string) []string {
	if !c.IsSet(name) {
		return defaults
	}
	var all []string
	for _, v := range c.StringSlice(name) {
		for part := range strings.SplitSeq(v, ",") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}

// sizeFlag reads a flag like 1000000, 64MiB, 64M or 1G; units are powers of 1024.
func sizeFlag(c *cli.Context, name string) (int64, error) {
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
