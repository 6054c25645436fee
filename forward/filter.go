package forward

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gor/reassembly/http1"
)

// FilterConfig says which requests pass a Filter. Regular expressions are RE2
// and match anywhere unless anchored.
//
// A rule for paths looks at the whole target, query included, and at more than
// one form of it: as it came; as it came but in origin form (/a for
// http://host/a); and normalised, which is what /%61, //a, /./a and /b/../a
// become where a server thinks them the same as /a (appendNormal says exactly
// how). Servers differ in which form they serve, so a filter is on the safe
// side of both: a request is denied if any form matches a denied path, and
// allowed only if both what came and the normalised form match an allowed one.
//
// A rule for headers looks at the value on one line: where it is folded, at the
// line with its continuation lines joined by one space (RFC 9112 section 5.2).
type FilterConfig struct {
	Methods     []string // only these methods, which are case-sensitive; empty: all
	SafeMethods bool     // only GET, HEAD and OPTIONS
	AllowPath   []string // the request target must match one of these
	DenyPath    []string // the request target must match none of these
	AllowHeader []string // 'Name: regex': a header must match one of these
	DenyHeader  []string // 'Name: regex': no header may match one of these
}

// A Filter decides which requests are replayed. It asks in this order: safe
// methods, methods, allowed paths, denied paths, allowed headers, denied
// headers. Any number of goroutines may use it. The zero value lets everything pass
// until paths are denied.
type Filter struct {
	rules                   bool // there are any of what follows, which does not change
	safe                    bool
	methods                 []string
	allowPath, denyPath     []*regexp.Regexp
	allowHeader, denyHeader []headerRule
	added                   atomic.Pointer[[]*regexp.Regexp] // denied paths, since NewFilter; never changed, but exchanged
	sights                  sync.Pool                        // of *sight, so that Allow allocates nothing
}

type headerRule struct {
	name string
	re   *regexp.Regexp
}

// knownMethods are those of RFC 9110 section 9 and RFC 5789, of which one in
// small letters is rather a slip than a method of somebody's own.
var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// NewFilter compiles a filter; its errors name the expression that is wrong.
func NewFilter(cfg FilterConfig) (*Filter, error) {
	f := &Filter{safe: cfg.SafeMethods, rules: true}
	for _, m := range cfg.Methods {
		if err := checkMethod(m); err != nil {
			return nil, fmt.Errorf("--method %q: %w", m, err)
		}
		f.methods = append(f.methods, m)
	}
	var err error
	if f.allowPath, err = compilePaths("--allow-path", cfg.AllowPath); err != nil {
		return nil, err
	}
	if f.denyPath, err = compilePaths("--deny-path", cfg.DenyPath); err != nil {
		return nil, err
	}
	if f.allowHeader, err = compileHeaders("--allow-header", cfg.AllowHeader); err != nil {
		return nil, err
	}
	if f.denyHeader, err = compileHeaders("--deny-header", cfg.DenyHeader); err != nil {
		return nil, err
	}
	if !f.safe && len(f.methods)+len(f.allowPath)+len(f.denyPath)+len(f.allowHeader)+len(f.denyHeader) == 0 {
		return nil, nil
	}
	return f, nil
}

func checkMethod(m string) error {
	if !http1.IsToken([]byte(m)) {
		return errors.New("not an HTTP method")
	}
	if upper := strings.ToUpper(m); m != upper && slices.Contains(knownMethods, upper) {
		return fmt.Errorf("methods are case-sensitive (RFC 9110 section 9.1): give %s", upper)
	}
	return nil
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
		if !ok || !http1.IsToken([]byte(name)) {
			return nil, fmt.Errorf("%s %q: give 'Name: regex'", flag, s)
		}
		re, err := regexp.Compile(strings.TrimSpace(expr))
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", flag, s, err)
		}
		list = append(list, headerRule{name, re})
	}
	return list, nil
}

// maxAdded bounds the rules that DenyPath adds.
const maxAdded = 100

// DenyPath adds a rule for paths to be denied, which holds from now on and for good.
func (f *Filter) DenyPath(expr string) error {
	re, err := regexp.Compile(expr)
	if err != nil {
		return err
	}
	if re.MatchString("") {
		return fmt.Errorf("%q matches every path: nothing would be left", expr)
	}
	if slices.Contains(f.Denied(), expr) {
		return nil
	}
	if len(f.Denied()) >= maxAdded {
		return fmt.Errorf("there are %d such rules already: each is asked for every request", maxAdded)
	}
	for {
		old := f.added.Load()
		var all []*regexp.Regexp
		if old != nil {
			all = slices.Clone(*old)
		}
		all = append(all, re)
		if f.added.CompareAndSwap(old, &all) {
			return nil
		}
	}
}

// Denied are the rules that DenyPath has added.
func (f *Filter) Denied() (all []string) {
	if p := f.added.Load(); p != nil {
		for _, re := range *p {
			all = append(all, re.String())
		}
	}
	return all
}

// Allow reports whether the request that raw begins with passes. A nil Filter
// lets everything pass; any other lets nothing pass that http1 does not read as
// the head of a request. It keeps nothing of raw and allocates nothing.
func (f *Filter) Allow(raw []byte) bool { return f.allows(nil, raw) }

// AllowRead is Allow for a request whose head was read already, with the outcome m.
func (f *Filter) AllowRead(m *http1.Message, raw []byte) bool { return f.allows(m, raw) }

// allows is both; m is nil where the head is still to be read.
func (f *Filter) allows(m *http1.Message, raw []byte) bool {
	if f == nil {
		return true
	}
	var added []*regexp.Regexp
	if p := f.added.Load(); p != nil {
		added = *p
	} else if !f.rules {
		return true
	}
	s, _ := f.sights.Get().(*sight)
	if s == nil {
		s = new(sight)
	}
	defer f.sights.Put(s)
	defer s.forget()
	if m != nil {
		s.take(m, raw)
	} else if !s.read(raw) {
		return false
	}
	switch {
	case f.safe && !isSafe(s.method),
		len(f.methods) > 0 && !slices.Contains(f.methods, string(s.method)),
		len(f.allowPath) > 0 && !s.allowedBy(f.allowPath),
		len(f.denyPath) > 0 && s.deniedBy(f.denyPath),
		len(added) > 0 && s.deniedBy(added),
		len(f.allowHeader) > 0 && !s.hasHeader(f.allowHeader),
		len(f.denyHeader) > 0 && s.hasHeader(f.denyHeader):
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
