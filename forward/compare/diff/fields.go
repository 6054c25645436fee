package diff

import (
	"slices"
	"strings"
)

// How a header field is compared.
type treatment uint8

const (
	plain   treatment = iota
	skipped           // it is about this connection, this moment or this request, or compared elsewhere
	there             // only whether it is there: its value is made anew, or is this server's own
	list              // as a list in any order and case
	hidden            // its value is a secret
	cookie            // Set-Cookie
	address           // a URL, of which scheme and host are the server's own
)

// treatments of the fields that are not plain.
var treatments = map[string]treatment{
	// framing, and what is on the way
	"connection": skipped, "keep-alive": skipped, "proxy-connection": skipped, "transfer-encoding": skipped, "content-length": skipped,
	"te": skipped, "trailer": skipped, "upgrade": skipped, "via": skipped, "alt-svc": skipped, "forwarded": skipped,
	"strict-transport-security": skipped, // production alone speaks TLS
	// this moment
	"date": skipped, "age": skipped, "expires": there, "last-modified": there, "retry-after": there,
	// this server's own
	"etag": there, "server": skipped, "x-powered-by": there, "x-served-by": skipped, "x-backend": skipped, "x-backend-server": skipped, "x-server": skipped,
	"x-hostname": skipped, "x-instance": skipped, "x-node": skipped, "x-pod": skipped, "x-upstream": skipped, "p3p": skipped,
	// caches and networks in front of production
	"x-cache": skipped, "x-cache-hits": skipped, "x-cache-status": skipped, "x-cache-lookup": skipped, "cache-status": skipped, "x-varnish": skipped, "x-timer": skipped,
	"x-proxy-cache": skipped, "x-drupal-cache": skipped, "x-fastly-request-id": skipped, "x-azure-ref": skipped, "report-to": skipped, "nel": skipped, "expect-ct": skipped,
	// this request
	"x-request-id": skipped, "request-id": skipped, "x-correlation-id": skipped, "correlation-id": skipped, "x-trace-id": skipped, "x-transaction-id": skipped,
	"traceparent": skipped, "tracestate": skipped, "traceresponse": skipped, "x-b3-traceid": skipped, "x-b3-spanid": skipped, "x-amzn-requestid": skipped,
	"x-amzn-trace-id": skipped, "x-ms-request-id": skipped, "x-cloud-trace-context": skipped, "x-debug-token": skipped, "x-debug-token-link": skipped,
	"x-runtime": skipped, "x-response-time": skipped, "x-process-time": skipped, "server-timing": skipped, "x-envoy-upstream-service-time": skipped,
	"x-kong-upstream-latency": skipped, "x-kong-proxy-latency": skipped, "content-md5": skipped, "digest": skipped, "repr-digest": skipped, "content-digest": skipped,
	// lists
	"vary": list, "allow": list, "cache-control": list, "pragma": list, "content-language": list, "accept-ranges": list, "access-control-allow-methods": list,
	"access-control-allow-headers": list, "access-control-expose-headers": list, "content-type": list, "content-encoding": list,
	// secrets
	"authorization": hidden, "proxy-authorization": hidden, "authentication-info": hidden, "proxy-authentication-info": hidden, "x-api-key": hidden,
	"cookie": hidden, "set-cookie2": hidden,
	"set-cookie": cookie,
	"location":   address, "content-location": address, "refresh": address,
}

// treat says how a field is compared.
func treat(name string) treatment {
	if t, ok := treatments[name]; ok {
		return t
	}
	for _, begin := range []string{"cf-", "x-amz-cf-", "x-ratelimit-", "x-rate-limit-", "ratelimit", "x-b3-", "x-datadog-", "x-akamai-", "akamai-"} {
		if strings.HasPrefix(name, begin) {
			return skipped
		}
	}
	if isSecret(name) {
		return hidden
	}
	return plain
}

// secrets are what the names of things have in them that are nobody's business.
var secrets = []string{"token", "secret", "passw", "passwd", "pwd", "authorization", "apikey", "api-key", "api_key", "session", "csrf", "xsrf", "jwt", "credential",
	"private", "cookie", "otp", "pin_code", "ssn", "cvv", "iban", "card_number", "cardnumber"}

// isSecret reports whether a name, in lower case, says that its value is a secret.
func isSecret(name string) bool {
	return slices.ContainsFunc(secrets, func(s string) bool { return strings.Contains(name, s) })
}

// fields compares the header fields.
func (d *Differ) fields() {
	then, now := d.then.Fields[:min(len(d.then.Fields), maxFields)], d.now.Fields[:min(len(d.now.Fields), maxFields)]
	for i := range then {
		if isSame(then, now, i) { // most are, and what they are for is no matter then
			continue
		}
		if name := then[i].Name; first(then, name) == i {
			d.field(name, then, now)
		}
	}
	for i := range now {
		if name := now[i].Name; first(now, name) == i && first(then, name) < 0 {
			d.field(name, then, now)
		}
	}
}

// isSame reports whether a field is the only one of its name in both answers, and has the same value.
func isSame(then, now []Field, i int) bool {
	name := then[i].Name
	j := first(now, name)
	return j >= 0 && then[i].Value == now[j].Value && first(now[j+1:], name) < 0 && first(then, name) == i && first(then[i+1:], name) < 0
}

// first is where the first field of a name is; below 0: nowhere.
func first(fields []Field, name string) int {
	for i := range fields {
		if fields[i].Name == name {
			return i
		}
	}
	return -1
}

// field compares the fields of one name.
func (d *Differ) field(name string, then, now []Field) {
	how := treat(name)
	switch how {
	case skipped:
		return
	case cookie:
		d.cookies(then, now)
		return
	}
	a, hasA := joined(then, name)
	b, hasB := joined(now, name)
	if hasA && hasB && (how == there || a == b || how == list && sameList(a, b)) {
		return
	}
	if how == address && hasA && hasB {
		if a, b = withoutHost(a), withoutHost(b); a == b {
			return
		}
	}
	if hasA && hasB && d.then.Names.same([]byte(a), []byte(b)) {
		return
	}
	if how == address { // what is behind the path may be anybody's secret
		a, b = withoutQuery(a), withoutQuery(b)
	}
	d.at("header ", name)
	d.secret = how == hidden
	switch {
	case !hasB:
		d.gone(Header, []byte(a), nil, "")
	case !hasA:
		d.gone(Header, nil, []byte(b), "")
	default:
		d.changed(Header, []byte(a), []byte(b), "")
	}
	d.secret = false
}

// at sets the path to words that are somebody's: printable and not too long.
func (d *Differ) at(kind, name string) {
	d.path = append(d.path[:0], kind...)
	d.path = appendName(d.path, []byte(name))
}

// joined is the value of all fields of a name together.
func joined(fields []Field, name string) (value string, found bool) {
	for i := range fields {
		switch {
		case fields[i].Name != name:
		case found:
			value += ", " + fields[i].Value
		default:
			value, found = fields[i].Value, true
		}
	}
	return value, found
}

// sameList reports whether two values have the same items between commas and
// semicolons, in any order and case.
func sameList(a, b string) bool { return strings.EqualFold(a, b) || slices.Equal(items(a), items(b)) }

func items(s string) []string {
	all := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ',' || r == ';' })
	for i := range all {
		all[i] = strings.ReplaceAll(strings.TrimSpace(all[i]), `"`, "")
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// withoutQuery is a URL whose query and fragment are not shown.
func withoutQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i+1] + "…"
	}
	return url
}

// withoutHost is a URL, or what begins with one after another parameter, without
// scheme and host.
func withoutHost(url string) string {
	before, rest, found := strings.Cut(url, "//")
	if !found || strings.ContainsAny(before, "/?#") || before != "" && !strings.HasSuffix(before, ":") {
		return url
	}
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return rest[i:]
	}
	return "/"
}
