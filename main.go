// Command gor copies live HTTP traffic from production web machines to staging.
//
// gor listen sniffs requests on a web machine and sends them over UDP; gor
// replay receives them and forwards them to its targets; gor demo shows the
// whole path on one machine. This file holds the command line and the wiring
// and nothing that looks into a packet, a datagram or a header:
//
//	capture -> reassembly -> udpwire ==UDP==> udpwire -> forward
//
// Standard output carries data alone (--print, --json, the demo's report);
// logs, statistics and the final accounts go to standard error. Exit status: 0
// done, also after SIGINT or SIGTERM; 1 something failed; 2 wrong usage.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"gor/capture"
	"gor/forward"
	"gor/forward/demo"
	"gor/forward/report"
	"gor/reassembly"
	"gor/udpwire"
)

const (
	mark         = "Gor-Replayed"         // the header that keeps gor from replaying itself
	tick         = 100 * time.Millisecond // how often a quiet listener looks at its timers
	drainTimeout = 5 * time.Second        // how long a stopping command delivers what it holds
	outputBuffer = 64 << 10
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// usageError is a mistake on the command line: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// run is the whole program; args lack the program's name.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once

	app := &cli.App{
		Name:                      "gor",
		Usage:                     "copy live HTTP traffic to staging",
		Version:                   version(),
		Reader:                    stdin,
		Writer:                    stdout,
		ErrWriter:                 stderr,
		DisableSliceFlagSeparator: true, // regular expressions contain commas
		HideHelpCommand:           true,
		ExitErrHandler:            func(*cli.Context, error) {},
		OnUsageError:              onUsageError,
		Commands:                  []*cli.Command{listenCommand(), replayCommand(), demoCommand()},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("there is no command %q: use listen, replay or demo", c.Args().First())
			}
			return cli.ShowAppHelp(c)
		},
	}
	err := app.RunContext(ctx, append([]string{"gor"}, args...))
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "gor: %v\n", err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	return 1
}

func onUsageError(c *cli.Context, err error, _ bool) error {
	name := "gor"
	if c.Command != nil && c.Command.Name != "" && c.Command.Name != "gor" {
		name += " " + c.Command.Name
	}
	return usagef("%w (%s --help lists the flags)", err, name)
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}

// ---- the listener

func listenCommand() *cli.Command {
	return &cli.Command{
		Name:         "listen",
		Usage:        "sniff HTTP requests and send them to replay servers",
		UsageText:    "sudo gor listen -p 80 -r replay.local:28020\ngor listen --read FILE -p 80 --json",
		OnUsageError: onUsageError,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "interface", Aliases: []string{"i"}, Usage: "capture on these `NAMES`, comma separated or repeated (default: any)"},
			&cli.StringSliceFlag{Name: "port", Aliases: []string{"p"}, Usage: "server `PORTS`, comma separated or repeated (default: 80)"},
			&cli.StringSliceFlag{Name: "replay", Aliases: []string{"r"}, Usage: "replay servers `HOST:PORT`, comma separated or repeated (default: localhost:28020)"},
			&cli.StringFlag{Name: "read", Usage: "read packets from this pcap or pcapng `FILE` (-: standard input), no root needed"},
			&cli.StringFlag{Name: "write", Usage: "also record the matching packets to this pcap `FILE`"},
			&cli.BoolFlag{Name: "print", Usage: "print a line per request; nothing is sent unless -r is given"},
			&cli.BoolFlag{Name: "json", Usage: "print a JSON object per request; nothing is sent unless -r is given"},
			&cli.StringFlag{Name: "max-memory", Value: "256MiB", Usage: "`SIZE` of all connections and half-read requests"},
			&cli.StringFlag{Name: "max-request", Value: "64MiB", Usage: "largest request `SIZE`"},
			&cli.StringFlag{Name: "user", Value: "nobody", Usage: "become this `USER` once the sockets are open (when root)"},
			&cli.StringFlag{Name: "wire-buffer", Value: "64MiB", Usage: "`SIZE` kept per replay server for sending again"},
			&cli.IntFlag{Name: "mtu", Usage: "largest IP packet in `BYTES` on the way to the replay server (default: found out)"},
		}, filterFlags(), commonFlags()),
		Action: func(c *cli.Context) error {
			l := &listener{asks: make(chan chan<- report.Snapshot)}
			l.stopAt.Store(noStop)
			if err := l.open(c); err != nil {
				l.close()
				return fmt.Errorf("listen: %w", err)
			}
			return l.run(c.Context)
		},
	}
}

