//go:build linux

package live

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gor/udpwire"
)

// BenchmarkReplayerComparing says what a replayer costs per request where it compares, at
// 3,000 requests a second: production's answers come to a tenth of the requests, and to
// all, beside none, by turns. The medians count. Answers are heads alone, JSON of 4 kB
// that is the same at both servers, and such JSON with a time, an id and a counter in it: at
// first, while a route's noise is being learnt and each answer may be held against two others, and later.
func BenchmarkReplayerComparing(b *testing.B) {
	for _, kind := range []struct {
		name          string
		bodies, noisy bool
		warm          int // requests before those that are measured
	}{{"heads", false, false, 3000}, {"the same JSON", true, false, 3000}, {"noisy JSON", true, true, 3000}, {"noisy JSON later", true, true, 24_000}} {
		b.Run(kind.name, func(b *testing.B) {
			names := []string{"none", "a tenth", "all"}
			costs := make([][]float64, len(names))
			for range turns {
				for i, every := range []int{0, 10, 1} {
					b.Run(names[i], func(b *testing.B) {
						l := comparingLoad{t: b, every: every, bodies: kind.bodies, twin: newTwin(kind.noisy)}
						cost := l.turn(kind.warm)
						costs[i] = append(costs[i], cost)
						b.ReportMetric(0, "ns/op") // the length of the load, says nothing
						b.ReportMetric(cost, "us/req")
						if len(costs[0]) > 0 { // the others may be run alone
							b.ReportMetric(median(costs[i])/median(costs[0]), "medians:with/without")
						}
					})
				}
			}
		})
	}
}

// A comparingLoad sends requests and production's answers to them, as a listener does: to every n-th
// request (0: to none).
type comparingLoad struct {
	t      testing.TB
	sender *udpwire.Sender
	twin   *twin
	every  int
	bodies bool
	sent   uint64
}

// turn has a replayer forward requests and returns its CPU time per request, after the first ones.
func (l *comparingLoad) turn(warm int) float64 {
	m := newMirror(l.t)
	m.stage.serveTwin(":8003", l.twin)
	m.replay("-f", "http://"+stageIP+":8003")
	var err error
	m.web.do(func() { l.sender, err = udpwire.Dial(udpwire.SenderConfig{Replayers: []string{wireAddr}}) })
	if err != nil {
		l.t.Fatal(err)
	}
	const rate, count = 3000, 6000
	l.run(warm, rate)
	cost := -cpuTime(l.t, m.replayer.cmd.Process.Pid)
	l.run(count, rate)
	cost += cpuTime(l.t, m.replayer.cmd.Process.Pid)
	if err := l.sender.Close(l.t.Context()); err != nil {
		l.t.Error(err)
	}
	m.replayer.interrupt()
	want := fmt.Sprintf(`"answered":%d,`, warm+count)
	if l.every > 0 {
		want = fmt.Sprintf(`"compared":%d,`, (warm+count)/l.every)
	}
	if text := m.replayer.stderr.String(); !strings.Contains(text, want) {
		l.t.Errorf("no %s: %s", want, text)
	}
	return cost * 1e6 / count
}

// run sends count requests at a rate, 15 at once, and the answers with the next ones.
func (l *comparingLoad) run(count, rate int) {
	const batch = 15
	answers := make([]udpwire.Message, 0, batch)
	begin := time.Now()
	for i := range count {
		if i%batch == 0 {
			l.sender.Flush()
			time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Second / time.Duration(rate))))
			for k := range answers {
				l.send(&answers[k])
			}
			answers = answers[:0]
		}
		n := l.sent
		l.sent++
		m := udpwire.Message{
			User: n%500 + 1, Conn: n%500 + 1, Index: n / 500, Time: time.Now().UnixNano(), Answered: l.every > 0 && n%uint64(l.every) == 0,
			Body: fmt.Appendf(nil, "GET /api/%s/%d HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: load\r\n"+browserFields+"\r\n", []string{"items", "users", "orders", "prices", "carts"}[n%5], n%50, n%500),
		}
		l.send(&m)
		if !m.Answered {
			continue
		}
		head, body := l.twin.answer()
		r := udpwire.Response{Head: head, BodyLen: int64(len(body))}
		if l.bodies {
			r.Body, r.Whole = body, true
		}
		answers = append(answers, udpwire.Message{Kind: udpwire.KindResponse, User: m.User, Conn: m.Conn, Index: m.Index, Time: m.Time + 1e6, Body: r.AppendTo(nil)})
	}
	for k := range answers {
		l.send(&answers[k])
	}
	l.sender.Flush()
	time.Sleep(200 * time.Millisecond) // for the last responses
}

func (l *comparingLoad) send(m *udpwire.Message) {
	if err := l.sender.Send(m); err != nil {
		l.t.Fatal(err)
	}
}

// A twin is two servers with the same data: the target, and production, whose answers
// answer makes up.
type twin struct {
	noisy bool
	said  atomic.Uint64
	items string
}

func newTwin(noisy bool) *twin {
	t := &twin{noisy: noisy}
	for i := range 40 {
		t.items += fmt.Sprintf(`,{"id":%d,"name":"thing %d","price":%d.5,"tags":["red","round"],"text":"as good as new"}`, i, i, 3*i)
	}
	return t
}

// answer is what it says, whatever it is asked.
func (t *twin) answer() (head, body []byte) {
	n := uint64(7)
	if t.noisy {
		n = t.said.Add(1)
	}
	body = fmt.Appendf(nil, `{"now":%d,"request":"%016x","count":%d,"items":[{}%s]}`, 1772600767+n/1000, n*0x9e3779b97f4a7c15, n, t.items)
	head = fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Mon, 02 Mar 2026 10:00:%02d GMT\r\nContent-Type: application/json; charset=utf-8\r\n"+
		"Content-Length: %d\r\nConnection: keep-alive\r\nVary: Accept-Encoding, Origin\r\nCache-Control: private, max-age=0\r\nX-Request-Id: %016x\r\n"+
		"X-Frame-Options: SAMEORIGIN\r\nX-Content-Type-Options: nosniff\r\nETag: \"%x\"\r\n\r\n", n/1000%60, len(body), n, n)
	return head, body
}

// serveTwin answers from it until the test ends.
func (n *namespace) serveTwin(addr string, t *twin) {
	ln := n.listen(addr)
	go func() { // ends with the listener, and each connection's with that
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go t.serve(c)
		}
	}()
}

// serve answers each blank line.
func (t *twin) serve(c net.Conn) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		if len(line) > 2 {
			continue
		}
		head, body := t.answer()
		if _, err := c.Write(append(head, body...)); err != nil {
			return
		}
	}
}
