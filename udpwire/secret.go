package udpwire

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"
)

// minSecret is how many bytes a secret has at least: what is shorter can be tried out from a recording.
const minSecret = 16

// secretFlag declares where the shared secret comes from.
func secretFlag() cli.Flag {
	return &cli.StringFlag{Name: "secret-file", Category: "The wire", Usage: "`FILE` with the secret shared by both sides, 16 bytes at least (or GOR_SECRET: the secret itself); it also keys the users of |N%, with --read too"}
}

// secret takes the shared secret from --secret-file, whose name it returns, too, or from GOR_SECRET; nil: none. Blanks and
// line ends around it do not count, wherever it is from.
func secret(c *cli.Context) (secret []byte, file string, err error) {
	if file = c.String("secret-file"); file == "" {
		env := os.Getenv("GOR_SECRET")
		if env == "" {
			return nil, "", nil
		}
		secret, err = checkSecret([]byte(env), "GOR_SECRET")
		return secret, "", err
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, "", fmt.Errorf("secret file: %w", err)
	}
	secret, err = checkSecret(b, "secret file "+file)
	return secret, file, err
}

// SecretFromFlags is the shared secret for more than the wire, which the listeners key
// the numbers of their users with; nil: there is none.
func SecretFromFlags(c *cli.Context, log *slog.Logger) ([]byte, error) {
	b, file, err := secret(c)
	if err == nil {
		warnReadable(log, file)
	}
	return b, err
}

// checkSecret trims a secret and refuses one that protects nothing.
func checkSecret(b []byte, from string) ([]byte, error) {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("%s is empty", from)
	case len(b) < minSecret:
		return nil, fmt.Errorf("%s has %d bytes: a secret has at least %d, such as from: head -c 32 /dev/urandom | base64", from, len(b), minSecret)
	}
	return b, nil
}

// warnReadable warns of a secret file that everybody on this machine may read.
func warnReadable(log *slog.Logger, file string) {
	if file == "" {
		return
	}
	if info, err := os.Stat(file); err == nil && readableByAll(info.Mode()) {
		log.Warn("everybody on this machine may read the secret file: chmod o-r", "file", file)
	}
}