// A source is where packets come from: the network or a capture file.
type source interface {
	Next(*capture.Decoder, []capture.Segment) (int, error)
	Ready() bool
	Close() error
}

// A listener is the capturing half: everything but the statistics belongs to
// the goroutine that runs it.
type listener struct {
	log    *slog.Logger
	src    source
	live   *capture.Ring // src, unless packets come from a file
	dec    *capture.Decoder
	asm    *reassembly.Assembler
	wire   *udpwire.Sender // nil: nothing is sent
	filter *forward.Filter
	tape   *capture.Recorder // nil unless --write
	out    io.Writer         // nil unless --print or --json
	json   bool
	text   []byte // for out, not written yet
	outErr error
	on     string            // what is listened on, for the log
	batch  []capture.Segment // to be pushed
	msg    udpwire.Message
	stopAt atomic.Int64                    // packets from then on are no longer taken
	asks   chan chan<- report.Snapshot     // other goroutines asking for the accounts
	last   atomic.Pointer[report.Snapshot] // what they got last
	report *report.Reporter
}

// noStop is a time no packet has.
const noStop = math.MaxInt64

// open reads the flags and opens everything, in the order that privileges
// demand: they are dropped when nothing is left that needs them.
func (l *listener) open(c *cli.Context) (err error) {
	if l.log, err = newLogger(c); err != nil {
		return err
	}
	l.json = c.Bool("json")
	ports, err := parsePorts(listValue(c, "port", "80"))
	if err != nil {
		return err
	}
	if l.filter, err = newFilter(c); err != nil {
		return err
	}
	maxMemory, err := sizeFlag(c, "max-memory")
	if err != nil {
		return err
	}
	maxRequest, err := sizeFlag(c, "max-request")
	if err != nil {
		return err
	}
	printing := c.Bool("print") || c.Bool("json")
	switch {
	case c.Args().Present():
		return usagef("%q is not a flag: listen takes flags only", c.Args().First())
	case c.Bool("print") && c.Bool("json"):
		return usagef("--print and --json exclude each other: choose one")
	case c.IsSet("read") && c.IsSet("interface"):
		return usagef("--read and --interface exclude each other: packets come from one of them")
	}
	var wire *udpwire.SenderConfig
	if !printing || c.IsSet("replay") {
		if wire, err = senderConfig(c, l.log); err != nil {
			return err
		}
	}
	if l.report, err = newReporter(c, l.log, l.ask); err != nil {
		return err
	}
	if c.IsSet("read") {
		l.on = c.String("read")
		err = l.openFile(l.on, c.App.Reader)
	} else {
		interfaces := listValue(c, "interface", "any")
		l.on = fmt.Sprintf("%s, port %s", strings.Join(interfaces, ","), strings.Join(listValue(c, "port", "80"), ","))
		err = l.openRing(capture.RingConfig{
			Interfaces: interfaces, Ports: ports, Tunnels: true, Tick: tick, Logger: l.log,
		})
	}
	if err != nil {
		return err
	}
	if err := l.createTape(c.String("write")); err != nil {
		return err
	}
	if wire != nil {
		wire.Wait = l.live == nil
		if l.wire, err = udpwire.Dial(*wire); err != nil {
			return err
		}
	}
	if printing {
		l.out = c.App.Writer
	}
	if l.live != nil {
		if err := dropPrivileges(c.String("user"), l.log); err != nil {
			return err
		}
	}
	l.dec = capture.NewDecoder(capture.DecoderConfig{Ports: ports, Tunnels: true, Record: l.tape})
	l.asm = reassembly.New(reassembly.Config{
		MaxMemory: maxMemory, MaxRequest: maxRequest, Mark: mark, Logger: l.log,
	}, l.emit)
	return nil
}

