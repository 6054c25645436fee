package answers

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gor/capture"
)

// A crowd is the clients at one address, all of one kind, on connections that are hardly ever
// silent; some had begun before anybody listened. What is said on them is known.
type crowd struct {
	rnd          *rand.Rand
	kind         manner
	think, serve func() int64
	delay        int64 // from client to server, on average
	holds        bool  // the server holds back what follows on something that is not acknowledged
	putsOff      int64 // how long the client puts that off
	all          []sighting
	exchanges    map[string]*exchange
}

// A manner is how many requests a client has open with its next one, at most, one after the
// other; 1: it waits.
type manner func(rnd *rand.Rand) func() int

func waits(*rand.Rand) func() int { return func() int { return 1 } }

func pipelines(rnd *rand.Rand) func() int {
	depth := 2 + rnd.IntN(7)
	return func() int { return depth }
}

// nowAndThen waits mostly, and at times sends some at once, or keeps more open for a while.
func nowAndThen(rnd *rand.Rand) func() int {
	often := magnitude(rnd, 0.002, 0.3)
	left, depth, grows := 0, 1, 0
	return func() int {
		if left--; left < 0 {
			depth, grows = 1, 0
			if rnd.Float64() < often {
				left, depth, grows = 1+rnd.IntN(6), 2, rnd.IntN(2)
			}
		} else {
			depth += grows
		}
		return depth
	}
}

// times are ways in which a time may vary, with a mean.
var times = []func(rnd *rand.Rand, mean float64) int64{
	func(_ *rand.Rand, mean float64) int64 { return int64(mean) },
	func(rnd *rand.Rand, mean float64) int64 { return int64(2 * mean * rnd.Float64()) },
	func(rnd *rand.Rand, mean float64) int64 { return int64(mean * rnd.ExpFloat64()) },
	func(rnd *rand.Rand, mean float64) int64 { return int64(mean * math.Exp(2*rnd.NormFloat64()-2)) },
	func(rnd *rand.Rand, mean float64) int64 { return int64(mean * []float64{.1, 5}[rnd.IntN(2)]) },
}

// magnitude is a number from low to high, any number of digits being as likely as any other.
func magnitude(rnd *rand.Rand, low, high float64) float64 {
	return low * math.Pow(high/low, rnd.Float64())
}

func newCrowd(rnd *rand.Rand, kind manner) *crowd {
	thinks, serves := times[rnd.IntN(len(times))], times[rnd.IntN(len(times))]
	thinkFor, serveFor := magnitude(rnd, 1e5, 1e9), magnitude(rnd, 1e5, 5e8)
	return &crowd{
		rnd: rnd, kind: kind, delay: int64(magnitude(rnd, 1e5, 1e8)),
		holds: rnd.IntN(2) == 0, putsOff: int64(magnitude(rnd, 4e7, 5e8)), exchanges: map[string]*exchange{},
		think: func() int64 { return 1 + thinks(rnd, thinkFor) },
		serve: func() int64 { return 1 + min(serves(rnd, serveFor), quiet-500*milli) }, // behind a silence of quiet nothing is taken to be open
	}
}

// add plays a connection of n exchanges from a time on, and returns when it ended.
func (c *crowd) add(name string, port uint16, start int64, n int) int64 {
	rnd := c.rnd
	tr := &truth{rnd: rnd, client: endpoint(1, port), server: endpoint(2, 80), seq: rnd.Uint32(), ack: rnd.Uint32(), delay: c.delay/2 + rnd.Int64N(c.delay), start: start}
	deep := c.kind(rnd)
	asks, had := []int64{start}, make([]int64, n) // when a request is sent, and its answer is there
	next, ready := 0, start
	depth := 1
	for i := range n {
		if len(asks) == 1 && i == 0 {
			depth = deep()
			next = 1
		}
		for next < n && next-depth < i { // what is asked whatever becomes of this one
			at := asks[next-1] + 1
			if next-depth >= 0 {
				at = max(at, had[next-depth]+c.think())
			}
			asks = append(asks, at)
			next++
			depth = deep()
		}
		x := c.exchange(tr, fmt.Sprint(name, "-", i))
		from := tr.asked.Len()
		tr.asked.WriteString(x.request)
		tr.asking = append(tr.asking, piece{from, tr.asked.Len(), asks[i]})
		begin := max(ready, asks[i]+tr.delay) + c.serve()
		if c.holds && i > 0 && begin < had[i-1]+tr.delay { // not acknowledged yet
			begin = c.released(tr, begin, had[i-1], asks[i+1:])
		}
		ready = crowdSay(tr, x, begin)
		had[i] = ready + tr.delay
		for next < n && next-depth <= i {
			at := max(asks[next-1]+1, had[max(next-depth, 0)]+c.think())
			asks = append(asks, at)
			next++
			depth = deep()
		}
		c.exchanges[x.id] = x
	}
	c.all = append(c.all, tr.segments()...)
	return ready
}

