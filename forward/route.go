package forward

import (
	"bytes"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
)

// A route is how requests reach one target: what is changed in them, how
// connections are opened, and the pool that keeps them. All but the pools is
// fixed when the target is made.
type route struct {
	url    *url.URL // the target without its path: the key of the pool, never anything captured
	http2  bool     // over HTTP/2; over HTTP/1.1 otherwise
	shape  shaper
	dialer *dialer

	// ---- the connections, of which there are new ones every ConnectionAge

	pool    atomic.Pointer[http.Transport] // over HTTP/1.1
	former  *http.Transport                // the pool before; for the goroutine that runs the target
	streams *streams                       // over HTTP/2
}

// setUp fills r for the target at u.
func (r *route) setUp(cfg *Config, u *url.URL, http2 bool, tlsConf *tls.Config) {
	_, port, _ := net.SplitHostPort(hostPort(u)) // hostPort joins them, so it can be split
	r.url = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
	r.http2 = http2
	r.shape = shaper{
		host: []byte(u.Host), prefix: bytes.TrimRight([]byte(u.EscapedPath()), "/"),
		mark: cfg.Mark, rewrite: cfg.Rewrite,
	}
	if cfg.OriginalHost {
		r.shape.host = nil
	}
	if cfg.Rewrite != nil && cfg.Rewrite.host != nil {
		r.shape.host = cfg.Rewrite.host
	}
	r.dialer = &dialer{
		host: u.Hostname(), port: port, timeout: cfg.ConnectTimeout, tls: tlsConf,
		lookup: net.DefaultResolver.LookupNetIP, connect: new(net.Dialer).DialContext,
	}
	r.pool.Store(r.newPool(cfg))
	r.streams = newStreams(r.newPool(cfg), hostPort(u))
}

// connections are what requests go out on.
func (r *route) connections() http.RoundTripper {
	if r.http2 {
		return r.streams
	}
	return r.pool.Load()
}

// renew makes what comes use new connections, to addresses looked up anew. What
// is in flight ends on its connection, which is closed then.
func (r *route) renew(cfg *Config) {
	r.dialer.forget()
	r.streams.renew()
	r.former = r.pool.Swap(r.newPool(cfg))
	r.former.CloseIdleConnections()
}

// closeIdle closes the connections that nothing is in flight on, those of the former
// pool included: a worker that had taken that pool, and not yet begun, opened one in it
// after all.
func (r *route) closeIdle() {
	r.streams.renew()
	if r.former != nil {
		r.former.CloseIdleConnections()
	}
	r.pool.Load().CloseIdleConnections()
}

func (r *route) newPool(cfg *Config) *http.Transport {
	most := (1 + maxHung) * cfg.Concurrency
	t := &http.Transport{
		Proxy:                  nil, // the environment's would take the traffic elsewhere
		DialContext:            r.dialer.dialHTTP,
		DialTLSContext:         r.dialer.dialTLS,
		DisableCompression:     true,
		MaxIdleConns:           most,
		MaxIdleConnsPerHost:    most, // the default of 2 would halve the throughput
		IdleConnTimeout:        cfg.ConnectionAge,
		ResponseHeaderTimeout:  cfg.AnswerTimeout,
		MaxResponseHeaderBytes: 1 << 20,
		Protocols:              new(http.Protocols),
	}
	if r.http2 {
		t.DialTLSContext = r.dialer.dialHTTP2
		t.Protocols.SetHTTP2(true)
		return t
	}
	t.Protocols.SetHTTP1(true)
	t.MaxConnsPerHost = most // it would open another while one comes free, again and again
	t.WriteBufferSize = 512  // what it writes only stands for the request
	return t
}
