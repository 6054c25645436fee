//go:build linux

package live

import (
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkOverlayThroughput is what a listener leaves of the throughput of a machine
// whose traffic goes through an overlay network: with a listener and without, by
// turns, one connection to a port that nobody listens to carries what it can. The
// filter in the kernel has to look into each packet's tunnel and refuse it.
func BenchmarkOverlayThroughput(b *testing.B) {
	for _, leaving := range []bool{true, false} {
		b.Run(map[bool]string{true: "leaving", false: "arriving"}[leaving], func(b *testing.B) {
			m := newMirror(b)
			back := m.backend("8080")
			m.overlay(back)
			from, to, addr := m.web, back, "10.42.0.2:9000"
			if !leaving {
				from, to, addr = back, m.web, "10.42.0.1:9000"
			}
			received := to.drain(addr)
			from.flood(addr)
			m.replay()
			time.Sleep(time.Second)
			var with, without, ratios []float64
			for b.Loop() {
				for range turns {
					alone := speed(received)
					m.watch("-p", "80")
					beside := speed(received)
					m.listener.interrupt()
					without, with, ratios = append(without, alone), append(with, beside), append(ratios, beside/alone)
				}
			}
			b.ReportMetric(0, "ns/op") // the length of the turns, says nothing
			b.ReportMetric(median(without)/1e6, "without-MB/s")
			b.ReportMetric(median(with)/1e6, "with-MB/s")
			b.ReportMetric(median(ratios), "with/without")
		})
	}
}

// overlay joins web and a machine behind it with a VXLAN: 10.42.0.1 and 10.42.0.2.
func (m *mirror) overlay(back *namespace) {
	m.t.Helper()
	m.needDevice("v9", "type vxlan id 9 dev lo dstport 4789")
	for side, n := range map[byte]*namespace{1: m.web, 2: back} {
		n.ip(fmt.Sprintf("link add vx0 type vxlan id 42 dstport 4789 local 10.99.3.%d remote 10.99.3.%d", side, 3-side))
		n.ip(fmt.Sprintf("addr add 10.42.0.%d/24 dev vx0", side))
		n.ip("link set vx0 up")
	}
}

// drain accepts connections at addr and counts the bytes that come by them.
func (n *namespace) drain(addr string) *atomic.Int64 {
	var received atomic.Int64
	ln := n.listen(addr)
	go func() { // ends with the listener
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the connection
				io.Copy(counter{&received}, c)
				c.Close()
			}()
		}
	}()
	return &received
}

// A counter counts what is written to it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

// flood sends to addr as fast as it goes until the test ends.
func (n *namespace) flood(addr string) {
	n.t.Helper()
	c, err := n.dial("tcp", addr)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { c.Close() })
	go func(c net.Conn) { // ends with the connection
		for b := make([]byte, 1<<20); ; {
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	}(c)
}

// speed is how many bytes come in a second, from two.
func speed(received *atomic.Int64) float64 {
	time.Sleep(200 * time.Millisecond)
	before, began := received.Load(), time.Now()
	time.Sleep(2 * time.Second)
	return float64(received.Load()-before) / time.Since(began).Seconds()
}
