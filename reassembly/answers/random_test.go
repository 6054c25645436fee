package answers

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gor/capture"
	"gor/reassembly"
)

// A judge knows the truth, and looks at every answer.
type judge struct {
	*testing.T
	*Reader
	asm       *reassembly.Assembler
	rnd       *rand.Rand
	cfg       Config
	exchanges map[string]*exchange
	ids       map[[2]uint64]string // of what was asked, by Conn and Index
	told      map[string]int       // what became of it
	missing   map[string]bool
}

func newJudge(t *testing.T, rnd *rand.Rand, cfg Config) *judge {
	j := &judge{T: t, rnd: rnd, cfg: cfg, exchanges: map[string]*exchange{}, ids: map[[2]uint64]string{}, told: map[string]int{}, missing: map[string]bool{}}
	j.Reader = New(cfg, j.answer)
	j.asm = reassembly.New(reassembly.Config{MaxRequest: maxTestRequest}, j.request)
	return j
}

// request asks for an answer, as the sniffer does.
func (j *judge) request(r *reassembly.Request) reassembly.Fate {
	id := string(r.Target()[1:])
	method := string(r.Method())
	q := Question{
		Client: r.Client, Server: r.Server, Conn: r.Conn(), Index: r.Index, Seq: r.Seq, End: r.End, Ack: r.Ack, First: r.First, Time: r.Last,
		Rest: r.Rest, Opens: r.Opens, Head: method == "HEAD", Connect: method == "CONNECT", Unwanted: j.rnd.IntN(10) == 0,
	}
	if !q.Unwanted {
		j.ids[[2]uint64{q.Conn, q.Index}] = id
	}
	j.Ask(&q)
	return reassembly.Sent
}

// answer holds an answer against the truth.
func (j *judge) answer(a *Answer) {
	id, asked := j.ids[[2]uint64{a.Conn, a.Index}]
	if !asked {
		j.Errorf("an answer to what nobody asked: %+v", a.Question)
		return
	}
	if j.told[id]++; j.told[id] > 1 {
		j.Errorf("%s is answered again", id)
	}
	if a.Missing {
		j.missing[id] = true
		return
	}
	x := j.exchanges[id]
	if string(a.Head) != x.head || a.Status != x.status {
		j.Errorf("the answer to %s is\n%.200q, want\n%.200q", id, a.Head, x.head)
		return
	}
	if x.nothing {
		j.Errorf("%s is answered by a 408", id)
	}
	h := fnv.New64a()
	h.Write([]byte(x.content))
	long := len(x.content) > j.cfg.Body && int64(len(x.content)) <= j.cfg.Hash
	switch {
	case !strings.HasPrefix(x.content, string(a.Body)) || len(a.Body) > j.cfg.Body:
		j.Errorf("%s: content %.80q, want %.80q", id, a.Body, x.content)
	case a.Whole && (len(a.Body) != len(x.content) || x.cut && len(x.content) > 0 && !j.reached(x)):
		j.Errorf("%s: the content is not whole: %d of %d bytes", id, len(a.Body), len(x.content))
	case x.cut && !strings.Contains(x.head, "Transfer-Encoding") && !strings.Contains(x.head, "Content-Length"): // nobody can know
	case a.BodyLen >= 0 && a.BodyLen != int64(len(x.content)):
		j.Errorf("%s: content of %d bytes, want %d", id, a.BodyLen, len(x.content))
	case a.Hash != 0 && (a.Hash != h.Sum64() || !long):
		j.Errorf("%s: hash %x, want %x", id, a.Hash, h.Sum64())
	}
}

// reached reports whether a connection that was cut in an answer was so behind its content.
func (j *judge) reached(x *exchange) bool { return x.to-x.from >= len(x.head)+len(x.body) }

// show gives segments to whom they concern, and spoils the lent bytes afterwards.
func (j *judge) show(all []sighting) {
	for _, s := range all {
		s.Payload = bytes.Clone(s.Payload)
		if s.fromServer {
			j.Push(&s.Segment)
		} else {
			j.asm.Push(&s.Segment)
		}
		for i := range s.Payload {
			s.Payload[i] = 0xdd
		}
		j.balance()
	}
	j.asm.Close()
	j.Close()
	j.balance()
	if s := j.Stats(); s.Waiting != 0 || s.Connections != 0 || j.pool.Held() != j.pool.Idle() {
		j.Errorf("after the end: %+v, %d bytes lent", s, j.pool.Held()-j.pool.Idle())
	}
	for _, id := range j.ids {
		if j.told[id] != 1 {
			j.Errorf("%s: told %d times what became of it", id, j.told[id])
		}
	}
}

func (j *judge) balance() {
	if s := j.Stats(); s.Asked != s.Answered+s.Missing+s.Waiting {
		j.Fatalf("%+v", s)
	}
}