func senderConfig(c *cli.Context, log *slog.Logger) (*udpwire.SenderConfig, error) {
	cfg := &udpwire.SenderConfig{MTU: c.Int("mtu"), Logger: log}
	for _, addr := range listValue(c, "replay", "localhost") {
		addr, err := withDefaultPort(addr)
		if err != nil {
			return nil, usagef("replay server %w", err)
		}
		cfg.Replayers = append(cfg.Replayers, addr)
	}
	if c.IsSet("mtu") && (cfg.MTU < 576 || cfg.MTU > 65535) {
		return nil, usagef("--mtu %d: a packet has 576 to 65535 bytes", cfg.MTU)
	}
	var err error
	if cfg.Buffer, err = sizeFlag(c, "wire-buffer"); err != nil {
		return nil, err
	}
	cfg.Secret, err = readSecret(c)
	return cfg, err
}

// withDefaultPort checks HOST or HOST:PORT and adds the port where none is given.
func withDefaultPort(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), strconv.Itoa(udpwire.DefaultPort)
		if _, iperr := netip.ParseAddr(host); iperr != nil && strings.ContainsAny(host, ":/ ") {
			return "", fmt.Errorf("%q: give HOST or HOST:PORT", addr)
		}
	}
	if host == "" {
		return "", fmt.Errorf("%q: the host is missing", addr)
	}
	if _, err := parsePort(port); err != nil {
		return "", fmt.Errorf("%q: %w", addr, err)
	}
	return net.JoinHostPort(host, port), nil
}

func (l *listener) openFile(name string, stdin io.Reader) error {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		in = f
	}
	src, err := capture.OpenFile(in)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	l.src = src
	return nil
}

func (l *listener) openRing(cfg capture.RingConfig) error {
	ring, err := capture.OpenRing(cfg)
	if errors.Is(err, capture.ErrInterface) {
		return usageError{err}
	}
	if err != nil {
		return err
	}
	l.src, l.live = ring, ring
	return nil
}

func (l *listener) createTape(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	l.tape, err = capture.NewRecorder(file, capture.RecorderConfig{Wait: l.live == nil, Logger: l.log})
	return err
}

// dropPrivileges leaves root behind: the sockets are open, nothing more is
// needed. A user that does not exist is an error, never a reason to stay root.
func dropPrivileges(user string, log *slog.Logger) error {
	err := capture.DropPrivileges(user)
	if err != nil {
		return fmt.Errorf("become user %s (choose another with --user): %w", user, err)
	}
	log.Debug("privileges dropped", "user", user)
	return nil
}

// run captures until the source ends or ctx does, delivers what is held, and
// reports the final accounts.
func (l *listener) run(ctx context.Context) error {
	defer context.AfterFunc(ctx, l.interrupt)()
	l.log.Info("listening", "on", l.on)
	l.report.Start()
	err := l.loop()
	l.asm.Close()
	if l.wire != nil {
		drain, cancel := context.WithTimeout(context.Background(), drainTimeout)
		defer cancel()
		if werr := l.wire.Close(drain); werr != nil {
			l.log.Warn("not everything could be delivered", "err", werr)
		}
	}
	if l.tape != nil {
		l.tape.Close() // so that the accounts hold all of it; close returns the error
	}
	l.report.Finish(l.snapshot())
	if err = errors.Join(err, l.close()); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return nil
}

