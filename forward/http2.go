package forward

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
)

// fitsHTTP2 reports whether r can be said in HTTP/2 (RFC 9113 section 8.3):
// what cannot goes over HTTP/1.1.
func (r *request) fitsHTTP2() bool {
	if r.odd || r.upgrade || r.minor == '0' || r.target[0] != '/' || bytes.HasPrefix(r.target, []byte("//")) {
		return false
	}
	for i := range r.fields {
		f := &r.fields[i]
		if f.kind == fieldEncoding && !bytes.EqualFold(f.value, []byte("chunked")) {
			return false
		}
		if bytes.ContainsFunc(f.value, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }) {
			return false
		}
	}
	return !bytes.ContainsFunc(r.target, func(c rune) bool { return c <= ' ' || c == 0x7f })
}

// onceBody is a request body without GetBody: what was read of it cannot be
// sent a second time.
type onceBody struct{ *bytes.Reader }

func (onceBody) Close() error { return nil }

// httpRequest makes a whole http.Request of r, for a target that may offer
// HTTP/2. Should it turn out to speak HTTP/1.1, the exact bytes take its place.
func (s *shaper) httpRequest(ctx context.Context, r *request, targetHost string) (*http.Request, error) {
	target, err := s.target(r)
	if err != nil {
		return nil, err
	}
	host := s.sentHost(r)
	u := serverURL(host, targetHost)
	u.Opaque, u.Path = string(target), "" // written as it is
	hreq := &http.Request{
		Method: string(r.method), URL: u, Host: string(host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header, len(r.fields)+2),
	}
	hreq.Header["User-Agent"] = nil // none is added
	for i := range r.fields {
		f := &r.fields[i]
		if f.kind == fieldOther && !equalFold(f.name, s.mark) && !equalFold(f.name, []byte("Trailer")) && !s.rewrite.removes(f.name) {
			name := http.CanonicalHeaderKey(string(f.name))
			hreq.Header[name] = append(hreq.Header[name], string(f.value))
		}
	}
	if s.rewrite != nil {
		for _, set := range s.rewrite.set {
			hreq.Header.Set(string(set.name), string(set.value))
		}
	}
	hreq.Header.Set(string(s.mark), "1")
	body := r.body
	hreq.ContentLength = int64(len(body))
	if r.chunked {
		var trailers []byte
		body, trailers = dechunk(make([]byte, 0, len(body)), body)
		hreq.Trailer = parseTrailers(trailers)
		hreq.ContentLength = -1
	}
	if len(body) > 0 || r.chunked {
		hreq.Body = onceBody{bytes.NewReader(body)}
	}
	return hreq.WithContext(ctx), nil
}

func parseTrailers(b []byte) http.Header {
	var h http.Header
	for line, rest := cutLine(b); len(line) > 0; line, rest = cutLine(rest) {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok {
			if h == nil {
				h = make(http.Header)
			}
			key := http.CanonicalHeaderKey(string(name))
			h[key] = append(h[key], string(trimBlanks(value)))
		}
	}
	return h
}

// serverURL names the https server that is asked for: the Host that is sent,
// which becomes the TLS server name, or the target where that is no host name.
func serverURL(host []byte, targetHost string) *url.URL {
	name := string(host)
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	valid := name != ""
	for _, c := range []byte(name) {
		valid = valid && (tokenBytes[c] && c < 0x80 || c == ':' || c == '[' || c == ']')
	}
	if !valid {
		return &url.URL{Scheme: "https", Host: targetHost, Path: "/"}
	}
	return &url.URL{Scheme: "https", Host: string(host), Path: "/"}
}

var _ io.ReadCloser = onceBody{}
