package demo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
)

const (
	clients  = 16
	idHeader = "X-Demo-Id"
)

// A digest stands for a request's method, target and body.
type digest [sha256.Size]byte

// A server is a web server that remembers what it got under which id.
type server struct {
	http.Server
	addr string

	mu    sync.Mutex
	got   map[string]digest
	twice int           // requests whose id had come before
	moved chan struct{} // gets a token when a request has come
}

// startServer serves on a loopback port of the kernel's choice until Close.
func startServer() (*server, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{addr: ln.Addr().String(), got: map[string]digest{}, moved: make(chan struct{}, 1)}
	s.Handler = s
	go s.Serve(ln)
	return s, nil
}

func (s *server) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s\n", r.Method, r.RequestURI)
	if _, err := io.Copy(h, r.Body); err != nil {
		return // cut short: a request that did not arrive
	}
	id := r.Header.Get(idHeader)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.got[id]; again {
		s.twice++
	}
	s.got[id] = digest(h.Sum(nil))
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// waitFor returns once n different requests have come or ctx ends.
func (s *server) waitFor(ctx context.Context, n int) {
	for {
		s.mu.Lock()
		have := len(s.got)
		s.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-s.moved:
		case <-ctx.Done():
			return
		}
	}
}

// compare counts the requests of s that other got unchanged, that it got with
// another method, target or body, and that it did not get.
func (s *server) compare(other *server) (same, changed, missing int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	other.mu.Lock()
	defer other.mu.Unlock()
	for id, want := range s.got {
		switch got, ok := other.got[id]; {
		case !ok:
			missing++
		case got != want:
			changed++
		default:
			same++
		}
	}
	return same, changed, missing
}

// load sends n requests to the web server at addr from several clients at once,
// each over its own keep-alive connection, and waits for the responses.
func load(ctx context.Context, addr string, n int) error {
	var wg sync.WaitGroup
	errs := make(chan error, clients)
	for client := range clients {
		wg.Go(func() {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			for i := client; i < n; i += clients {
				if err := request(ctx, transport, addr, i); err != nil {
					errs <- fmt.Errorf("request %d to the web server: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// request sends the i-th request: a GET, a small POST, a chunked POST or, now
// and then, an upload of 1 MB.
func request(ctx context.Context, transport *http.Transport, addr string, i int) error {
	method, size, chunked := http.MethodGet, 0, false
	switch {
	case i%100 == 99:
		method, size = http.MethodPut, 1<<20
	case i%10 == 5:
		method, size, chunked = http.MethodPost, 20_000, true
	case i%3 == 1:
		method, size = http.MethodPost, 100+i
	}
	var body io.Reader
	if size > 0 {
		body = bytes.NewReader(bytes.Repeat([]byte{byte('a' + i%26)}, size))
	}
	if chunked {
		body = io.MultiReader(body) // hides the length from net/http
	}
	r, err := http.NewRequestWithContext(ctx, method, fmt.Sprintf("http://%s/item/%d?page=%d", addr, i, i%7), body)
	if err != nil {
		return err
	}
	r.Header.Set(idHeader, strconv.Itoa(i))
	r.Header.Set("Cookie", "sessionid="+strconv.Itoa(i%clients)) // a user per client: they all come from one address
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}