// headsAlone leaves what a socket lets through that has heads alone.
func headsAlone(all []sighting, snap int) (kept []sighting) {
	for _, s := range all {
		if !s.fromServer {
			kept = append(kept, s)
		} else if bytes.HasPrefix(s.Payload, []byte("HTTP/1")) {
			n := min(len(s.Payload), snap)
			s.Cut = len(s.Payload) - n
			s.Payload = s.Payload[:n]
			s.Flags &^= capture.FIN | capture.RST
			kept = append(kept, s)
		}
	}
	return kept
}

// disturb loses segments, has them come again, and in another order.
func disturb(rnd *rand.Rand, all []sighting, loss float64) (kept []sighting) {
	for i, s := range all {
		s.seen = s.Time
		if rnd.Float64() < loss {
			continue
		}
		if rnd.IntN(20) == 0 {
			s.seen += rnd.Int64N(5 * milli)
		}
		kept = append(kept, s)
		if rnd.IntN(15) == 0 && len(s.Payload) > 0 { // again, with what was acknowledged meanwhile
			again := s
			again.Time += 1 + rnd.Int64N(300*milli)
			for _, later := range all[i:] {
				if later.fromServer == s.fromServer && later.Time <= again.Time {
					again.Ack = later.Ack
				}
			}
			again.seen = again.Time
			kept = append(kept, again)
		}
	}
	return kept
}

// TestRandom plays connections whose truth is known. No answer may be another's,
// whatever was lost, comes again, late or in the middle. GOR_SEEDS sets the number of
// runs; each has its seed as name.
func TestRandom(t *testing.T) {
	seeds := 600
	if s := os.Getenv("GOR_SEEDS"); s != "" {
		var err error
		if seeds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	sum := map[string]*[2]int{}
	failed := 0
	for seed := 0; seed < seeds && failed < 10; seed++ {
		ok := t.Run(strconv.Itoa(seed), func(t *testing.T) {
			kind, asked, answered := randomRun(t, uint64(seed))
			if sum[kind] == nil {
				sum[kind] = &[2]int{}
			}
			sum[kind][0] += asked
			sum[kind][1] += answered
		})
		if !ok {
			failed++
		}
	}
	for kind, n := range sum {
		t.Logf("%s: %d of %d answered", kind, n[1], n[0])
	}
}

func randomRun(t *testing.T, seed uint64) (kind string, asked, answered int) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	cfg := Config{Body: []int{0, 100, 1 << 20}[rnd.IntN(3)], Hash: []int64{0, 2000, 1 << 20}[rnd.IntN(3)]}
	heads := rnd.IntN(2) == 0
	faults := rnd.IntN(2) == 0
	if heads && rnd.IntN(3) > 0 {
		cfg = Config{}
	}
	j := newJudge(t, rnd, cfg)
	var all []sighting
	var truths []*truth
	for i := range 1 + rnd.IntN(4) {
		start := epoch + rnd.Int64N(1e9)
		for k := range 1 + rnd.IntN(2) { // the addresses are used again
			tr := newTruth(rnd, fmt.Sprintf("c%d.%d", i, k), uint16(40000+i), start, heads)
			for _, x := range tr.exchanges {
				j.exchanges[x.id] = x
			}
			segs := tr.segments()
			start = segs[len(segs)-1].Time + 100*milli + rnd.Int64N(1e9)
			truths = append(truths, tr)
			all = append(all, segs...)
		}
	}
	kind = "whole"
	if heads {
		kind = "heads"
		all = headsAlone(all, []int{500, 1000, 1 << 20}[rnd.IntN(3)])
	}
	if faults {
		kind += ", faults"
		all = disturb(rnd, all, []float64{0, 0.01, 0.1}[rnd.IntN(3)])
		if rnd.IntN(3) == 0 { // what was before was not captured
			from := epoch + rnd.Int64N(1e9)
			all = slices.DeleteFunc(all, func(s sighting) bool { return s.Time < from })
		}
	}
	rings := rnd.Int64N(30*milli) * int64(rnd.IntN(3)-1) // one is ahead of the other
	for i := range all {
		if all[i].fromServer {
			all[i].seen += rings
		}
	}
	slices.SortStableFunc(all, func(a, b sighting) int { return cmp.Compare(a.seen, b.seen) })
	j.show(all)
	if !faults {
		for _, tr := range truths {
			j.complete(tr, heads)
		}
	}
	s := j.Stats()
	return kind, int(s.Asked), int(s.Answered)
}

// complete checks that nothing is missing of a connection without faults that need be.
func (j *judge) complete(tr *truth, heads bool) {
	known := true // until a request comes about which nobody hears
	for _, x := range tr.exchanges {
		if x.hidden {
			known = false
		}
		whole := x.to-x.from >= len(x.head)
		if j.missing[x.id] && known && whole && !x.nothing && !heads {
			j.Errorf("the answer to %s is missing", x.id)
		}
	}
}
