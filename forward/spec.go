package forward

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// MaxRate is the highest N of "URL|N", in requests per second.
const MaxRate = 1_000_000

// A TargetSpec says where requests go and how many of them.
type TargetSpec struct {
	// URL has the scheme http or https and a host; its path, if any, is put
	// before the path of each request.
	URL string
	// Rate is the most requests that may start in any one second, up to
	// MaxRate; 0: no limit.
	Rate int
	// Percent is the share that is replayed, above 0 and up to 100; 0 means 100.
	Percent float64
	// Share is what it is a share of.
	Share Share
	// HTTP2 sends over HTTP/2, which an https target has to offer; otherwise
	// requests go out over HTTP/1.1, exactly as they were captured.
	HTTP2 bool
	// Options are what else was said of this target alone. FromFlags makes Own of
	// them; they have no effect of themselves.
	Options []Option
	// Own is what holds for this target in place of the Forwarder's Config: how
	// requests are changed, TLS and the bounds. Its Filter is asked after that of the
	// Forwarder; nothing else of it is looked at. nil: all is as for other targets.
	Own *Config
}

// ParseTargets reads a list of targets, separated by commas.
func ParseTargets(list string) ([]TargetSpec, error) {
	var specs []TargetSpec
	for rest := list; ; {
		spec, after, err := parseTarget(rest)
		if err != nil {
			return nil, err
		}
		// A comma in an option's value that nobody has put into quotes is no beginning of a target.
		if n := len(specs); n > 0 && len(specs[n-1].Options) > 0 && !strings.Contains(rest[:len(rest)-len(after)], "://") {
			o := specs[n-1].Options[len(specs[n-1].Options)-1]
			return nil, fmt.Errorf("%q behind a comma begins with no http:// or https://: if it is a part of %s, put that into quotes: %s='…,…'",
				strings.TrimSpace(rest[:len(rest)-len(after)]), o.Name, o.Name)
		}
		specs = append(specs, spec)
		if after == "" {
			return specs, nil
		}
		rest = after[1:]
	}
}

// ParseTarget reads one target, as the package's documentation says.
func ParseTarget(s string) (TargetSpec, error) {
	spec, rest, err := parseTarget(s)
	if err == nil && rest != "" {
		err = fmt.Errorf("target %q: one target, not several", s)
	}
	return spec, err
}

// parseTarget reads a URL and what follows it, each behind a bar, up to the end or a
// comma, and returns that and what follows it. http:// is put before a URL without a
// scheme.
func parseTarget(s string) (spec TargetSpec, rest string, err error) {
	end := strings.IndexAny(s, separators)
	if end < 0 {
		end = len(s)
	}
	spec.URL, rest = strings.TrimSpace(s[:end]), s[end:]
	if !strings.Contains(spec.URL, "://") {
		spec.URL = "http://" + spec.URL
	}
	for err == nil && rest != "" && rest[0] != ',' {
		var w word
		if w, rest, err = nextWord(rest[1:]); err == nil {
			err = spec.take(&w)
		}
	}
	if err == nil {
		_, err = spec.parseURL()
	}
	if err != nil {
		err = fmt.Errorf("target %q: %w", strings.TrimSpace(s), err)
	}
	return spec, rest, err
}

// take takes in what stands behind one bar.
func (s *TargetSpec) take(w *word) error {
	if w.text == "h2" && !s.HTTP2 {
		s.HTTP2 = true
		return nil
	}
	o, ok, err := w.option()
	switch {
	case err != nil:
		return err
	case ok:
		s.Options = append(s.Options, o)
		return nil
	case w.text == "h2" || s.Rate > 0 || s.Percent > 0:
		err = fmt.Errorf("|%s: a target has one limit at most, and h2 once", w.text)
	default:
		err = s.parseLimit(w.text)
	}
	if n := len(s.Options); err != nil && n > 0 { // a bar in a value that nobody has put into quotes
		return fmt.Errorf("%w; or, if it is a part of %s, put that into quotes: %[2]s='…|…'", err, s.Options[n-1].Name)
	}
	return err
}

// String is the target as ParseTarget reads it.
func (s *TargetSpec) String() string {
	text := s.URL
	if l := s.limit(); l != (Limit{}) {
		text += "|" + l.String()
	}
	if s.HTTP2 {
		text += "|h2"
	}
	for _, o := range s.Options {
		text += "|" + o.String()
	}
	return text
}

// Describe says for people where requests go, how many of them, and what else is said
// of this target alone.
func (s *TargetSpec) Describe() string {
	how := s.limit().Describe()
	if s.HTTP2 {
		how += ", over HTTP/2"
	}
	for _, o := range s.Options {
		how += ", " + o.String()
	}
	return fmt.Sprintf("%s (%s)", s.URL, how)
}

func (s *TargetSpec) parseLimit(limit string) error {
	if share, of, ok := strings.Cut(limit, "%"); ok {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || !(p > 0 && p <= 100) {
			return fmt.Errorf("|%s: a share is above 0%% and at most 100%%, such as |10%%", limit)
		}
		s.Percent = p
		if s.Share, ok = parseShare(of); !ok {
			return fmt.Errorf("|%s: a share is one of users, of connections or of requests, such as |10%%, |10%%conn or |10%%req", limit)
		}
		return nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > MaxRate {
		return fmt.Errorf("|%s: a limit is 1 to %d requests per second, such as |10", limit, MaxRate)
	}
	s.Rate = n
	return nil
}

// parseURL checks the URL; a query, fragment or user has no place in it.
func (s *TargetSpec) parseURL() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	if err != nil {
		var uerr *url.Error
		if errors.As(err, &uerr) {
			err = uerr.Err // its text repeats the URL
		}
		return nil, fmt.Errorf("%w: give a URL such as http://staging:8080", err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q: use http:// or https://", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the host is missing: give a URL such as http://staging:8080")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.User != nil:
		return nil, errors.New("only scheme, host, port and path may be given")
	case s.HTTP2 && u.Scheme != "https":
		return nil, errors.New("|h2: HTTP/2 is for https targets")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("port %q: a port is a number from 1 to 65535", p)
		}
	}
	return u, nil
}

// hostPort is u's host and port as they are dialled.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "80"
		if u.Scheme == "https" {
			port = "443"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