// interrupt ends the loop: at the first packet from now on or, on a quiet
// network, at the next tick, so that what the ring holds is not lost. A file's
// packets have times of their own: it just ends.
func (l *listener) interrupt() {
	if l.live != nil {
		l.stopAt.Store(time.Now().UnixNano())
		return
	}
	l.src.Close()
}

// loop is the hot path: a few packets a turn, nothing allocated, nothing
// awaited but the next packet.
func (l *listener) loop() error {
	l.batch = make([]capture.Segment, batchSize)
	for {
		select {
		case reply := <-l.asks:
			reply <- l.snapshot()
		default:
		}
		if !l.src.Ready() {
			l.flush()
		}
		n, err := l.src.Next(l.dec, l.batch)
		segs, stopped := l.beforeStop(l.batch[:n])
		l.asm.PushAll(segs)
		switch {
		case stopped:
			return nil
		case err == nil:
			if n == 0 && l.live != nil { // time goes by, though nobody sends requests
				l.asm.Advance(l.dec.Last())
			}
		case errors.Is(err, os.ErrDeadlineExceeded):
			now := time.Now().UnixNano()
			if now >= l.stopAt.Load() {
				return nil
			}
			l.asm.Advance(now)
		case errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
			return nil
		default:
			return err
		}
		if l.outErr != nil {
			return fmt.Errorf("standard output: %w", l.outErr)
		}
	}
}

// batchSize is how many segments are decoded before they are pushed: enough to
// have their connections' memory called for in good time, and few enough to
// stay in the cache.
const batchSize = 128

// beforeStop leaves out the segments from the time on that interrupt has set,
// if that has come.
func (l *listener) beforeStop(segs []capture.Segment) (rest []capture.Segment, stopped bool) {
	stop := l.stopAt.Load()
	if l.dec.Last() < stop {
		return segs, false
	}
	n := 0
	for n < len(segs) && segs[n].Time < stop {
		n++
	}
	return segs[:n], true
}

// ask gets the accounts from the loop for another goroutine. A loop that waits
// for a silent pipe cannot answer: then it is what was last known.
func (l *listener) ask() report.Snapshot {
	reply := make(chan report.Snapshot, 1)
	select {
	case l.asks <- reply:
		s := <-reply
		l.last.Store(&s)
		return s
	case <-time.After(10 * tick):
	}
	if s := l.last.Load(); s != nil {
		return *s
	}
	return report.Snapshot{}
}

// flush hands on what is held before the loop waits for packets.
func (l *listener) flush() {
	if l.wire != nil {
		l.wire.Flush()
	}
	l.print()
}

// print writes what standard output was not given yet.
func (l *listener) print() {
	if len(l.text) > 0 && l.outErr == nil {
		_, l.outErr = l.out.Write(l.text)
	}
	if l.text = l.text[:0]; cap(l.text) > 16*outputBuffer { // after a large request
		l.text = nil
	}
}

// emit is where a request leaves the listener; r is lent for the call.
func (l *listener) emit(r *reassembly.Request) reassembly.Fate {
	if l.filter != nil && !l.filter.Allow(r.Raw) {
		return reassembly.Filtered
	}
	if l.out != nil && l.outErr == nil {
		if l.json {
			l.text = r.AppendJSON(l.text)
		} else {
			l.text = r.AppendLine(l.text)
		}
		if len(l.text) >= outputBuffer {
			l.print()
		}
	}
	if l.wire == nil {
		return reassembly.Sent
	}
	l.msg = udpwire.Message{
		Conn: r.Conn(), Index: r.Index, Time: r.Last,
		Src: r.Client.AddrPort(), Dst: r.Server.AddrPort(), Body: r.Raw,
	}
	switch err := l.wire.Send(&l.msg); {
	case err == nil:
		return reassembly.Sent
	case errors.Is(err, udpwire.ErrTooLarge):
		return reassembly.TooLarge
	default:
		return reassembly.QueueFull
	}
}

