package sniffer

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gor/capture"
	"gor/reassembly"
)

// listed makes requests that come out of a list, for an order.
type listed struct {
	m       *maker
	o       *order
	settled int64
	taken   []Recorded
	err     error
}

func newListed() *listed {
	l := &listed{m: newMaker()}
	l.o = &order{settled: func() int64 { return l.settled }, take: func(q Recorded) error {
		l.taken = append(l.taken, q)
		return l.err
	}}
	return l
}

// give hands the order a request of a time.
func (l *listed) give(at int64, body string) (fate reassembly.Fate) {
	l.m.request(fmt.Sprintf("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", len(body), body), func(r *reassembly.Request) {
		r.Last = at
		fate = l.o.Take(r)
	})
	return fate
}

func (l *listed) times() (all []int64) {
	for _, q := range l.taken {
		all = append(all, q.Time)
	}
	return all
}

func TestOrderHolds(t *testing.T) {
	l := newListed()
	for _, step := range []struct{ at, settled int64 }{{1, 1}, {5, 1}, {6, 1}, {3, 1}, {7, 3}, {8, 6}, {2, 8}, {9, 9}} {
		l.settled = step.settled
		if fate := l.give(step.at, "x"); fate != reassembly.Sent {
			t.Fatalf("%+v: %v", step, fate)
		}
	}
	// 2 came when 6 had gone: it counts as being as late.
	if want := []int64{1, 3, 5, 6, 6, 7, 8, 9}; !slices.Equal(l.times(), want) {
		t.Errorf("got %v, want %v", l.times(), want)
	}
	l.settled = 0
	l.give(12, "x")
	l.give(11, "x")
	if len(l.taken) != 8 {
		t.Errorf("what may be too early was handed on: %v", l.times())
	}
	if l.o.Flush(); !slices.Equal(l.times()[8:], []int64{11, 12}) || l.o.bytes != 0 {
		t.Errorf("after Flush %v, %d bytes held", l.times(), l.o.bytes)
	}
}

// TestOrderRandomly: times never go back, and nothing is missing.
func TestOrderRandomly(t *testing.T) {
	l, rng := newListed(), rand.New(rand.NewPCG(1, 2))
	const n = 2000
	for i := range int64(n) {
		l.settled = max(l.settled, i-int64(rng.IntN(30)))
		l.give(max(i-int64(rng.IntN(40)), 0), "x")
	}
	if l.o.Flush(); len(l.taken) != n || !slices.IsSorted(l.times()) {
		t.Errorf("%d of %d, sorted: %v", len(l.taken), n, slices.IsSorted(l.times()))
	}
}

// TestOrderBounded: what is held is bounded, whatever has not proved itself yet.
func TestOrderBounded(t *testing.T) {
	l := newListed()
	body := strings.Repeat("x", 1<<20)
	for i := range int64(100) {
		l.give(100+i, body)
		if l.o.bytes > orderBytes {
			t.Fatalf("%d bytes are held", l.o.bytes)
		}
	}
	if len(l.taken) < 100-orderBytes>>20 || len(l.taken) == 100 || !slices.IsSorted(l.times()) {
		t.Errorf("%d were handed on", len(l.taken))
	}
}

// TestOrderFails: an error ends it.
func TestOrderFails(t *testing.T) {
	l := newListed()
	l.settled, l.err = 10, errors.New("enough")
	if fate := l.give(1, "x"); fate != reassembly.Stopped || l.o.err != l.err {
		t.Errorf("%v, %v", fate, l.o.err)
	}
	if fate := l.give(2, "x"); fate != reassembly.Stopped || len(l.taken) != 1 {
		t.Errorf("%v, %d taken", fate, len(l.taken))
	}
}

// TestGuessesInOrder: what is proven late comes in its place: two connections of
// which the beginning was not seen, and one request that was held until the next on
// its connection came.
func TestGuessesInOrder(t *testing.T) {
	joined := func(port uint16, ms int, seq uint32, name string) capture.Packet {
		p := packet(after(ms), 80, seq, capture.ACK, "GET /"+name+" HTTP/1.1\r\nHost: a\r\n\r\n")
		p.Data[20], p.Data[21] = byte(port>>8), byte(port)
		p.Data[36], p.Data[37] = 0, 0 // waits for a network card
		return p
	}
	file := writeFile(t, "a", pcapOf(
		joined(1000, 0, 1, "a"), joined(2000, 10, 1, "b"), joined(2000, 20, 1+uint32(len(get(0))), "c"),
		joined(1000, 3000, 1+uint32(len(get(0))), "d"), joined(2000, 3010, 1+2*uint32(len(get(0))), "e")))
	all, log := readAll(t, ReplayOptions{Read: []string{file}}, nil)
	var got []string
	for _, q := range all {
		got = append(got, string(q.Raw[5]))
	}
	if strings.Join(got, "") != "abcde" || log != "" {
		t.Errorf("got %q, log %q", got, log)
	}
	for i, q := range all {
		if want := after([]int{0, 10, 20, 3000, 3010}[i]).UnixNano(); q.Time != want {
			t.Errorf("%d: at %d, want %d", i, q.Time, want)
		}
	}
}
