package forward

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"

	"gor/reassembly/http1"
)

// fitsHTTP2 reports whether the head of r, sent with this target, can be said in
// HTTP/2 (RFC 9113 section 8.3). What cannot goes over HTTP/1.1: what is odd, an
// upgrade, HTTP/1.0, a target that does not begin with one slash.
func (r *request) fitsHTTP2(target []byte) bool {
	return !r.head.Odd && !r.upgrade && !r.head.HTTP10 && target[0] == '/' && !bytes.HasPrefix(target, []byte("//"))
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

// onceBody is a request body without GetBody: what was read of it cannot be
// sent a second time.
type onceBody struct{ *bytes.Reader }

func (onceBody) Close() error { return nil }

// httpRequest makes a whole http.Request of r, for a target that may offer
// HTTP/2. Should it turn out to speak HTTP/1.1, the exact bytes take its place.
// It is nil where HTTP/2 does not take r's trailers.
func (s *shaper) httpRequest(ctx context.Context, r *request, target []byte, targetHost string) *http.Request {
	body, trailer, ok := r.content()
	if !ok {
		return nil
	}
	host := s.sentHost(r)
	u := &url.URL{Scheme: "https", Host: targetHost, Opaque: string(target)} // which is written as it is
	hreq := &http.Request{
		Method: string(r.method), URL: u, Host: string(host),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header, len(r.fields)+2), Trailer: trailer,
	}
	hreq.Header["User-Agent"] = nil // none is added
	for i := range r.fields {
		f := &r.fields[i]
		if isFieldHTTP2(f.Kind) && !http1.EqualFold(f.Name, s.mark) && !s.rewrite.removes(f.Name) {
			name := http.CanonicalHeaderKey(string(f.Name))
			hreq.Header[name] = append(hreq.Header[name], string(f.Value))
		}
	}
	if s.rewrite != nil {
		for _, set := range s.rewrite.set {
			hreq.Header.Set(set.name, string(set.value))
		}
	}
	hreq.Header.Set(s.mark, "1")
	if hreq.ContentLength = int64(len(body)); r.head.Chunked {
		hreq.ContentLength = -1
	}
	if len(body) > 0 || r.head.Chunked {
		hreq.Body = onceBody{bytes.NewReader(body)}
	}
	return hreq.WithContext(ctx)
}

// content is the body of r without chunks, and its trailers. ok is false where
// HTTP/2 does not take a trailer: each needs a proper name, which is not that of
// a field that frames messages (RFC 9110 section 6.5.1), and a proper value.
func (r *request) content() (body []byte, trailer http.Header, ok bool) {
	if !r.head.Chunked {
		return r.body, nil, true
	}
	body, trailers := http1.AppendContent(make([]byte, 0, len(r.body)), r.body)
	for _, f := range http1.AppendFields(nil, trailers) {
		if folded(&f) || !http1.IsToken(f.Name) || !isFieldHTTP2(f.Kind) || bytes.ContainsFunc(f.Value, isControl) {
			return nil, nil, false
		}
		if trailer == nil {
			trailer = make(http.Header)
		}
		trailer.Add(string(f.Name), string(f.Value))
	}
	return body, trailer, true
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

var _ io.ReadCloser = onceBody{}