// close lets go of everything that was opened; what is not open is skipped.
func (l *listener) close() error {
	var errs []error
	if l.src != nil {
		errs = append(errs, l.src.Close())
	}
	if l.tape != nil {
		errs = append(errs, l.tape.Close())
	}
	if l.outErr == nil {
		l.print()
		errs = append(errs, l.outErr)
	}
	return errors.Join(errs...)
}

// snapshot takes the accounts; only the loop's goroutine may call it.
func (l *listener) snapshot() report.Snapshot {
	s := report.Snapshot{Groups: []report.Group{{Name: "requests", Counters: l.asm.Stats().All()}, {Name: "packets", Counters: l.dec.Stats().All()}}}
	if l.live != nil {
		s.Groups = append(s.Groups, report.Group{Name: "kernel", Counters: l.live.Stats().All()})
	}
	if l.tape != nil {
		s.Groups = append(s.Groups, report.Group{Name: "recording", Counters: l.tape.Stats().All()})
	}
	if l.wire != nil {
		s.Groups = append(s.Groups, report.Group{Name: "wire", Counters: l.wire.Stats().All()})
	}
	return s
}

// ---- the replayer

func replayCommand() *cli.Command {
	return &cli.Command{
		Name:         "replay",
		Usage:        "receive requests over UDP and forward them to targets",
		UsageText:    `gor replay -f "http://staging|10,http://dev|5"`,
		OnUsageError: onUsageError,
		Flags: slices.Concat([]cli.Flag{
			&cli.StringSliceFlag{Name: "forward", Aliases: []string{"f"}, Usage: "`TARGETS`, comma separated or repeated: URL, URL|N (requests per second), URL|N% (share of the client connections) (default: http://localhost:8080)"},
			&cli.StringFlag{Name: "ip", Value: "0.0.0.0", Usage: "`ADDRESS` to listen on"},
			&cli.StringFlag{Name: "port", Aliases: []string{"p"}, Value: strconv.Itoa(udpwire.DefaultPort), Usage: "UDP `PORT` to listen on"},
			&cli.StringSliceFlag{Name: "allow", Usage: "accept listeners from these `CIDRS` only, comma separated or repeated"},
			&cli.BoolFlag{Name: "original-host", Usage: "send the captured Host header instead of the target's"},
			&cli.IntFlag{Name: "concurrency", Value: forward.DefaultConcurrency, Usage: "requests in flight per target at most"},
			&cli.IntFlag{Name: "buffer", Value: forward.DefaultBuffer, Usage: "requests that may wait per target"},
			&cli.StringFlag{Name: "buffer-size", Value: fmt.Sprintf("%dMiB", forward.DefaultBufferBytes>>20), Usage: "`SIZE` of the requests that may wait per target"},
			&cli.DurationFlag{Name: "max-wait", Value: forward.DefaultMaxWait, Usage: "how long a request may wait for its turn"},
			&cli.DurationFlag{Name: "connect-timeout", Value: forward.DefaultConnectTimeout, Usage: "how long connecting to a target may take"},
			&cli.DurationFlag{Name: "answer-timeout", Value: forward.DefaultAnswerTimeout, Usage: "how long a target may take to begin its answer"},
			&cli.DurationFlag{Name: "timeout", Value: forward.DefaultTimeout, Usage: "how long a whole exchange may take"},
			&cli.DurationFlag{Name: "connection-age", Value: forward.DefaultConnectionAge, Usage: "renew connections, and look up names again, after this time"},
			&cli.StringSliceFlag{Name: "set-header", Usage: "set this header, `'Name: value'` (repeatable)"},
			&cli.StringSliceFlag{Name: "remove-header", Usage: "remove the headers of this `NAME` (repeatable)"},
			&cli.StringSliceFlag{Name: "rewrite-path", Usage: "rewrite request targets, `'REGEX:REPLACEMENT'` (repeatable)"},
			&cli.StringFlag{Name: "ca-file", Usage: "trust the certificates of this PEM `FILE` instead of the system's"},
			&cli.BoolFlag{Name: "insecure", Usage: "do not verify the targets' certificates"},
			&cli.StringFlag{Name: "client-cert", Usage: "client certificate, PEM `FILE`"},
			&cli.StringFlag{Name: "client-key", Usage: "its private key, PEM `FILE`"},
		}, filterFlags(), commonFlags()),
		Action: func(c *cli.Context) error {
			r, err := newReplayer(c)
			if err != nil {
				return fmt.Errorf("replay: %w", err)
			}
			return r.run(c.Context)
		},
	}
}

