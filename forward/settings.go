package forward

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
)

// Values are where settings are read from: a command's flags, or a target's options
// above them.
type values interface {
	IsSet(name string) bool
	Bool(name string) bool
	Int(name string) int
	Duration(name string) time.Duration
	String(name string) string
	StringSlice(name string) []string
}

// An overlay is the options of one target above a command's flags. Lists, and whether
// something was set, are the options' alone.
type overlay struct {
	options []Option
	flags   *cli.Context
}

// last is the value of the last option of a name; nil: there is none. Its form is
// known to be right (Option.check).
func (o *overlay) last(name string) *Option {
	for i := len(o.options) - 1; i >= 0; i-- {
		if o.options[i].Name == name {
			return &o.options[i]
		}
	}
	return nil
}

// IsSet reports whether there is an option of a name.
func (o *overlay) IsSet(name string) bool { return o.last(name) != nil }

// Bool is the option's value, or the flag's; and so it is with the others.
func (o *overlay) Bool(name string) bool {
	if own := o.last(name); own != nil {
		return own.isTrue()
	}
	return o.flags.Bool(name)
}

// Int is the value of a whole number.
func (o *overlay) Int(name string) int {
	if own := o.last(name); own != nil {
		if n, err := strconv.Atoi(own.Value); err == nil {
			return n
		}
	}
	return o.flags.Int(name)
}

// Duration is the value of a time.
func (o *overlay) Duration(name string) time.Duration {
	if own := o.last(name); own != nil {
		if d, err := time.ParseDuration(own.Value); err == nil {
			return d
		}
	}
	return o.flags.Duration(name)
}

// String is the value of a text.
func (o *overlay) String(name string) string {
	if own := o.last(name); own != nil {
		return own.Value
	}
	return o.flags.String(name)
}

// StringSlice are the values of all options of a name.
func (o *overlay) StringSlice(name string) (all []string) {
	for _, own := range o.options {
		if own.Name == name {
			all = append(all, own.Value)
		}
	}
	return all
}

// settings reads what one target is sent, and within which bounds: what Flags and
// FilterFlags declare, but for the targets.
func settings(v values) (cfg Config, err error) {
	cfg = Config{
		OriginalHost: v.Bool("original-host"),
		Concurrency:  v.Int("concurrency"), Buffer: v.Int("buffer"), MaxWait: v.Duration("max-wait"),
		ConnectTimeout: v.Duration("connect-timeout"), AnswerTimeout: v.Duration("answer-timeout"),
		Timeout: v.Duration("timeout"), ConnectionAge: v.Duration("connection-age"),
		TLS: TLSConfig{
			CAFile: v.String("ca-file"), Insecure: v.Bool("insecure"),
			CertFile: v.String("client-cert"), KeyFile: v.String("client-key"),
		},
	}
	if v.IsSet("client-cert") != v.IsSet("client-key") {
		return cfg, usageError("--client-cert and --client-key belong together: give both")
	}
	if cfg.BufferBytes, err = SizeFlag(v, "buffer-size"); err != nil {
		return cfg, err
	}
	if cfg.Sessions, err = sessionsOf(v); err != nil {
		return cfg, err
	}
	cfg.Filter, err = filter(v)
	return cfg, err
}

// changes are the changes to requests that the flags, or a target's options, ask for.
func changes(v values) RewriteConfig {
	return RewriteConfig{
		RewritePath: v.StringSlice("rewrite-path"), RemoveHeader: listFlag(v, "remove-header"), SetHeader: v.StringSlice("set-header"),
	}
}

// own reads what is said of a target alone, above the flags; nil: nothing is.
func (s *TargetSpec) own(c *cli.Context) (*Config, error) {
	if len(s.Options) == 0 {
		return nil, nil
	}
	above := &overlay{s.Options, c}
	cfg, err := settings(above)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", s.URL, err)
	}
	if cfg.Rewrite, err = NewRewrite(changes(c).and(changes(above), above.IsSet("original-host"))); err != nil {
		return nil, usageError("target %q: %w", s.URL, err)
	}
	return &cfg, nil
}

// and is c and then own, which has the last word about a header: also, if it
// decides about the Host by other means, about that.
func (c RewriteConfig) and(own RewriteConfig, decidesHost bool) RewriteConfig {
	decided := slices.Clone(own.RemoveHeader)
	for _, line := range own.SetHeader {
		name, _, _ := strings.Cut(line, ":")
		decided = append(decided, name)
	}
	if decidesHost {
		decided = append(decided, "Host")
	}
	for _, line := range c.SetHeader {
		name, _, _ := strings.Cut(line, ":")
		if !slices.ContainsFunc(decided, func(d string) bool {
			return strings.EqualFold(strings.TrimSpace(d), strings.TrimSpace(name))
		}) {
			own.SetHeader = append(slices.Clip(own.SetHeader), line)
		}
	}
	own.RewritePath = slices.Concat(c.RewritePath, own.RewritePath)
	own.RemoveHeader = slices.Concat(c.RemoveHeader, own.RemoveHeader)
	return own
}
