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
}

// ParseTargets reads a comma-separated list of targets.
func ParseTargets(list string) ([]TargetSpec, error) {
	var specs []TargetSpec
	for s := range strings.SplitSeq(list, ",") {
		spec, err := ParseTarget(s)
		if err != nil {
			return nil, err
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// ParseTarget reads a URL and what follows it, each behind a bar: "|N", "|N%",
// "|N%conn" or "|N%req", and "|h2". http:// is put before a URL without a scheme. For the bar may stand
// "#", which shells do not take for a pipe and which no target's URL has.
func ParseTarget(s string) (TargetSpec, error) {
	parts := strings.Split(strings.ReplaceAll(strings.TrimSpace(s), "#", "|"), "|")
	spec := TargetSpec{URL: parts[0]}
	if !strings.Contains(spec.URL, "://") {
		spec.URL = "http://" + spec.URL
	}
	for _, option := range parts[1:] {
		if err := spec.parseOption(option); err != nil {
			return spec, fmt.Errorf("target %q: %w", s, err)
		}
	}
	if _, err := spec.parseURL(); err != nil {
		return spec, fmt.Errorf("target %q: %w", s, err)
	}
	return spec, nil
}

// parseOption reads what stands behind one bar.
func (s *TargetSpec) parseOption(option string) error {
	switch {
	case option == "h2" && !s.HTTP2:
		s.HTTP2 = true
		return nil
	case option != "h2" && s.Rate == 0 && s.Percent == 0:
		return s.parseLimit(option)
	}
	return fmt.Errorf("|%s: a target has one limit at most, and h2 once", option)
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
	return text
}

// Describe says for people where requests go and how many of them.
func (s *TargetSpec) Describe() string {
	how := s.limit().Describe()
	if s.HTTP2 {
		how += ", over HTTP/2"
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
