package reassembly

import (
	"cmp"
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
	starts   []int  // where each request begins in the stream
	ends     []int  // and where it ends
	stream   string // with the urgent byte, which the server does not read
	urgent   int    // where that is; -1: there is none
	segments []capture.Segment
	lost     []bool // by offset of the stream: never delivered
	late     bool   // the capture began inside it
	waits    bool   // each request is sent after the response to the one before
	noSYN    bool   // its SYN was not captured, or only later
	alike    []int  // where bodies hold what looks like a request
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
	slices.SortStableFunc(all, func(a, b capture.Segment) int { return cmp.Compare(a.Time, b.Time) })
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
		m, w := tr.compare(t, found, stats)
		missed, whole = missed+m, whole+w
	}
	for raw := range found {
		t.Errorf("request %.100q was invented", raw)
	}
	return missed, whole
}

// compare takes what came out of this connection from found, and says what is
// missing. A whole request may only be missing where it was not known where it
// begins: at a join, and behind lost bytes that were not inside of a body whose
// length was announced.
func (tr *truth) compare(t *testing.T, found map[string]int, stats Stats) (missed, whole int) {
	lossy := slices.Contains(tr.lost, true) || tr.late
	known := !tr.late
	for _, at := range tr.alike { // nobody can know of one that ends where a request does
		for _, end := range tr.ends {
			if lossy && at < end {
				delete(found, tr.stream[at:end])
			}
		}
	}
	for i, raw := range tr.requests {
		from, to := tr.starts[i], tr.ends[i]
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
		case n == 0 && complete && known:
			t.Errorf("request %.60q is missing, though it was known where it begins; %v", raw, stats.Fates)
		}
		if complete && lossy {
			whole++
			missed += 1 - min(n, 1)
		}
		// Behind a hole in a body whose length was announced nothing is guessed.
		head := from + strings.Index(tr.stream[from:to], "\r\n\r\n") + 4
		announced := strings.HasPrefix(raw, "POST") && !slices.Contains(tr.lost[from:head], true)
		known = known && (complete || announced) || n == 1
	}
	return missed, whole
}

func randomTruth(rnd *rand.Rand, port uint16, loss float64) *truth {
	tr := &truth{
		client: newClient(port, rnd.Uint32()), urgent: -1,
		late: rnd.IntN(10) == 0, noSYN: rnd.IntN(10) == 0, waits: rnd.IntN(3) > 0,
	}
	tr.client.now += rnd.Int64N(1e9)
	for i := range 1 + rnd.IntN(8) {
		raw := randomRequest(rnd, fmt.Sprintf("%d-%d", port, i))
		tr.starts = append(tr.starts, len(tr.stream))
		tr.requests = append(tr.requests, raw)
		tr.stream += raw
		tr.ends = append(tr.ends, len(tr.stream))
	}
	if loss == 0 && !tr.late && !tr.noSYN && rnd.IntN(8) == 0 {
		tr.insertUrgent(rnd.IntN(len(tr.stream)))
	}
	for at := 0; ; at++ {
		n := strings.Index(tr.stream[at:], "GET /alike")
		if n < 0 {
			break
		}
		at += n
		tr.alike = append(tr.alike, at)
	}
	tr.lost = make([]bool, len(tr.stream))
	first := tr.cut(rnd, loss)
	tr.disturb(rnd, loss, tr.stream, first)
	tr.end(rnd, first)
	if loss == 0 && !tr.late && !tr.noSYN {
		tr.sendAgainLate(rnd, first)
		tr.addStrays(rnd)
	}
	return tr
}

// insertUrgent puts an urgent byte into the stream.
func (tr *truth) insertUrgent(at int) {
	tr.urgent = at
	tr.stream = tr.stream[:at] + "!" + tr.stream[at:]
	for i := range tr.starts {
		if tr.starts[i] > at {
			tr.starts[i]++
		}
		if tr.ends[i] > at {
			tr.ends[i]++
		}
	}
}

// cut makes the segments. It returns the sequence number of the first byte.
func (tr *truth) cut(rnd *rand.Rand, loss float64) uint32 {
	c := tr.client
	syn := c.syn()
	if !tr.late && !tr.noSYN {
		tr.segments = append(tr.segments, syn)
	}
	first := c.seq
	next := 0
	for at := 0; at < len(tr.stream); {
		n := min(1+rnd.IntN(1+rnd.IntN(2000)), len(tr.stream)-at)
		for next < len(tr.starts) && tr.starts[next] <= at {
			if next++; tr.waits {
				c.respond()
			}
		}
		if tr.waits && next < len(tr.starts) {
			n = min(n, tr.starts[next]-at)
		}
		for _, alike := range tr.alike {
			if alike > at {
				n = min(n, alike-at)
			}
		}
		tr.segments = append(tr.segments, tr.mark(c.data(tr.stream[at:at+n]), at))
		at += n
		if rnd.IntN(10) == 0 && at > 1 { // again, with other boundaries
			from := rnd.IntN(at)
			again := c.at(first+uint32(from), capture.ACK, tr.stream[from:from+1+rnd.IntN(at-from)])
			tr.segments = append(tr.segments, tr.mark(again, from))
		}
		if loss == 0 && !tr.noSYN && rnd.IntN(20) == 0 { // a keep-alive probe: some byte in place of the last, which has long come
			tr.segments = append(tr.segments, c.at(c.seq-1, capture.ACK, "\x00"))
		}
	}
	if tr.noSYN && !tr.late { // it comes late, or not at all
		tr.late = true
		if rnd.IntN(2) == 0 {
			syn.Time = tr.segments[rnd.IntN(len(tr.segments))].Time
			tr.segments = append(tr.segments, syn)
			slices.SortStableFunc(tr.segments, func(a, b capture.Segment) int { return cmp.Compare(a.Time, b.Time) })
		}
	}
	return first
}

// mark gives a segment that begins at an offset the urgent pointer, as clients do
// until the urgent byte was acknowledged.
func (tr *truth) mark(s capture.Segment, at int) capture.Segment {
	if ahead := tr.urgent - at; tr.urgent >= 0 && ahead >= 0 && ahead < 1<<16-1 {
		s.Flags |= capture.URG
		s.Urgent = uint16(ahead + 1)
	}
	return s
}

// end closes the connection; what comes behind that is nobody's.
func (tr *truth) end(rnd *rand.Rand, first uint32) {
	c := tr.client
	at := first + uint32(len(tr.stream))
	known := slices.ContainsFunc(tr.segments, func(s capture.Segment) bool { return len(s.Payload) > 0 })
	tr.segments = append(tr.segments, c.at(at, capture.FIN|capture.ACK, ""))
	if known && rnd.IntN(4) == 0 { // a connection is known from its first data on
		tr.segments = append(tr.segments, c.at(at+uint32(rnd.IntN(2)), capture.ACK, get(900)))
	}
}

// sendAgainLate loses a segment on its way to the capture and the server: it comes
// seconds later, and so does all that the client sends after responses.
func (tr *truth) sendAgainLate(rnd *rand.Rand, first uint32) {
	k := rnd.IntN(len(tr.segments))
	if rnd.IntN(4) > 0 || len(tr.segments[k].Payload) == 0 {
		return
	}
	delay := []int64{1e9, 3.2e9, 7e9, 31e9}[rnd.IntN(4)]
	behind := len(tr.stream)
	if i := slices.IndexFunc(tr.starts, func(at int) bool { return at > int(tr.segments[k].Seq-first) }); i >= 0 {
		behind = tr.starts[i]
	}
	for i := range tr.segments {
		s := &tr.segments[i]
		at := int(int32(s.Seq - first))
		if i == k || at >= len(tr.stream) || tr.waits && at >= behind {
			s.Time += delay
		}
	}
	slices.SortStableFunc(tr.segments, func(a, b capture.Segment) int { return cmp.Compare(a.Time, b.Time) })
}

// addStrays adds segments of an older connection with these addresses: any number
// out of the window, and one inside of it.
func (tr *truth) addStrays(rnd *rand.Rand) {
	if rnd.IntN(3) > 0 {
		return
	}
	for n := range 1 + rnd.IntN(4) {
		// Behind the end, a request line far away is another connection's whose SYN was missed.
		k := rnd.IntN(slices.IndexFunc(tr.segments, func(s capture.Segment) bool { return s.Flags.Has(capture.FIN) }))
		s := tr.segments[k]
		if s.Flags.Has(capture.SYN) {
			continue
		}
		s.Flags = []capture.Flags{capture.ACK, capture.ACK, capture.FIN | capture.ACK, capture.RST}[rnd.IntN(4)]
		s.Payload = []byte(get(901))
		s.Ack -= rnd.Uint32N(1 << 31) // one ahead would pass for a response, and end the waiting for a hole
		distance := 200<<20 + rnd.Uint32N(1<<32-400<<20)
		if n == 0 {
			distance = 200_000 + rnd.Uint32N(60<<20)
		}
		s.Seq += distance
		tr.segments = slices.Insert(tr.segments, k+1, s)
	}
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
	if rnd.IntN(3) == 0 {
		body = append(body, "\nGET /alike HTTP/1.1\r\nHost: a\r\n\r\nand text behind it\n"...)
		body = append(body, body[:rnd.IntN(len(body))]...)
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