// A replayer is the receiving half.
type replayer struct {
	log    *slog.Logger
	recv   *udpwire.Receiver
	fwd    *forward.Forwarder
	report *report.Reporter
}

func newReplayer(c *cli.Context) (*replayer, error) {
	log, err := newLogger(c)
	if err != nil {
		return nil, err
	}
	if c.Args().Present() {
		return nil, usagef("%q is not a flag: replay takes flags only", c.Args().First())
	}
	port, err := parsePort(c.String("port"))
	if err != nil {
		return nil, err
	}
	ip, err := netip.ParseAddr(c.String("ip"))
	if err != nil {
		return nil, usagef("--ip %q: give an address of this machine, such as 0.0.0.0 or ::", c.String("ip"))
	}
	recv := udpwire.ReceiverConfig{Addr: netip.AddrPortFrom(ip, port).String(), Logger: log}
	for _, s := range listValue(c, "allow", "") {
		prefix, err := parsePrefix(s)
		if err != nil {
			return nil, err
		}
		recv.Allow = append(recv.Allow, prefix)
	}
	if recv.Secret, err = readSecret(c); err != nil {
		return nil, err
	}
	cfg, err := forwardConfig(c)
	if err != nil {
		return nil, err
	}
	cfg.Logger = log
	r := &replayer{log: log}
	if r.report, err = newReporter(c, log, r.snapshot); err != nil {
		return nil, err
	}
	if r.fwd, err = forward.New(*cfg); err != nil {
		return nil, err
	}
	recv.Load = r.fwd.Load
	if r.recv, err = udpwire.Listen(recv); err != nil {
		return nil, err
	}
	return r, nil
}

func forwardConfig(c *cli.Context) (*forward.Config, error) {
	cfg := &forward.Config{
		OriginalHost: c.Bool("original-host"), Mark: mark,
		Concurrency: c.Int("concurrency"), Buffer: c.Int("buffer"), MaxWait: c.Duration("max-wait"),
		ConnectTimeout: c.Duration("connect-timeout"), AnswerTimeout: c.Duration("answer-timeout"),
		Timeout: c.Duration("timeout"), ConnectionAge: c.Duration("connection-age"),
		TLS: forward.TLSConfig{
			CAFile: c.String("ca-file"), Insecure: c.Bool("insecure"),
			CertFile: c.String("client-cert"), KeyFile: c.String("client-key"),
		},
	}
	for _, name := range []string{"concurrency", "buffer"} {
		if c.IsSet(name) && c.Int(name) <= 0 {
			return nil, usagef("--%s %d: give a number above zero", name, c.Int(name))
		}
	}
	for _, name := range []string{"max-wait", "connect-timeout", "answer-timeout", "timeout", "connection-age"} {
		if c.IsSet(name) && c.Duration(name) <= 0 {
			return nil, usagef("--%s %v: give a duration above zero, such as 5s", name, c.Duration(name))
		}
	}
	for _, s := range listValue(c, "forward", "http://localhost:8080") {
		target, err := forward.ParseTarget(s)
		if err != nil {
			return nil, usageError{err}
		}
		cfg.Targets = append(cfg.Targets, target)
	}
	if c.IsSet("client-cert") != c.IsSet("client-key") {
		return nil, usagef("--client-cert and --client-key belong together: give both")
	}
	var err error
	if cfg.BufferBytes, err = sizeFlag(c, "buffer-size"); err != nil {
		return nil, err
	}
	cfg.Rewrite, err = forward.NewRewrite(forward.RewriteConfig{
		RewritePath: c.StringSlice("rewrite-path"), RemoveHeader: listValue(c, "remove-header", ""), SetHeader: c.StringSlice("set-header"),
	})
	if err != nil {
		return nil, usageError{err}
	}
	cfg.Filter, err = newFilter(c)
	return cfg, err
}

// parsePrefix reads a CIDR or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, usagef("--allow %q: give an address or a CIDR, such as 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}

// run forwards what arrives until ctx ends, then drains the queues for a
// bounded time and reports the final accounts.
func (r *replayer) run(ctx context.Context) error {
	r.report.Start()
	r.log.Info("replaying", "listen", r.recv.Addr().String())
	hard, cancel := context.WithCancel(context.Background())
	defer cancel()
	forwarded := make(chan error, 1)
	go func() { forwarded <- r.fwd.Run(hard) }()
	err := r.recv.Run(ctx, func(m *udpwire.Message) {
		r.fwd.Submit(&forward.Request{Conn: m.Conn, Index: m.Index, Time: m.Time, Raw: m.Body})
	})
	r.fwd.Close()
	drained := time.AfterFunc(drainTimeout, cancel)
	defer drained.Stop()
	err = errors.Join(err, <-forwarded)
	r.report.Finish(r.snapshot())
	if err != nil {
		return fmt.Errorf("replay: %w", err)
	}
	return nil
}

// snapshot takes the accounts; any goroutine may call it.
func (r *replayer) snapshot() report.Snapshot {
	return report.Snapshot{Groups: []report.Group{{Name: "wire", Counters: r.recv.Stats().All()}}, Targets: targets(r.fwd.Stats())}
}

// targets renders forward's accounts for the report.
type targets []forward.TargetStats

func (t targets) AppendLine(dst []byte, before report.Targets) []byte {
	since, _ := before.(targets)
	return forward.AppendLine(dst, forward.Interval(t, since))
}

func (t targets) AppendTable(dst []byte) []byte   { return forward.AppendTable(dst, t) }
func (t targets) AppendMetrics(dst []byte) []byte { return forward.AppendMetrics(dst, t) }

func (t targets) LogValue() slog.Value {
	var list []map[string]any
	for i := range t {
		counters := map[string]any{"target": t[i].Target}
		for name, n := range t[i].All() {
			counters[name] = n
		}
		list = append(list, counters)
	}
	return slog.AnyValue(list)
}

// ---- the demo

func demoCommand() *cli.Command {
	return &cli.Command{
		Name:         "demo",
		Usage:        "show the whole path on this machine's loopback (as root)",
		OnUsageError: onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("demo: %q is not a flag: demo takes none", c.Args().First())
			}
			exe, err := os.Executable()
			if err == nil {
				err = demo.Run(c.Context, exe, c.App.Writer, c.App.ErrWriter)
			}
			if err != nil {
				return fmt.Errorf("demo: %w", err)
			}
			return nil
		},
	}
}

// ---- the command line, as far as both commands share it

func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "secret-file", Usage: "`FILE` with the secret shared by both sides (or GOR_SECRET in the environment)"},
		&cli.DurationFlag{Name: "stats", Value: 5 * time.Second, Usage: "report statistics this often (0: only at the end)"},
		&cli.StringFlag{Name: "metrics", Usage: "serve Prometheus metrics and /healthz on this `ADDRESS`"},
		&cli.StringFlag{Name: "log-format", Value: "text", Usage: "text or json"},
		&cli.BoolFlag{Name: "verbose", Aliases: []string{"v"}, Usage: "log more"},
	}
}

func filterFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "method", Usage: "only these `METHODS`, comma separated or repeated"},
		&cli.StringSliceFlag{Name: "allow-path", Usage: "only requests whose target matches this `REGEX` (repeatable)"},
		&cli.StringSliceFlag{Name: "deny-path", Usage: "no requests whose target matches this `REGEX` (repeatable)"},
		&cli.StringSliceFlag{Name: "allow-header", Usage: "only requests with a header like `'Name: REGEX'` (repeatable)"},
		&cli.StringSliceFlag{Name: "deny-header", Usage: "no requests with a header like `'Name: REGEX'` (repeatable)"},
		&cli.BoolFlag{Name: "methods-safe", Usage: "only GET, HEAD and OPTIONS"},
	}
}

// listValue is a flag that may be repeated and holds commas; def where it is not given.
func listValue(c *cli.Context, name, def string) []string {
	var list []string
	for _, v := range c.StringSlice(name) {
		for part := range strings.SplitSeq(v, ",") {
			list = append(list, strings.TrimSpace(part))
		}
	}
	if list == nil && def != "" {
		list = []string{def}
	}
	return list
}

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, usagef("port %q: a port is a number from 1 to 65535", s)
	}
	return uint16(n), nil
}

func parsePorts(list []string) ([]uint16, error) {
	var ports []uint16
	for _, s := range list {
		p, err := parsePort(s)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ports, p) {
			ports = append(ports, p)
		}
	}
	return ports, nil
}

// sizeFlag reads a size like 1000000, 64MiB, 64M or 1G; units are powers of 1024.
func sizeFlag(c *cli.Context, name string) (int64, error) {
	s := c.String(name)
	digits := strings.TrimRight(s, "KMGTiBkmgtb")
	unit := strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(s[len(digits):]), "b"), "i")
	shift, known := map[string]int{"": 0, "k": 10, "m": 20, "g": 30}[unit]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || !known || n <= 0 || n > (1<<62)>>shift {
		return 0, usagef("--%s %q: a size is a number above zero with KiB, MiB or GiB, such as 64MiB", name, s)
	}
	return n << shift, nil
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
		return nil, usagef("--log-format %q: use text or json", f)
	}
}

// readSecret takes the shared secret from --secret-file or GOR_SECRET; nil: none.
func readSecret(c *cli.Context) ([]byte, error) {
	name := c.String("secret-file")
	if name == "" {
		return []byte(os.Getenv("GOR_SECRET")), nil
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("secret file: %w", err)
	}
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return nil, fmt.Errorf("secret file %s is empty", name)
	}
	return b, nil
}

func newFilter(c *cli.Context) (*forward.Filter, error) {
	f, err := forward.NewFilter(forward.FilterConfig{
		Methods: listValue(c, "method", ""), SafeMethods: c.Bool("methods-safe"),
		AllowPath: c.StringSlice("allow-path"), DenyPath: c.StringSlice("deny-path"),
		AllowHeader: c.StringSlice("allow-header"), DenyHeader: c.StringSlice("deny-header"),
	})
	if err != nil {
		return nil, usageError{err}
	}
	return f, nil
}

// newReporter reads the flags about statistics; collect may be called from any goroutine.
func newReporter(c *cli.Context, log *slog.Logger, collect func() report.Snapshot) (*report.Reporter, error) {
	cfg := report.Config{
		Command: c.Command.Name, Log: log, JSON: c.String("log-format") == "json", Out: c.App.ErrWriter,
		Every: c.Duration("stats"), Metrics: c.String("metrics"), Collect: collect,
	}
	if cfg.Every < 0 {
		return nil, usagef("--stats %v: give a duration such as 5s, or 0 for the end only", cfg.Every)
	}
	if f, ok := cfg.Out.(*os.File); ok && !cfg.JSON {
		info, err := f.Stat()
		cfg.Terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return report.New(cfg)
}
