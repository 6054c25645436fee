package compare

import (
	"fmt"
	"strings"
)

// A Rule says what is not compared: a place of the answers of some routes.
type Rule struct {
	route string // GET /users/{id}; empty: all routes; with * at its end: all that begin so
	place string // as in PathReport.Path; what lies below it in JSON goes with it
}

// ParseRule reads a rule: a route, which may be left out or end in *, and behind it, after a blank, the
// name of a header, a path of JSON that begins with $, status or body:
//
//	GET /users/{id} $.updated_at
//	GET /api/* $.meta
//	x-version
func ParseRule(s string) (Rule, error) {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > 3 {
		return Rule{}, fmt.Errorf("%q: give a route and what to ignore of it, such as 'GET /users/{id} $.updated_at' or 'x-version'", s)
	}
	place := words[len(words)-1]
	if !strings.HasPrefix(place, "$") && place != "status" && place != "body" {
		place = "header " + strings.ToLower(place)
	}
	return Rule{route: strings.Join(words[:len(words)-1], " "), place: place}, nil
}

// has reports whether the rule takes out a place of a route.
func (r *Rule) has(route, place string) bool {
	if begin, ok := strings.CutSuffix(r.route, "*"); ok {
		if !strings.HasPrefix(route, begin) {
			return false
		}
	} else if r.route != "" && r.route != route {
		return false
	}
	rest, ok := strings.CutPrefix(place, r.place)
	return ok && (rest == "" || strings.HasPrefix(r.place, "$") && strings.ContainsAny(rest[:1], ".[") || strings.HasPrefix(rest, " "))
}
