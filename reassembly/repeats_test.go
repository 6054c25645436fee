package reassembly

import (
	"fmt"
	"testing"
	"time"

	"gor/capture"
)

// asks is a GET of a browser's user.
func asks(target, user string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla\r\nCookie: sid=" + user + "\r\n\r\n"
}

// behindProxy is what a proxy makes of a request: another version and Host, and fields of its own.
func behindProxy(target, user string) string {
	return "GET " + target + " HTTP/1.0\r\nHost: b\r\nX-Forwarded-For: 10.0.0.1\r\nUser-Agent: Mozilla\r\nCookie: sid=" + user + "\r\n\r\n"
}

// TestRepeats: what a proxy hands on is taken once, and what only looks like that is taken.
func TestRepeats(t *testing.T) {
	proxy, backend := endpoint(2, 80), endpoint(3, 80)
	users := func(port uint16) *client { return newClient(port, uint32(port)*1000) }
	from := func(src, dst capture.Endpoint) *client {
		k := newClient(src.Port, uint32(src.Port)*1000)
		k.src, k.dst = src, dst
		return k
	}
	for _, tt := range []struct {
		name string
		run  func(push func(k *client, request string, wait time.Duration))
		want int // requests handed on
	}{
		{"a proxy", func(push func(*client, string, time.Duration)) {
			front, back := users(4000), from(endpoint(2, 5000), backend)
			push(front, asks("/0", "a"), 0)
			push(back, behindProxy("/0", "a"), 0) // the first is taken: nothing was remembered before
			for i := range 10 {
				push(front, asks(fmt.Sprint("/", i), "a"), 0)
				push(back, behindProxy(fmt.Sprint("/", i), "a"), 0)
			}
		}, 12},
		{"two proxies one behind another", func(push func(*client, string, time.Duration)) {
			front, middle, back := users(4000), from(endpoint(2, 5000), backend), from(endpoint(3, 6000), endpoint(4, 80))
			push(front, asks("/0", "a"), 0)
			push(middle, behindProxy("/0", "a"), 0)
			push(back, behindProxy("/0", "a"), 0)
			push(front, asks("/1", "a"), 0)
			push(middle, behindProxy("/1", "a"), 0)
			push(back, behindProxy("/1", "a"), 0)
		}, 3},
		{"the same twice, handed on twice", func(push func(*client, string, time.Duration)) {
			front, other, back := users(4000), users(4001), from(endpoint(2, 5000), backend)
			push(front, asks("/x", "b"), 0)
			push(back, asks("/y", "b"), 0)
			push(front, asks("/0", "a"), 0)
			push(other, asks("/0", "a"), 0)
			for range 3 { // once of its own accord
				push(back, behindProxy("/0", "a"), 0)
			}
		}, 5},
		{"a service asks another", func(push func(*client, string, time.Duration)) {
			front, back := users(4000), from(endpoint(2, 5000), backend)
			for range 10 {
				push(front, asks("/0", "a"), 0)
				push(back, "GET /0 HTTP/1.1\r\nHost: b\r\nUser-Agent: Go-http-client/1.1\r\n\r\n", 0)
				push(back, behindProxy("/other", "a"), 0)
			}
		}, 30},
		{"another user asks for the same", func(push func(*client, string, time.Duration)) {
			front, back := users(4000), from(endpoint(2, 5000), backend)
			for range 10 {
				push(front, asks("/0", "a"), 0)
				push(back, behindProxy("/0", "b"), 0)
			}
		}, 20},
		{"too late", func(push func(*client, string, time.Duration)) {
			front, back := users(4000), from(endpoint(2, 5000), backend)
			for range 10 {
				push(front, asks("/0", "a"), 5*time.Second)
				push(back, behindProxy("/0", "a"), 5*time.Second)
			}
		}, 20},
		{"clients on the server's machine", func(push func(*client, string, time.Duration)) {
			one, two := from(endpoint(2, 5000), proxy), from(endpoint(2, 5001), proxy)
			for range 10 {
				push(one, asks("/0", "a"), 0)
				push(two, asks("/0", "a"), 0)
			}
		}, 20},
		{"clients on a machine with two servers", func(push func(*client, string, time.Duration)) {
			front, back := users(4000), from(endpoint(2, 5000), backend)
			push(front, asks("/9", "a"), 0)
			push(back, asks("/8", "a"), 0) // from now on it is looked for
			one, two := from(endpoint(2, 5001), proxy), from(endpoint(2, 5002), endpoint(2, 81))
			for range 10 {
				push(one, asks("/0", "a"), 0)
				push(two, asks("/0", "a"), 0)
			}
		}, 22},
		{"clients of no server's address", func(push func(*client, string, time.Duration)) {
			one, two := users(4000), from(endpoint(5, 5001), backend)
			for range 10 {
				push(one, asks("/0", "a"), 0)
				push(two, asks("/0", "a"), 0)
			}
		}, 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, now := newCollector(Config{}), int64(1_700_000_000_000_000_000)
			begun := make(map[*client]bool)
			tt.run(func(k *client, request string, wait time.Duration) {
				now += int64(wait) + 1_000_000
				if k.now = now; !begun[k] {
					begun[k] = true
					c.push(k.syn())
				}
				c.push(k.data(request))
			})
			s := c.finish(t)
			if len(c.requests) != tt.want || s.Captured != uint64(tt.want)+s.Fates[Repeated] {
				t.Errorf("%d handed on, want %d: %+v", len(c.requests), tt.want, s.Fates)
			}
		})
	}
}
