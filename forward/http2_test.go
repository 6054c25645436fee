package forward

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestHTTP2Parallel sends much over few connections, bodies included.
func TestHTTP2Parallel(t *testing.T) {
	srv := newTLSTarget(t, true)
	f, err := New(Config{Targets: []TargetSpec{{URL: srv.URL, HTTP2: true}}, TLS: TLSConfig{Insecure: true}})
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Repeat([]byte("x"), 50_000)
	for n := range 400 {
		f.Submit(&Request{Conn: uint64(n%40) << 40, Raw: fmt.Appendf(nil, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", n, len(body), body)})
	}
	f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	f.Run(ctx)
	s := f.Stats()[0]
	checkBalance(t, &s)
	if s.Answered != 400 || len(srv.got) != 400 {
		t.Errorf("%s; %d at the target", AppendLine(nil, []TargetStats{s}), len(srv.got))
	}
	if strings.Count(srv.all(), "HTTP/2.0 POST") != 400 {
		t.Error("not all came over HTTP/2")
	}
}

// TestUnfitForHTTP2: what has no form in HTTP/2, or what http.Transport refuses or
// changes there, is not sent at all.
func TestUnfitForHTTP2(t *testing.T) {
	const host = "Host: example.com\r\n"
	chunked := func(trailer string) string {
		return "PUT /a HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n" + trailer + "\r\n\r\n"
	}
	srv := newTLSTarget(t, true)
	for name, tt := range map[string]struct {
		raw  string
		want error
	}{
		"trailer that frames":       {chunked("Content-Length: 7"), errTrailerHTTP2},
		"trailer without a name":    {chunked("X: 1\r\n0"), errTrailerHTTP2},
		"folded trailer":            {chunked("X: 1\r\n 0"), errTrailerHTTP2},
		"control byte in a trailer": {chunked("X: \x01"), errTrailerHTTP2},
		"two Hosts":                 {"GET /a HTTP/1.1\r\n" + host + "host: b\r\n\r\n", errOddHTTP2},
		"space before a colon":      {"GET /a HTTP/1.1\r\n" + host + "X : 1\r\n\r\n", errOddHTTP2},
		"HTTP/1.0":                  {"GET /a HTTP/1.0\r\n" + host + "\r\n", errVersionHTTP2},
		"upgrade":                   {"GET /a HTTP/1.1\r\n" + host + "Connection: upgrade\r\nUpgrade: x\r\n\r\n", errOptionHTTP2},
		"connection option":         {"GET /a HTTP/1.1\r\n" + host + "Connection: close, X-Foo\r\nX-Foo: 1\r\n\r\n", errOptionHTTP2},
		"transfer coding":           {"GET /a HTTP/1.1\r\n" + host + "TE: gzip\r\n\r\n", errOptionHTTP2},
		"two slashes":               {"GET //a HTTP/1.1\r\n" + host + "\r\n", errTargetHTTP2},
		"absolute form":             {"GET http://b/a HTTP/1.1\r\n" + host + "\r\n", errTargetHTTP2},
		"no slash":                  {"GET a HTTP/1.1\r\n" + host + "\r\n", errTargetHTTP2},
		"no Host":                   {"GET /a HTTP/1.1\r\n\r\n", errHostHTTP2},
		"empty Host":                {"GET /a HTTP/1.1\r\nHost:\r\n\r\n", errHostHTTP2},
		"Host with a blank":         {"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n", errHostHTTP2},
		"Host with a path":          {"GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n", errHostHTTP2},
		"Host beyond ASCII":         {"GET /a HTTP/1.1\r\nHost: b\xc3\xbccher\r\n\r\n", errHostHTTP2},
		"Host of no character":      {"GET /a HTTP/1.1\r\nHost: \xff\r\n\r\n", errHostHTTP2},
	} {
		t.Run(name, func(t *testing.T) {
			s := forwardOne(t, Config{OriginalHost: true, TLS: TLSConfig{Insecure: true}}, srv.URL+"|h2", tt.raw)
			if s.Unsupported != 1 || len(srv.got) != 0 {
				t.Errorf("%s; the target got %q", AppendLine(nil, []TargetStats{s}), srv.got)
			}
			w := benchWorker(t)
			w.t.route.http2, w.t.route.shape.host = true, nil
			if _, err := w.prepare([]byte(tt.raw)); err != tt.want {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// TestHTTP2Hosts: a Host that fits arrives as it was captured, odd as it may be.
func TestHTTP2Hosts(t *testing.T) {
	for _, host := range []string{"a]", "::1", "a:b", "[a]", "a_b~c:80", "%zz", "a,b", "Example.COM"} {
		srv := newTLSTarget(t, true)
		s := forwardOne(t, Config{OriginalHost: true, TLS: TLSConfig{Insecure: true}}, srv.URL+"|h2", "GET /a HTTP/1.1\r\nHost: "+host+"\r\n\r\n")
		if s.Answered != 1 || len(srv.sni) != 1 {
			t.Errorf("%q: %s; %d connections", host, AppendLine(nil, []TargetStats{s}), len(srv.sni))
		}
		if got := srv.all(); s.Status[200] == 1 && !strings.Contains(got, " host="+host+" ") {
			t.Errorf("%q: the target got %s", host, got)
		}
	}
}

// TestNoHTTP2: a target that was to be sent HTTP/2 and does not offer it gets nothing.
func TestNoHTTP2(t *testing.T) {
	srv := newTLSTarget(t, false)
	s := forwardOne(t, Config{TLS: TLSConfig{Insecure: true}}, srv.URL+"|h2", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	if s.Failed[FailTLS] != 1 || len(srv.got) != 0 {
		t.Errorf("%s; the target got %q", AppendLine(nil, []TargetStats{s}), srv.got)
	}
}

// TestHTTP2Refused: what a target says not to have processed is sent again, bodies
// included, and reaches it once.
func TestHTTP2Refused(t *testing.T) {
	for _, goAway := range []bool{true, false} {
		t.Run(fmt.Sprintf("GOAWAY %v", goAway), func(t *testing.T) {
			srv := newFrameServer(t, 100, goAway)
			const n = 2000
			f, err := New(Config{Targets: []TargetSpec{{URL: "https://" + srv.Addr().String(), HTTP2: true}}, Concurrency: 8, TLS: TLSConfig{Insecure: true}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range n {
				raw := fmt.Appendf(nil, "POST /%d HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", i)
				if i%3 == 0 {
					raw = fmt.Appendf(nil, "GET /%d HTTP/1.1\r\nHost: x\r\n\r\n", i)
				}
				f.Submit(&Request{Conn: uint64(i%50) << 40, Raw: raw})
			}
			f.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			f.Run(ctx)
			s := f.Stats()[0]
			checkBalance(t, &s)
			srv.mu.Lock()
			defer srv.mu.Unlock()
			if s.Answered != n || srv.answered != n || srv.refused == 0 {
				t.Errorf("%s; %d answered and %d refused on %d connections", AppendLine(nil, []TargetStats{s}), srv.answered, srv.refused, srv.conns)
			}
		})
	}
}

// TestTargetOptions holds what may stand behind a URL.
func TestTargetOptions(t *testing.T) {
	for _, tt := range []struct {
		text string
		want TargetSpec // without a URL: refused
	}{
		{"a", TargetSpec{URL: "http://a"}},
		{" https://a:1/b ", TargetSpec{URL: "https://a:1/b"}},
		{"http://a|10", TargetSpec{URL: "http://a", Rate: 10}},
		{"http://a|2.5%", TargetSpec{URL: "http://a", Percent: 2.5}},
		{"http://a|2.5%conn", TargetSpec{URL: "http://a", Percent: 2.5, Share: ShareConnections}},
		{"http://a#10%req", TargetSpec{URL: "http://a", Percent: 10, Share: ShareRequests}},
		{"http://a|10%user", TargetSpec{}}, {"http://a|10%%", TargetSpec{}}, {"http://a|10conn", TargetSpec{}},
		{"https://a|h2", TargetSpec{URL: "https://a", HTTP2: true}},
		{"https://a|10|h2", TargetSpec{URL: "https://a", Rate: 10, HTTP2: true}},
		{"https://a|h2|10%", TargetSpec{URL: "https://a", Percent: 10, HTTP2: true}},
		{"http://a|h2", TargetSpec{}}, {"a|h2", TargetSpec{}}, {"https://a|h2|h2", TargetSpec{}}, {"https://a|1|2", TargetSpec{}},
		{"https://a|1|2%", TargetSpec{}}, {"https://a|", TargetSpec{}}, {"https://a||h2", TargetSpec{}}, {"https://a|h2|", TargetSpec{}},
		{"https://a|H2", TargetSpec{}}, {"https://a|h3", TargetSpec{}}, {"", TargetSpec{}}, {"|h2", TargetSpec{}},
	} {
		got, err := ParseTarget(tt.text)
		if (err != nil) != (tt.want.URL == "") || err == nil && !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %+v, %v", tt.text, got, err)
		}
		if again, err2 := ParseTarget(got.String()); err == nil && (err2 != nil || !reflect.DeepEqual(again, got)) {
			t.Errorf("%q: %q is %+v, %v", tt.text, got.String(), again, err2)
		}
	}
	if specs, err := ParseTargets("a,https://b|h2"); err != nil || !reflect.DeepEqual(specs, []TargetSpec{{URL: "http://a"}, {URL: "https://b", HTTP2: true}}) {
		t.Errorf("%+v, %v", specs, err)
	}
}
