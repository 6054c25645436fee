//go:build linux

package live

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// A load sends count requests from a namespace and waits for every answer.
type load struct {
	from     *namespace
	to       string // ip:port
	first    uint64 // number of the first request
	count    int
	conns    int
	rate     float64 // requests per second over all connections; 0: as fast as answers come
	body     int     // bytes of body: POST, otherwise GET
	chunk    int     // not 0: the body goes chunked, in chunks of this size
	pipeline int     // requests written at once before their answers are read; 0: one
	newConn  bool    // each request has its own connection
	browser  bool    // with the fields that a browser sends, a session's cookie among them

	clients []*client
	late    time.Duration // how far the load was behind its rate at worst
}

// fellShort tells whether the generator could not keep its rate: then the
// machine was too small for the scenario, or busy with something else.
func (l *load) fellShort() bool { return l.late > 250*time.Millisecond }

type client struct {
	load *load
	name uint64
	seq  int
	conn net.Conn
	r    *bufio.Reader
	out  []byte
}

// open connects all clients, as run does when it was not called before.
func (l *load) open() error {
	for i := range max(l.conns, 1) {
		c := &client{load: l, name: l.first + uint64(i)}
		if !l.newConn {
			if err := c.connect(); err != nil {
				return err
			}
		}
		l.clients = append(l.clients, c)
	}
	return nil
}

func (l *load) close() {
	for _, c := range l.clients {
		c.close()
	}
	l.clients = nil
}

// run sends the requests; the connections stay open for close.
func (l *load) run() error {
	if l.clients == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	var next atomic.Int64
	errs, late := make([]error, len(l.clients)), make([]time.Duration, len(l.clients))
	var all sync.WaitGroup
	start := time.Now()
	for i, c := range l.clients {
		all.Go(func() {
			step := max(l.pipeline, 1)
			for errs[i] == nil {
				from := int(next.Add(int64(step))) - step
				if from >= l.count {
					return
				}
				if l.rate > 0 {
					due := start.Add(time.Duration(float64(from) / l.rate * float64(time.Second)))
					time.Sleep(time.Until(due))
					late[i] = max(late[i], time.Since(due))
				}
				errs[i] = c.exchange(l.first+uint64(from), min(step, l.count-from))
			}
		})
	}
	all.Wait()
	l.late = max(l.late, slices.Max(late))
	return errors.Join(errs...)
}

func (c *client) connect() (err error) {
	if c.conn, err = c.load.from.dial("tcp", c.load.to); err == nil {
		c.r = bufio.NewReader(c.conn)
	}
	return err
}

func (c *client) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// exchange sends n requests, numbered from id, and reads their answers.
func (c *client) exchange(id uint64, n int) error {
	if c.conn == nil {
		if err := c.connect(); err != nil {
			return err
		}
	}
	c.out = c.out[:0]
	for i := range n {
		c.out = c.append(c.out, id+uint64(i))
	}
	c.conn.SetDeadline(time.Now().Add(patience))
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	for range n {
		if err := c.answer(); err != nil {
			return fmt.Errorf("answer to request %d: %w", id, err)
		}
	}
	if c.load.newConn {
		c.close()
	}
	return nil
}

// answer reads one answer, which must be a 200.
func (c *client) answer() error {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
		return fmt.Errorf("status line %q", line)
	}
	length := 0
	for len(line) > 2 {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return err
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(v))); err != nil {
				return err
			}
		}
	}
	_, err = c.r.Discard(length)
	return err
}

// noise is the material that bodies are cut from: all byte values, no pattern.
var noise = func() []byte {
	b := make([]byte, 1<<20+1<<10)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	return b
}()

// browserFields are what a browser sends with each request, in its order, less those
// that every load has; the session is that of its connection.
const browserFields = "Connection: keep-alive\r\n" +
	"sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8\r\n" +
	"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n" +
	"Referer: https://www.example.com/catalogue/shoes?page=3\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n" +
	"Cookie: _ga=GA1.1.1029384756.1719392021; _gid=GA1.1.564738291.1719392021; consent=necessary; sessionid=%032x\r\n"

// append writes request number id; its body is determined by the number.
func (c *client) append(b []byte, id uint64) []byte {
	method, target := "GET", "/r/"+strconv.FormatUint(id, 10)
	var body []byte
	if c.load.body > 0 {
		method = "POST"
		for from := int(id % (1 << 10)); len(body) < c.load.body; from = 0 {
			body = append(body, noise[from:from+min(c.load.body-len(body), 1<<20)]...)
		}
	}
	b = fmt.Appendf(b, "%s %s HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: load\r\nX-Sum: %08x\r\n",
		method, target, checksum(method, target, body))
	if c.load.newConn {
		b = append(b, "Connection: close\r\n"...)
	} else { // order is a promise within a connection only
		b = fmt.Appendf(b, "X-Conn: %d.%d\r\n", c.name, c.seq)
		c.seq++
	}
	if c.load.browser {
		b = fmt.Appendf(b, browserFields, c.name)
	}
	switch {
	case c.load.chunk > 0:
		b = append(b, "Transfer-Encoding: chunked\r\n\r\n"...)
		for chunk := range slices.Chunk(body, c.load.chunk) {
			b = fmt.Appendf(b, "%x\r\n%s\r\n", len(chunk), chunk)
		}
		return append(b, "0\r\n\r\n"...)
	case len(body) > 0:
		return append(fmt.Appendf(b, "Content-Length: %d\r\n\r\n", len(body)), body...)
	}
	return append(b, "\r\n"...)
}
