package reassembly

import (
	"math/rand/v2"
	"testing"
	"time"

	"gor/capture"
)

// TestClosedQueue: in and out in order, whatever the ring's place and size; at
// its limit the first are lost.
func TestClosedQueue(t *testing.T) {
	const limit = 1000
	q := closedQueue{limit: limit}
	r := rand.New(rand.NewPCG(1, 1))
	var want []closing
	for i := range uint32(20_000) {
		if r.IntN(5) > 1 {
			c := closing{i, i / 7}
			q.push(c)
			if want = append(want, c); len(want) > limit {
				want = want[1:]
			}
		} else if len(want) > 0 {
			if front, got := q.front(), q.pop(); got != want[0] || front != got {
				t.Fatalf("%v and %v came out, want %v", front, got, want[0])
			}
			want = want[1:]
		}
		if q.n != len(want) || q.bytes() > 2*limit*closingBytes {
			t.Fatalf("%d in %d bytes, want %d", q.n, q.bytes(), len(want))
		}
	}
}

// closedTimeout is for how long a closed connection is remembered.
const closedTimeout = closedTicks * tick

// TestClosedIsForgotten: a while after its last packet, and not before, so that
// late copies are no requests; and one that is opened again stays.
func TestClosedIsForgotten(t *testing.T) {
	c := newCollector(Config{})
	done, late, again := newClient(1, 1), newClient(2, 1), newClient(3, 1)
	for _, k := range []*client{done, late, again} {
		c.push(k.syn())
		c.push(k.data(get(1)))
		c.push(k.fin())
	}
	c.Advance(done.now + int64(closedTimeout)/2)
	late.now = c.clock.now
	c.push(late.at(2, capture.ACK, get(1)))
	again.seq, again.now = 5_000_000, c.clock.now
	c.push(again.syn())
	c.push(again.data(get(2)))
	for _, tt := range []struct {
		after time.Duration
		flows uint64
	}{{closedTimeout - time.Second, 3}, {closedTimeout + time.Second, 2}, {closedTimeout*3/2 + time.Second, 1}, {defaultIdleTimeout, 1}, {2 * defaultIdleTimeout, 0}} {
		c.Advance(done.now + int64(tt.after))
		if s := c.Stats(); s.Flows != tt.flows {
			t.Errorf("after %v %d connections are known, want %d", tt.after, s.Flows, tt.flows)
		}
	}
	same(t, c.requests, []string{get(1), get(1), get(1), get(2)})
}

// TestSilentAreForgotten: all of many, not later than after one and a half times
// the idle timeout, and none that is in use.
func TestSilentAreForgotten(t *testing.T) {
	const n, used = 50_000, 100
	c := newCollector(Config{})
	all := make([]*client, n)
	for i := range all {
		all[i] = crowd(i)
		c.push(all[i].data(get(i)))
	}
	begin := c.clock.now
	for after := time.Duration(0); after < 2*defaultIdleTimeout; after += time.Second {
		for _, k := range all[:used] {
			k.now = begin + int64(after)
			c.push(k.data(get(1)))
		}
		flows := c.Stats().Flows
		if after < defaultIdleTimeout && flows != n || after > defaultIdleTimeout*3/2+time.Second && flows != used {
			t.Fatalf("after %v %d connections are known", after, flows)
		}
	}
	c.finish(t)
}

// TestEvictionOrder: those first that were opened first, if none is used again,
// and closed ones before them.
func TestEvictionOrder(t *testing.T) {
	c := newCollector(Config{MaxMemory: 1 << 20})
	limit, shut := c.Assembler.conns.recs.limit, 0
	client := func(i int) *client {
		k := crowd(i)
		k.now += int64(i) * 1e6
		return k
	}
	for i := range limit {
		k := client(i)
		c.push(k.data(get(i)))
		if i%100 == 50 {
			c.push(k.fin())
			shut++
		}
	}
	for i := range limit / 2 {
		c.push(client(limit + i).data(get(i)))
	}
	evicted := shut
	for i := range limit {
		k := client(i)
		h := c.Assembler.conns.table.hash(&k.src, &k.dst)
		known := c.Assembler.conns.table.find(&c.Assembler.conns.recs, h) != 0
		gone := i%100 == 50
		if !gone && evicted < limit/2 {
			gone = true
			evicted++
		}
		if known == gone {
			t.Fatalf("connection %d of %d is known: %t; %d were closed, %d evicted", i, limit, known, shut, c.Stats().Evicted)
		}
	}
}
