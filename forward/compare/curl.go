package compare

import (
	"bytes"
	"net/url"
	"slices"
	"strings"

	"gor/reassembly/http1"
)

// maxCurl is how many bytes the line has that repeats a request.
const maxCurl = 800

// curl is a command that repeats a request as it was sent to a target, without its body and what is secret. sent is its head, or
// nil: it went as it was captured.
func curl(x *Exchange, target string, sent []byte) string {
	var b strings.Builder
	b.WriteString("curl -i")
	if m := string(x.Method); m == "HEAD" {
		b.WriteString(" --head")
	} else if m != "GET" {
		b.WriteString(" -X " + quote(m))
	}
	section, captured, path := fieldSection(x.Raw), []byte(nil), join(target, string(x.Path))
	var m http1.Message
	if m.Head(sent, "") == http1.Whole {
		section, captured, path = m.Fields(sent), section, join(origin(target), string(m.Target(sent)))
	}
	for _, f := range http1.AppendFields(nil, section) {
		if value := repeated(&f, captured, target); value != "" {
			b.WriteString(" -H " + quote(string(f.Name)+": "+value))
		}
		if b.Len() > maxCurl/2 {
			break
		}
	}
	if !isSafe(x.Method) {
		b.WriteString(" --data @BODY")
	}
	b.WriteString(" " + quote(withoutSecrets(path)))
	if b.Len() > maxCurl {
		return "(too long to show)"
	}
	return b.String()
}

// repeated is the value of a field that the command has; "": it is not in it. What was set on the way to the target is, as is a Host
// that is not the URL's: captured is what was captured, where it is known what was sent.
func repeated(f *http1.Field, captured []byte, target string) string {
	name := strings.ToLower(string(f.Name))
	switch name {
	case "cookie", "authorization":
		return "YOURS"
	case "accept", "accept-language", "content-type", "range", "if-none-match", "if-modified-since", "x-requested-with":
		return string(f.Value)
	case "connection", "content-length":
		return "" // the connection's own
	case "host":
		if captured == nil || string(f.Value) == hostOf(target) {
			return ""
		}
		return string(f.Value)
	}
	if captured == nil || bytes.Contains(captured, f.Line) {
		return ""
	}
	if isSecretName(name) {
		return "YOURS"
	}
	return string(f.Value)
}

// secretParameters are what the names of parameters have in them whose values are
// nobody's business.
var secretParameters = []string{"token", "secret", "pass", "pwd", "key", "auth", "sig", "session", "code", "jwt", "sid", "credential", "email", "otp"}

// withoutSecrets is a request's target without the values of parameters that are secrets.
func withoutSecrets(target string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target
	}
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if value != "" && isSecretName(strings.ToLower(name)) {
			parts[i] = name + "=HIDDEN"
		}
	}
	return path + "?" + strings.Join(parts, "&")
}

// isSecretName reports whether a name, in lower case, is one of something that may be secret.
func isSecretName(lower string) bool {
	return slices.ContainsFunc(secretParameters, func(s string) bool { return strings.Contains(lower, s) })
}

// quote makes one word of a shell's command of anything; bytes that do not belong
// on a terminal are not in it.
func quote(s string) string {
	return "'" + strings.ReplaceAll(visible(s), "'", `'\''`) + "'"
}

// address is a target's URL as people may see it.
func address(target string) string {
	u, err := url.Parse(target)
	if err != nil || u.Host == "" {
		return target
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(u.EscapedPath(), "/")
}

// join is where a request went. Its target may be a whole URL (RFC 9112 section 3.2.2).
func join(target, path string) string {
	if i := strings.Index(path, "://"); i > 0 && !strings.HasPrefix(path, "/") {
		_, rest, _ := strings.Cut(path[i+3:], "/")
		path = "/" + rest
	}
	return target + path
}

// origin is a target's URL without its path.
func origin(target string) string {
	if u, err := url.Parse(target); err == nil && u.Host != "" {
		return u.Scheme + "://" + u.Host
	}
	return target
}