// exchange makes a request, and an answer to it.
func (c *crowd) exchange(tr *truth, id string) *exchange {
	rnd := c.rnd
	x := &exchange{id: id, status: 200}
	method := "GET"
	if rnd.IntN(20) == 0 {
		method = "HEAD"
	}
	x.request = fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: a\r\n\r\n", method, id)
	if x.content = tr.text(rnd.IntN(300)); rnd.IntN(5) == 0 {
		x.content = tr.text(rnd.IntN(9000))
	}
	length := fmt.Sprint("Content-Length: ", len(x.content))
	if x.body = x.content; rnd.IntN(4) == 0 {
		length, x.body = "Transfer-Encoding: chunked", tr.chunked(x.content)
	}
	if method == "HEAD" {
		x.content, x.body = "", ""
	}
	if rnd.IntN(30) == 0 {
		x.before = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
	}
	x.head = fmt.Sprintf("HTTP/1.1 200 OK\r\nX-Id: %s\r\n%s\r\n\r\n", id, length)
	return x
}

// released is when the server may send what it holds back: with the next request, which
// acknowledges what was before, or when that is done without one.
func (c *crowd) released(tr *truth, begin, had int64, asks []int64) int64 {
	at := had + c.putsOff + tr.delay
	for _, t := range asks {
		if t >= had {
			at = min(at, t+tr.delay+1)
		}
	}
	return max(begin, at)
}

// crowdSay has the server answer from a time on, and returns when it was ready.
func crowdSay(tr *truth, x *exchange, begin int64) int64 {
	if x.before != "" {
		from := tr.said.Len()
		tr.said.WriteString(x.before)
		tr.saying = append(tr.saying, piece{from, tr.said.Len(), begin})
		begin += 1 + tr.rnd.Int64N(10*milli)
	}
	x.from = tr.said.Len()
	tr.said.WriteString(x.head + x.body)
	x.to = tr.said.Len()
	for from := x.from; from < x.to; from += 1448 {
		begin++
		tr.saying = append(tr.saying, piece{from, min(from+1448, x.to), begin})
	}
	return begin
}

// A tally is what became of what a crowd asked.
type tally struct{ asked, answered, believed, wrong, joined, joinedAnswered int }

func (n *tally) add(m tally) {
	n.asked, n.answered, n.believed = n.asked+m.asked, n.answered+m.answered, n.believed+m.believed
	n.wrong, n.joined, n.joinedAnswered = n.wrong+m.wrong, n.joined+m.joined, n.joinedAnswered+m.joinedAnswered
}

func (n tally) String() string {
	return fmt.Sprintf("%d of %d answered, %d of them believed, %d wrong; where joined: %d of %d", n.answered, n.asked, n.believed, n.wrong, n.joinedAnswered, n.joined)
}

// play makes connections, two of which nobody saw begin, and shows what is seen of them
// with a share of all segments lost.
func (c *crowd) play(t *testing.T, conns, exchanges int, loss float64) (n tally) {
	rnd := c.rnd
	end := epoch
	for i := range min(2, conns) {
		end = max(end, c.add(fmt.Sprint("joined", i), uint16(40000+i), epoch, exchanges))
	}
	from := epoch + 1 + rnd.Int64N((end-epoch)/4)
	for i := 2; i < conns; i++ {
		c.add(fmt.Sprint("opened", i), uint16(40000+i), from+rnd.Int64N((end-from)/2), exchanges)
	}
	cfg := Config{}
	heads := rnd.IntN(3) == 0
	if !heads {
		cfg.Body = 1 << 20
	}
	all := slices.DeleteFunc(c.all, func(s sighting) bool { return s.Time < from })
	slices.SortStableFunc(all, func(a, b sighting) int { return cmp.Compare(a.seen, b.seen) })
	if heads {
		all = headsAlone(all, 500)
	}
	all = disturbCrowd(rnd, all, loss)
	j := newJudge(t, rnd, cfg)
	j.exchanges = c.exchanges
	j.Reader = New(cfg, func(a *Answer) {
		id := j.ids[[2]uint64{a.Conn, a.Index}]
		joined := id[0] == 'j'
		if joined {
			n.joined++
		}
		switch x := j.exchanges[id]; {
		case a.Missing:
		case string(a.Head) != x.head:
			n.wrong++
			j.told[id]++
			return
		case joined:
			n.joinedAnswered++
		}
		j.answer(a)
	})
	j.show(all)
	s := j.Stats()
	n.asked, n.answered, n.believed = int(s.Asked), int(s.Answered), int(s.Believed)
	return n
}

// disturbCrowd loses segments, swaps some, and has one direction come late.
func disturbCrowd(rnd *rand.Rand, all []sighting, loss float64) []sighting {
	skew := rnd.Int64N(30*milli) * int64(rnd.IntN(3)-1)
	kept := all[:0]
	for _, s := range all {
		if rnd.Float64() < loss && !s.Flags.Has(capture.SYN) {
			continue
		}
		if s.fromServer {
			s.seen += skew
		}
		if loss > 0 && rnd.IntN(100) == 0 {
			s.seen += rnd.Int64N(2 * milli)
		}
		kept = append(kept, s)
	}
	slices.SortStableFunc(kept, func(a, b sighting) int { return cmp.Compare(a.seen, b.seen) })
	return kept
}
