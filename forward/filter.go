package forward

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// FilterConfig says which requests pass a Filter. Regular expressions are RE2
// and match anywhere unless anchored.
type FilterConfig struct {
	Methods     []string // only these methods, exactly as spelt; empty: all
	SafeMethods bool     // only GET, HEAD and OPTIONS
	AllowPath   []string // the request target must match one of these
	DenyPath    []string // the request target must match none of these
	AllowHeader []string // 'Name: regex': a header must match one of these
	DenyHeader  []string // 'Name: regex': no header may match one of these
}

// A Filter decides which requests are replayed. It asks in this order: safe
// methods, methods, allowed paths, denied paths, allowed headers, denied
// headers. Any number of goroutines may use it.
type Filter struct {
	safe                    bool
	methods                 [][]byte
	allowPath, denyPath     []*regexp.Regexp
	allowHeader, denyHeader []headerRule
}

type headerRule struct {
	name []byte
	re   *regexp.Regexp
}

// NewFilter compiles a filter; its errors name the expression that is wrong.
func NewFilter(cfg FilterConfig) (*Filter, error) {
	f := &Filter{safe: cfg.SafeMethods}
	for _, m := range cfg.Methods {
		if !isToken([]byte(m)) {
			return nil, fmt.Errorf("method %q: not an HTTP method", m)
		}
		f.methods = append(f.methods, []byte(m))
	}
	var err error
	if f.allowPath, err = compilePaths("allow-path", cfg.AllowPath); err != nil {
		return nil, err
	}
	if f.denyPath, err = compilePaths("deny-path", cfg.DenyPath); err != nil {
		return nil, err
	}
	if f.allowHeader, err = compileHeaders("allow-header", cfg.AllowHeader); err != nil {
		return nil, err
	}
	if f.denyHeader, err = compileHeaders("deny-header", cfg.DenyHeader); err != nil {
		return nil, err
	}
	if !f.safe && len(f.methods)+len(f.allowPath)+len(f.denyPath)+len(f.allowHeader)+len(f.denyHeader) == 0 {
		return nil, nil
	}
	return f, nil
}

func compilePaths(flag string, exprs []string) ([]*regexp.Regexp, error) {
	var list []*regexp.Regexp
	for _, s := range exprs {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", flag, s, err)
		}
		list = append(list, re)
	}
	return list, nil
}

func compileHeaders(flag string, rules []string) ([]headerRule, error) {
	var list []headerRule
	for _, s := range rules {
		name, expr, ok := strings.Cut(s, ":")
		name = strings.TrimSpace(name)
		if !ok || !isToken([]byte(name)) {
			return nil, fmt.Errorf("%s %q: give 'Name: regex'", flag, s)
		}
		re, err := regexp.Compile(strings.TrimSpace(expr))
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", flag, s, err)
		}
		list = append(list, headerRule{[]byte(name), re})
	}
	return list, nil
}

// Allow reports whether the request that raw begins with passes. A nil Filter
// lets everything pass; any other lets nothing pass that has no request line.
// It keeps nothing of raw and allocates nothing.
func (f *Filter) Allow(raw []byte) bool {
	if f == nil {
		return true
	}
	line, rest := cutLine(skipBlankLines(raw))
	method, target, ok := splitRequestLine(line)
	if !ok {
		return false
	}
	switch {
	case f.safe && !isSafe(method),
		len(f.methods) > 0 && !slices.ContainsFunc(f.methods, func(m []byte) bool { return bytes.Equal(m, method) }),
		len(f.allowPath) > 0 && !matchAny(f.allowPath, target),
		matchAny(f.denyPath, target),
		len(f.allowHeader) > 0 && !matchHeader(f.allowHeader, rest),
		len(f.denyHeader) > 0 && matchHeader(f.denyHeader, rest):
		return false
	}
	return true
}

func isSafe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}

func matchAny(list []*regexp.Regexp, b []byte) bool {
	for _, re := range list {
		if re.Match(b) {
			return true
		}
	}
	return false
}

// matchHeader reports whether a header line in head, which ends at its blank
// line, is what one of the rules looks for.
func matchHeader(rules []headerRule, head []byte) bool {
	for {
		var line []byte
		if line, head = cutLine(head); len(line) == 0 {
			return false
		}
		colon := bytes.IndexByte(line, ':')
		if colon < 0 {
			continue
		}
		name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
		for i := range rules {
			if equalFold(name, rules[i].name) && rules[i].re.Match(value) {
				return true
			}
		}
	}
}
