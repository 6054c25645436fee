package udpwire

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// SenderFlags returns the flags of a command that sends.
func SenderFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "replay", Category: "The wire", Aliases: []string{"r"}, Usage: "replay servers `HOST:PORT`, comma separated or repeated; all addresses of a name are used, and looked up again", DefaultText: "localhost:28020"},
		&cli.StringFlag{Name: "wire-buffer", Category: "The wire", Value: "64MiB", Usage: "`SIZE` kept per replay server for sending again"},
		&cli.IntFlag{Name: "mtu", Category: "The wire", Usage: "largest IP packet in `BYTES` on the way to the replay server", DefaultText: "found out"},
		secretFlag(),
	}
}

// SenderFromFlags reads what SenderFlags declares.
func SenderFromFlags(c *cli.Context) (SenderConfig, error) {
	cfg := SenderConfig{MTU: c.Int("mtu")}
	for _, addr := range listFlag(c, "replay", "localhost") {
		addr, err := withDefaultPort(addr)
		if err != nil {
			return cfg, usageError("replay server %w", err)
		}
		cfg.Replayers = append(cfg.Replayers, addr)
	}
	if c.IsSet("mtu") && (cfg.MTU < 576 || cfg.MTU > 65535) {
		return cfg, usageError("--mtu %d: a packet has 576 to 65535 bytes", cfg.MTU)
	}
	var err error
	if cfg.Buffer, err = sizeFlag(c, "wire-buffer"); err != nil {
		return cfg, err
	}
	cfg.Secret, cfg.SecretFile, err = secret(c)
	return cfg, err
}

// ProbeFlags returns the flags of a command that asks whether replayers are there.
func ProbeFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "replay", Category: "The wire", Aliases: []string{"r"}, Usage: "also ask these replay servers `HOST:PORT` whether they are there, comma separated or repeated; of a silent one's machine also UDP port 1, to tell a deaf replayer from a firewall"},
		secretFlag(),
	}
}

// ProbeFromFlags reads what ProbeFlags declares.
func ProbeFromFlags(c *cli.Context) (replayers []string, secretBytes []byte, err error) {
	for _, addr := range listFlag(c, "replay") {
		addr, err := withDefaultPort(addr)
		if err != nil {
			return nil, nil, usageError("replay server %w", err)
		}
		replayers = append(replayers, addr)
	}
	secretBytes, _, err = secret(c)
	return replayers, secretBytes, err
}

// ReceiverFlags returns the flags of a command that receives.
func ReceiverFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "ip", Category: "The wire", Value: "0.0.0.0", Usage: "`ADDRESS` to listen on"},
		&cli.StringFlag{Name: "port", Category: "The wire", Aliases: []string{"p"}, Value: strconv.Itoa(DefaultPort), Usage: "UDP `PORT` to listen on"},
		&cli.StringSliceFlag{Name: "allow", Category: "The wire", Usage: "accept listeners from these `CIDRS` only, comma separated or repeated"},
		secretFlag(),
	}
}

// NoReceiver refuses the flags that mean nothing where requests do not come over the
// wire. A secret has a meaning there, too: see SecretFromFlags.
func NoReceiver(c *cli.Context) error {
	for _, name := range []string{"ip", "port", "allow"} {
		if c.IsSet(name) {
			return usageError("--%s and --read exclude each other: requests come from one of them", name)
		}
	}
	return nil
}

// ReceiverFromFlags reads what ReceiverFlags declares.
func ReceiverFromFlags(c *cli.Context) (ReceiverConfig, error) {
	var cfg ReceiverConfig
	port, err := parsePort(c.String("port"))
	if err != nil {
		return cfg, usageError("%w", err)
	}
	ip, err := netip.ParseAddr(c.String("ip"))
	if err != nil {
		return cfg, usageError("--ip %q: give an address of this machine, such as 0.0.0.0 or ::", c.String("ip"))
	}
	cfg.Addr = netip.AddrPortFrom(ip, port).String()
	for _, s := range listFlag(c, "allow") {
		prefix, err := parsePrefix(s)
		if err != nil {
			return cfg, usageError("--allow %w", err)
		}
		cfg.Allow = append(cfg.Allow, prefix)
	}
	cfg.Secret, cfg.SecretFile, err = secret(c)
	return cfg, err
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

// withDefaultPort checks HOST or HOST:PORT and adds the port where none is given.
func withDefaultPort(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = strings.Trim(addr, "[]"), strconv.Itoa(DefaultPort)
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

func parsePort(s string) (uint16, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("port %q: a port is a number from 1 to 65535", s)
	}
	return uint16(n), nil
}

// parsePrefix reads a CIDR or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("%q: give an address or a CIDR, such as 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}
