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
// connections are opened, and the pools that keep them. All but the clients is
// fixed when the target is made.
type route struct {
	https   bool
	url     *url.URL // the target without its path: the key of its pools, never anything captured
	host    string   // host and port as in the URL: dialled, and the Host sent unless OriginalHost
	shape   shaper
	dialer  *dialer
	clients atomic.Pointer[clients] // replaced every ConnectionAge
}

// clients are the two pools of connections to a target.
type clients struct {
	h1 *http.Transport // HTTP/1.1 only
	h2 *http.Transport // HTTP/2 where the target offers it; nil for http targets
}

// setUp fills r for the target at u.
func (r *route) setUp(cfg *Config, u *url.URL, tlsConf *tls.Config) {
	_, port, _ := net.SplitHostPort(hostPort(u)) // hostPort joins them, so it can be split
	r.https = u.Scheme == "https"
	r.url = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"}
	r.host = u.Host
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
	r.clients.Store(r.newClients(cfg))
}

// renew makes what comes use new connections, to addresses looked up anew. What
// is in flight ends on its connection, which is closed then.
func (r *route) renew(cfg *Config) {
	r.dialer.forget()
	r.clients.Swap(r.newClients(cfg)).closeIdle()
}

func (r *route) newClients(cfg *Config) *clients {
	most := (1 + maxHung) * cfg.Concurrency
	transport := func() *http.Transport {
		return &http.Transport{
			Proxy:                  nil, // the environment's would take the traffic elsewhere
			DialContext:            r.dialer.dialHTTP,
			DisableCompression:     true,
			MaxIdleConns:           most,
			MaxIdleConnsPerHost:    most, // the default of 2 would halve the throughput
			IdleConnTimeout:        cfg.ConnectionAge,
			ResponseHeaderTimeout:  cfg.AnswerTimeout,
			MaxResponseHeaderBytes: 1 << 20,
			Protocols:              new(http.Protocols),
		}
	}
	c := &clients{h1: transport()}
	c.h1.Protocols.SetHTTP1(true)
	c.h1.WriteBufferSize = 512 // what it writes only stands for the request
	if r.https {
		c.h1.DialTLSContext = r.dialer.dialTLS("http/1.1")
		c.h2 = transport()
		c.h2.DialTLSContext = r.dialer.dialTLS("h2", "http/1.1")
		c.h2.Protocols.SetHTTP1(true)
		c.h2.Protocols.SetHTTP2(true)
	}
	return c
}

func (c *clients) closeIdle() {
	c.h1.CloseIdleConnections()
	if c.h2 != nil {
		c.h2.CloseIdleConnections()
	}
}
