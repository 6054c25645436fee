package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	maxStreams     = 16 // browsers that look at a time
	maxConnections = 64
	patience       = 5 * time.Second // with a browser that does not take what it is sent
)

// serve answers on the page's socket until the page ends.
func (p *Page) serve() {
	server := &http.Server{
		Handler: p.handler(), ReadHeaderTimeout: patience, WriteTimeout: 2 * patience, IdleTimeout: 6 * patience, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return p.ctx },
	}
	server.ErrorLog = slog.NewLogLogger(p.cfg.Log.Handler(), slog.LevelDebug) // what strangers do wrong is no trouble here
	defer context.AfterFunc(p.ctx, func() { server.Close() })()
	err := server.Serve(&limited{Listener: p.socket, places: make(chan struct{}, maxConnections)})
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		p.cfg.Log.Warn("the page is no longer served", "err", err)
	}
}

// handler answers what browsers ask for.
func (p *Page) handler() http.Handler {
	mux := http.NewServeMux()
	whole := document("")
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { writePage(w, whole) })
	mux.HandleFunc("GET /save", p.save)
	s := &streams{page: p, places: make(chan struct{}, maxStreams), patience: patience}
	mux.HandleFunc("GET /events", s.serve)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy()+"; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !p.knows(r.Host) {
			http.Error(w, fmt.Sprintf("This page is not known as %q: ask for it by its address, as localhost, or by the name that --web has.", r.Host), http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// knows reports whether a Host is one that the page may be asked for by: not a name of
// somebody else's that leads here.
func (p *Page) knows(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	}
	given, _, _ := net.SplitHostPort(p.cfg.Address) // which was listened on
	for _, own := range []string{"localhost", given, p.cfg.Machine} {
		if name != "" && strings.EqualFold(name, own) {
			return true
		}
	}
	_, err = netip.ParseAddr(name)
	return err == nil
}

func writePage(w http.ResponseWriter, page string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, page)
}

// save answers with the page as a file that shows what it shows now.
func (p *Page) save(w http.ResponseWriter, _ *http.Request) {
	at := time.Now()
	data, _, err := p.frameSince(at, 0)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="gor-`+at.UTC().Format("20060102-150405")+`.html"`)
	writePage(w, document(string(data)))
}

// Streams are the browsers that look.
type streams struct {
	page     *Page
	places   chan struct{} // one in it for each: it is a bound, nothing is handed over
	patience time.Duration
}

// serve sends a browser a frame a second, until it leaves or takes none.
func (s *streams) serve(w http.ResponseWriter, r *http.Request) {
	select {
	case s.places <- struct{}{}:
		defer func() { <-s.places }()
	default:
		w.Header().Set("Retry-After", "5")
		http.Error(w, fmt.Sprintf("%d browsers look already", maxStreams), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	upTo := int64(0)
	for {
		data, last, err := s.page.frameSince(time.Now(), upTo)
		if err != nil || s.send(w, data) != nil {
			return
		}
		upTo = max(last, 1)
		select {
		case <-r.Context().Done():
			return
		case <-ticker.C:
		}
	}
}

// send sends one frame, in a bounded time.
func (s *streams) send(w http.ResponseWriter, data []byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(s.patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
		return err
	}
	return c.Flush()
}

// A limited listener has so many connections at a time; others are closed at once.
type limited struct {
	net.Listener
	places chan struct{} // one in it for each
}

// Accept waits for a connection that there is a place for.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.places <- struct{}{}:
			return &placed{Conn: c, places: l.places}, nil
		default:
			c.Close()
		}
	}
}

// A placed connection gives its place back when it is closed.
type placed struct {
	net.Conn
	places chan struct{}
	once   sync.Once
}

// Close closes the connection. It may be called again.
func (c *placed) Close() error {
	c.once.Do(func() { <-c.places })
	return c.Conn.Close()
}
