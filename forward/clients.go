package forward

import "net/http"

// clients are the two ways to a target.
type clients struct {
	h1 *http.Transport
	h2 *http.Transport // with HTTP/2 where the target offers it; nil for http targets
}

func (t *target) newClients() *clients {
	most := (1 + maxHung) * t.cfg.Concurrency
	transport := func() *http.Transport {
		return &http.Transport{
			Proxy:                  nil, // the environment's would take the traffic elsewhere
			DialContext:            t.dialer.dialHTTP,
			DisableCompression:     true,
			MaxIdleConns:           most,
			MaxIdleConnsPerHost:    most, // the default of 2 would halve the throughput
			IdleConnTimeout:        t.cfg.ConnectionAge,
			ResponseHeaderTimeout:  t.cfg.AnswerTimeout,
			MaxResponseHeaderBytes: 1 << 20,
			Protocols:              new(http.Protocols),
		}
	}
	c := &clients{h1: transport()}
	c.h1.Protocols.SetHTTP1(true)
	c.h1.WriteBufferSize = 512 // what it writes only stands for the request
	if t.https {
		c.h1.DialTLSContext = t.dialer.dialTLS("http/1.1")
		c.h2 = transport()
		c.h2.DialTLSContext = t.dialer.dialTLS("h2", "http/1.1")
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
