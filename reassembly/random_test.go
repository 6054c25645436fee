package reassembly

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gor/capture"
)

// A truth is one connection as its client sent it.
type truth struct {
	client   *client
	requests []string
	starts   []int // offset of each request
	segments []capture.Segment
	lost     []bool // by offset of the stream: never delivered
	late     bool   // the capture began inside it
}

// TestRandom cuts, reorders, duplicates, overlaps and loses segments of streams
// whose requests are known. Nothing that was whole may be missing, nothing
// may be invented, doubled or changed, and the accounts must balance.
// GOR_SEEDS sets the number of runs.
func TestRandom(t *testing.T) {
	seeds := 300
	if s := os.Getenv("GOR_SEEDS"); s != "" {
		var err error
		if seeds, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	missed, whole := 0, 0
	for seed := range seeds {
		m, w := randomRun(t, uint64(seed))
		missed, whole = missed+m, whole+w
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	t.Logf("%d runs: of %d whole requests on connections that lost others, %d begin where nobody can tell", seeds, whole, missed)
}

func randomRun(t *testing.T, seed uint64) (missed, whole int) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	loss := []float64{0, 0, 0.01, 0.1}[rnd.IntN(4)]
	var truths []*truth
	var all []capture.Segment
	for i := range 1 + rnd.IntN(6) {
		tr := randomTruth(rnd, uint16(40000+i), loss)
		truths = append(truths, tr)
		all = append(all, tr.segments...)
	}
	// Connections run side by side; each keeps the order its faults gave it.
	slices.SortStableFunc(all, func(a, b capture.Segment) int { return int(a.Time - b.Time) })
	c := newCollector(Config{MaxMemory: 8 << 20})
	for _, s := range all {
		c.push(s)
		c.balance(t)
	}
	stats := c.finish(t)

	found := map[string]int{}
	for _, raw := range c.requests {
		found[raw]++
	}
	for _, tr := range truths {
		lossy := slices.Contains(tr.lost, true) || tr.late
		known := !tr.late // where the next request begins
		for i, raw := range tr.requests {
			from, to := tr.starts[i], tr.starts[i]+len(raw)
			complete := !slices.Contains(tr.lost[from:to], true)
			n := found[raw]
			delete(found, raw)
			switch {
			case n > 1:
				t.Errorf("request %.60q was handed on %d times", raw, n)
			case n == 1 && !complete:
				t.Errorf("request %.60q was handed on with bytes that were lost", raw)
			case n == 0 && complete && !lossy:
				t.Errorf("request %.60q is missing: nothing was lost; %v", raw, stats.Fates)
			case complete && lossy:
				whole++
				if n == 0 {
					missed++
					if known && !tr.late {
						t.Errorf("request %.60q is missing, though it was known where it begins; %v", raw, stats.Fates)
					}
				}
			}
			// Behind a hole in a body whose length was announced nothing is guessed.
			head := from + strings.Index(raw, "\r\n\r\n") + 4
			announced := strings.HasPrefix(raw, "POST") && !slices.Contains(tr.lost[from:head], true)
			known = known && (complete || announced) || n == 1
		}
	}
	for raw := range found {
		t.Errorf("request %.100q was invented", raw)
	}
	return missed, whole
}

func randomTruth(rnd *rand.Rand, port uint16, loss float64) *truth {
	tr := &truth{client: newClient(port, rnd.Uint32()), late: rnd.IntN(10) == 0}
	c := tr.client
	c.now += rnd.Int64N(1e9)
	var stream strings.Builder
	for i := range 1 + rnd.IntN(8) {
		raw := randomRequest(rnd, fmt.Sprintf("%d-%d", port, i))
		tr.starts = append(tr.starts, stream.Len())
		tr.requests = append(tr.requests, raw)
		stream.WriteString(raw)
	}
	bytes := stream.String()
	tr.lost = make([]bool, len(bytes))
	if !tr.late {
		tr.segments = append(tr.segments, c.syn())
	}
	first := c.seq
	for at := 0; at < len(bytes); {
		n := min(1+rnd.IntN(1+rnd.IntN(2000)), len(bytes)-at)
		tr.segments = append(tr.segments, c.data(bytes[at:at+n]))
		at += n
		if rnd.IntN(10) == 0 && at > 1 { // again, with other boundaries
			from := rnd.IntN(at)
			again := c.at(first+uint32(from), capture.ACK, bytes[from:from+1+rnd.IntN(at-from)])
			tr.segments = append(tr.segments, again)
		}
		if loss == 0 && rnd.IntN(20) == 0 { // a keep-alive probe: some byte in place of the last, which has long come
			tr.segments = append(tr.segments, c.at(c.seq-1, capture.ACK, "\x00"))
		}
	}
	tr.disturb(rnd, loss, bytes, first)
	tr.segments = append(tr.segments, c.at(c.seq, capture.FIN|capture.ACK, ""))
	return tr
}

// disturb loses, repeats and reorders segments, and notes which bytes never come.
func (tr *truth) disturb(rnd *rand.Rand, loss float64, bytes string, first uint32) {
	var kept []capture.Segment
	come := make([]bool, len(bytes))
	if tr.late && len(tr.segments) > 1 {
		tr.segments = tr.segments[rnd.IntN(len(tr.segments)):]
	}
	for _, s := range tr.segments {
		if len(s.Payload) > 0 && rnd.Float64() < loss {
			continue
		}
		for i := range s.Payload {
			if off := int(s.Seq-first) + i; off >= 0 && off < len(come) && s.Payload[i] == bytes[off] {
				come[off] = true
			}
		}
		kept = append(kept, s)
		if rnd.IntN(20) == 0 { // as a bridge shows it
			kept = append(kept, s)
		}
	}
	for i := range come {
		tr.lost[i] = !come[i]
	}
	if !tr.late { // what comes first where there is no SYN is where reading begins
		times := make([]int64, len(kept))
		for i := range kept {
			times[i] = kept[i].Time
		}
		for i := 1; i+1 < len(kept); i++ {
			j := min(i+1+rnd.IntN(3), len(kept)-1)
			if rnd.IntN(8) == 0 && !slices.ContainsFunc(kept[i:j+1], isProbe) {
				kept[i], kept[j] = kept[j], kept[i]
			}
		}
		for i := range kept {
			kept[i].Time = times[i]
		}
	}
	tr.segments = kept
}

func isProbe(s capture.Segment) bool { return string(s.Payload) == "\x00" }

// randomRequest is one of the shapes that requests have; id makes it unique.
func randomRequest(rnd *rand.Rand, id string) string {
	head := fmt.Sprintf(" /%s HTTP/1.1\r\nHost: a\r\nX-Pad: %s\r\n", id, strings.Repeat("p", rnd.IntN(300)))
	body := make([]byte, rnd.IntN(1+rnd.IntN(6000)))
	for i := range body {
		body[i] = "GET / HTTP/1.1\r\n\r\n0\x00\xff"[rnd.IntN(21)]
	}
	switch rnd.IntN(4) {
	case 0:
		return "GET" + head + "\r\n"
	case 1:
		return "PURGE" + head + "\r\n"
	case 2:
		return "POST" + head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	s := "PUT" + head + "Transfer-Encoding: chunked\r\n\r\n"
	for len(body) > 0 {
		n := 1 + rnd.IntN(len(body))
		s += fmt.Sprintf("%x;e=%d\r\n%s\r\n", n, n, body[:n])
		body = body[n:]
	}
	return s + "0\r\nX-Trailer: t\r\n\r\n"
}
