package users

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// A rule that names a cookie or a header which no request has is said once, after
// enough requests, with what users are known by instead; one request that has it is enough to
// say nothing, and a rule that names nothing cannot be wrong.
func TestAbsence(t *testing.T) {
	for _, tt := range []struct {
		rule  string
		first string // a field of the first request
		says  string // "": nothing
	}{
		{"cookie:nope", "Cookie: sid=1", `cookie=nope requests=500 users="by forwarded address 100 %"`},
		{"header:X-User", "X-Usr: 1", `header=X-User requests=500 users="by forwarded address 100 %"`},
		{"cookie:sid", "Cookie: sid=1", ""},
		{"header:X-User", "x-user: 1", ""},
		{"ip", "Cookie: sid=1", ""},
		{"connection", "Cookie: sid=1", ""},
		{"", "Cookie: nope=1", ""},
	} {
		t.Run(tt.rule+" and "+tt.first, func(t *testing.T) {
			rule, err := ParseRule(tt.rule)
			if err != nil {
				t.Fatal(err)
			}
			var log bytes.Buffer
			f := New(Config{Rule: rule, Logger: slog.New(slog.NewTextHandler(&log, nil))})
			proxied := "X-Forwarded-For: 10.0.0.1"
			f.find(fields(tt.first, proxied), addr(here), 7, 0)
			for i := range int64(absentAfter - 2) {
				f.find(fields(proxied), addr(here), 7, i*1e9)
			}
			if log.Len() > 0 {
				t.Errorf("too early: %s", &log)
			}
			for i := range int64(3 * absentAfter) {
				f.find(fields(proxied), addr(here), 7, (absentAfter+i)*1e9)
			}
			if got := log.String(); strings.Count(got, "no request has had") != min(len(tt.says), 1) || !strings.Contains(got, tt.says) {
				t.Errorf("%q, want %q", got, tt.says)
			}
		})
	}
}
