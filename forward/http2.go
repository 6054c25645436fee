package forward

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"gor/reassembly/http1"
)

// What HTTP/2 cannot say, or http.Transport does not let it.
var (
	errOddHTTP2     = errors.New("HTTP/2: the request breaks a rule of HTTP/1, which HTTP/2 has no form for")
	errVersionHTTP2 = errors.New("HTTP/2: an HTTP/1.0 request would become another one")
	errOptionHTTP2  = errors.New("HTTP/2: there are no upgrades, and no connection options")
	errTargetHTTP2  = errors.New("HTTP/2: the target does not begin with one slash")
	errHostHTTP2    = errors.New("HTTP/2: the Host has bytes that cannot be sent, or there is none")
	errTrailerHTTP2 = errors.New("HTTP/2: a trailer that is no field, or that frames messages")
)

// checkHTTP2 says why r, sent with this target and Host, has no form in HTTP/2
// (RFC 9113 section 8); nil: it has one.
func (r *request) checkHTTP2(target, host []byte) error {
	switch {
	case r.head.Odd:
		return errOddHTTP2
	case r.head.HTTP10:
		return errVersionHTTP2
	case r.head.Upgrade || !r.fitOptions():
		return errOptionHTTP2
	case string(target) != "*" && target[0] != '/' || bytes.HasPrefix(target, []byte("//")):
		return errTargetHTTP2
	case len(host) == 0 || bytes.ContainsFunc(host, isNoHostHTTP2):
		return errHostHTTP2
	}
	return nil
}

// fitOptions reports whether nothing of what the Connection and TE fields say is
// lost in HTTP/2: only close, keep-alive and, for TE, trailers (section 8.2.2).
func (r *request) fitOptions() bool {
	for i := range r.fields {
		f := &r.fields[i]
		if te := http1.EqualFold(f.Name, "TE"); te && !http1.EqualFold(f.Value, "trailers") {
			return false
		}
		if f.Kind != http1.FieldConnection {
			continue
		}
		for option := range bytes.SplitSeq(f.Value, []byte(",")) {
			option = http1.Trim(option)
			if len(option) > 0 && !http1.EqualFold(option, "close") && !http1.EqualFold(option, "keep-alive") && !http1.EqualFold(option, "te") {
				return false
			}
		}
	}
	return true
}

// isNoHostHTTP2 reports whether a Host with c in it is not sent as it is: beyond
// what a URI's authority may hold (RFC 3986 section 3.2.2), http.Transport refuses
// or respells it.
func isNoHostHTTP2(c rune) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
	return !letter && !strings.ContainsRune("!$%&()*+,-.:;='[]_~", c)
}

// isFieldHTTP2 reports whether fields of this kind go out as they are over
// HTTP/2. The others belong to a connection of HTTP/1 or to its framing, and
// what they say is said otherwise.
func isFieldHTTP2(k http1.FieldKind) bool {
	switch k {
	case http1.FieldHost, http1.FieldConnection, http1.FieldKeepAlive, http1.FieldProxyConnection,
		http1.FieldContentLength, http1.FieldTransferEncoding, http1.FieldUpgrade, http1.FieldTrailer:
		return false
	}
	return true
}

// httpRequest makes a whole http.Request of r, which shares no bytes with it. The
// error says what HTTP/2 cannot carry. GetBody lets http.Transport send again what
// the target has not processed, and has said so: streams above the last one that a
// GOAWAY names (RFC 9113 section 6.8), and those refused with REFUSED_STREAM
// (section 8.7). It sends nothing else again.
func (s *shaper) httpRequest(ctx context.Context, r *request, target []byte, targetHost string) (*http.Request, error) {
	host := s.sentHost(r)
	if err := r.checkHTTP2(target, host); err != nil {
		return nil, err
	}
	body, trailer, err := r.content()
	if err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: "https", Host: targetHost, Opaque: string(target)} // Opaque is written as it is
	hreq := &http.Request{
		Method: string(r.method), URL: u, Host: string(host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header, len(r.fields)+2), Trailer: trailer,
	}
	s.fillHeader(hreq.Header, r)
	if hreq.ContentLength = int64(len(body)); r.head.Chunked {
		hreq.ContentLength = -1
	}
	if len(body) > 0 || r.head.Chunked {
		hreq.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		hreq.Body = io.NopCloser(bytes.NewReader(body))
	}
	return hreq.WithContext(ctx), nil
}

// fillHeader puts r's fields into h, as they are to be sent over HTTP/2.
func (s *shaper) fillHeader(h http.Header, r *request) {
	h["User-Agent"] = nil // none is added
	for i := range r.fields {
		f := &r.fields[i]
		marked := http1.EqualFold(f.Name, s.mark)
		r.marked = r.marked || marked
		if isFieldHTTP2(f.Kind) && !marked && !s.rewrite.removes(f.Name) {
			name := http.CanonicalHeaderKey(string(f.Name))
			h[name] = append(h[name], string(f.Value))
		}
	}
	if s.rewrite != nil {
		for _, set := range s.rewrite.set {
			h.Set(set.name, string(set.value.append(nil, &r.peers)))
		}
	}
	h.Set(s.mark, "1")
}

// content is a copy of r's body without chunks, and its trailers. Each of these
// needs a proper name, which is not that of a field that frames messages (RFC 9110
// section 6.5.1), and a proper value.
func (r *request) content() (body []byte, trailer http.Header, err error) {
	if !r.head.Chunked {
		return bytes.Clone(r.body), nil, nil
	}
	body, trailers := http1.AppendContent(make([]byte, 0, len(r.body)), r.body)
	for _, f := range http1.AppendFields(nil, trailers) {
		if folded(&f) || !http1.IsToken(f.Name) || !isFieldHTTP2(f.Kind) || bytes.ContainsFunc(f.Value, isControl) {
			return nil, nil, errTrailerHTTP2
		}
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer.Add(string(f.Name), string(f.Value))
	}
	return body, trailer, nil
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }
