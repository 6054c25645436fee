package users

import (
	"fmt"
	"strings"

	"gor/reassembly/http1"
)

// A Rule says what a user is known by. The zero value finds it out, as the
// package's documentation says.
type Rule struct {
	by   by
	name string // of the cookie or the header
}

// What a rule goes by.
type by uint8

const (
	byEvidence by = iota
	byCookie
	byHeader
	byIP
	byConnection
)

// ParseRule reads cookie:NAME, header:NAME, ip or connection; an empty text is the
// zero Rule.
func ParseRule(s string) (Rule, error) {
	kind, name, named := strings.Cut(s, ":")
	kinds := map[string]by{"": byEvidence, "cookie": byCookie, "header": byHeader, "ip": byIP, "connection": byConnection}
	r := Rule{by: kinds[kind], name: name}
	needsName := r.by == byCookie || r.by == byHeader
	if _, known := kinds[kind]; !known || named != needsName {
		return Rule{}, fmt.Errorf("%q: give cookie:NAME, header:NAME, ip or connection", s)
	}
	if needsName && !http1.IsToken([]byte(name)) {
		return Rule{}, fmt.Errorf("%q: %q is no name of a %s", s, name, kind)
	}
	return r, nil
}
