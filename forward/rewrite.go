package forward

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gor/reassembly/http1"
)

// RewriteConfig says what is changed in each request on its way to a target.
type RewriteConfig struct {
	// RewritePath are rules 'regex:replacement' for the request target (path
	// and query as on the wire), applied in order. The first colon without a
	// backslash before it ends the regex; `\:` is a colon in it. The
	// replacement may use $1 or ${name}.
	RewritePath []string
	// RemoveHeader are names of headers that are left out.
	RemoveHeader []string
	// SetHeader are lines 'Name: value'; each takes the place of every header
	// of that name. In a value {client} is the client's address, {client_port} its
	// port, {server} the address and port of the server, and {user} the number of
	// the user, as they were captured.
	SetHeader []string
}

// A Rewrite is a compiled RewriteConfig. Paths are rewritten first, then
// headers removed, then headers set.
type Rewrite struct {
	paths  []pathRule
	remove []string // names removed, those that are set included
	set    []setRule
	host   []byte // value of a Host that is set; nil: none
}

type pathRule struct {
	re          *regexp.Regexp
	replacement []byte
}

type setRule struct {
	name  string
	value template
}

// framing are the headers on which the message boundaries and the connection
// rest; they are not the user's to change.
var framing = []string{"Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive", "Proxy-Connection", "Upgrade"}

// NewRewrite compiles rules; its errors name the rule that is wrong.
func NewRewrite(cfg RewriteConfig) (*Rewrite, error) {
	rw := &Rewrite{}
	for _, s := range cfg.RewritePath {
		rule, err := parsePathRule(s)
		if err != nil {
			return nil, fmt.Errorf("--rewrite-path %q: %w", s, err)
		}
		rw.paths = append(rw.paths, rule)
	}
	for _, name := range cfg.RemoveHeader {
		name = strings.TrimSpace(name)
		if strings.EqualFold(name, "Host") {
			return nil, fmt.Errorf("--remove-header %q: a request needs its Host; it can be set", name)
		}
		if err := checkChangeable(name); err != nil {
			return nil, fmt.Errorf("--remove-header %q: %w", name, err)
		}
		rw.remove = append(rw.remove, name)
	}
	for _, s := range cfg.SetHeader {
		rule, err := parseSetRule(s)
		if err != nil {
			return nil, fmt.Errorf("--set-header %q: %w", s, err)
		}
		if strings.EqualFold(rule.name, "Host") {
			if !rule.value.isFixed() {
				return nil, fmt.Errorf("--set-header %q: a Host is the same for all requests", s)
			}
			rw.host = []byte(rule.value[0].text)
			continue
		}
		rw.remove = append(rw.remove, rule.name)
		rw.set = append(rw.set, rule)
	}
	return rw, nil
}

// parseSetRule reads 'Name: value'. The line has to be one that no reader of
// HTTP/1 stumbles over, or it would make every request an odd one.
func parseSetRule(s string) (setRule, error) {
	name, value, ok := strings.Cut(s, ":")
	if !ok {
		return setRule{}, errors.New("give 'Name: value'")
	}
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if err := checkChangeable(name); err != nil {
		return setRule{}, err
	}
	if strings.ContainsAny(value, "\r\n") {
		return setRule{}, errors.New("a value is one line")
	}
	var m http1.Message
	if v := m.Head(fmt.Appendf(nil, "GET / HTTP/1.1\r\n%s: %s\r\n\r\n", name, value), ""); v != http1.Whole {
		return setRule{}, refusal(m.Reason)
	}
	if m.Odd {
		return setRule{}, errors.New("a value has no control characters")
	}
	t, err := parseTemplate(value)
	return setRule{name, t}, err
}

func parsePathRule(s string) (pathRule, error) {
	colon := -1
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if s[i] == ':' {
			colon = i
			break
		}
	}
	if colon < 0 {
		return pathRule{}, fmt.Errorf(`give 'regex:replacement', with \: for a colon in the regex`)
	}
	re, err := regexp.Compile(strings.ReplaceAll(s[:colon], `\:`, ":"))
	if err != nil {
		return pathRule{}, err
	}
	if strings.ContainsFunc(s[colon+1:], func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return pathRule{}, fmt.Errorf("a replacement has no blanks or control characters")
	}
	return pathRule{re, []byte(s[colon+1:])}, nil
}

func checkChangeable(name string) error {
	if !http1.IsToken([]byte(name)) {
		return fmt.Errorf("not a header name")
	}
	for _, f := range framing {
		if strings.EqualFold(f, name) {
			return fmt.Errorf("%s belongs to the connection and cannot be changed", f)
		}
	}
	return nil
}

// target is t rewritten; t itself where no rule matches.
func (rw *Rewrite) target(t []byte) []byte {
	if rw == nil {
		return t
	}
	for i := range rw.paths {
		if p := &rw.paths[i]; p.re.Match(t) {
			t = p.re.ReplaceAll(t, p.replacement)
		}
	}
	return t
}

// removes reports whether a header of this name is left out.
func (rw *Rewrite) removes(name []byte) bool {
	if rw == nil {
		return false
	}
	for _, r := range rw.remove {
		if http1.EqualFold(name, r) {
			return true
		}
	}
	return false
}

// appendSet appends the headers that are set in a request of these peers.
func (rw *Rewrite) appendSet(dst []byte, p *peers) []byte {
	if rw == nil {
		return dst
	}
	for i := range rw.set {
		dst = append(append(dst, rw.set[i].name...), ": "...)
		dst = append(rw.set[i].value.append(dst, p), "\r\n"...)
	}
	return dst
}
