package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

const (
	requests = 1000
	wait     = 15 * time.Second // for the last request to reach staging
)

// Run shows the whole path with the gor binary at exe and writes its report to
// stdout, warnings of the commands to stderr. It needs the privilege to
// capture. The error says which request's fate is not as it should be.
func Run(ctx context.Context, exe string, stdout, stderr io.Writer) error {
	web, err := startServer()
	if err != nil {
		return err
	}
	defer web.Close()
	staging, err := startServer()
	if err != nil {
		return err
	}
	defer staging.Close()
	wire, err := freeUDPAddr()
	if err != nil {
		return err
	}
	_, webPort, _ := net.SplitHostPort(web.addr)
	ip, wirePort, _ := net.SplitHostPort(wire)

	fmt.Fprintf(stdout, "A web server on %s, a staging server on %s, and between them:\n\n", web.addr, staging.addr)
	start := func(args ...string) (*child, error) {
		fmt.Fprintf(stdout, "  gor %s\n", strings.Join(args, " "))
		return startChild(ctx, stderr, exe, args...)
	}
	replay, err := start("replay", "-ip", ip, "-p", wirePort, "-f", "http://"+staging.addr)
	if err != nil {
		return err
	}
	defer replay.stop()
	listen, err := start("listen", "-i", "lo", "-p", webPort, "-r", wire)
	if err != nil {
		return err
	}
	defer listen.stop()

	fmt.Fprintf(stdout, "\n%d clients send %d requests to the web server: GETs, POSTs, chunked uploads, 1 MB files.\n\n", clients, requests)
	if err := load(ctx, web.addr, requests); err != nil {
		return err
	}
	arrived, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	staging.waitFor(arrived, requests)
	if err := listen.stop(); err != nil {
		return fmt.Errorf("gor listen: %w", err)
	}
	if err := replay.stop(); err != nil {
		return fmt.Errorf("gor replay: %w", err)
	}
	return report(stdout, web, staging, listen, replay)
}

// freeUDPAddr finds a loopback UDP port that nobody uses.
func freeUDPAddr() (string, error) {
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer c.Close()
	return c.LocalAddr().String(), nil
}

// report prints what became of the requests at each step, from both servers
// and from the commands' own accounts.
func report(stdout io.Writer, web, staging *server, listen, replay *child) error {
	same, changed, missing := web.compare(staging)
	steps := []struct {
		what string
		from *child
		path []string
		n    int
	}{
		{what: "answered by the web server", n: same + changed + missing},
		{what: "captured", from: listen, path: []string{"requests", "captured"}},
		{what: "sent", from: listen, path: []string{"requests", "sent"}},
		{what: "received by the replayer", from: replay, path: []string{"targets", "received"}},
		{what: "answered by staging", from: replay, path: []string{"targets", "answered"}},
		{what: "arrived at staging unchanged", n: same},
	}
	var wrong []string
	for _, s := range steps {
		if s.from != nil {
			n, ok := s.from.account(s.path...)
			if !ok {
				return fmt.Errorf("the accounts lack %s", strings.Join(s.path, "."))
			}
			s.n = n
		}
		fmt.Fprintf(stdout, "  %-30s %6d\n", s.what, s.n)
		if s.n != requests {
			wrong = append(wrong, fmt.Sprintf("%d %s", s.n, s.what))
		}
	}
	fmt.Fprintf(stdout, "  %-30s %6d\n  %-30s %6d\n  %-30s %6d\n\n", "lost", missing, "changed", changed, "arrived twice", staging.twice)
	if missing+changed+staging.twice > 0 || len(wrong) > 0 {
		return fmt.Errorf("of %d requests %d were lost, %d changed, %d doubled; %s", requests, missing, changed, staging.twice, strings.Join(wrong, ", "))
	}
	_, err := fmt.Fprintln(stdout, "The accounts balance: every request arrived once, unchanged.")
	return err
}
