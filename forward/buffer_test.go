package forward

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func newItem(raw string) *item { return &item{raw: []byte(raw)[:len(raw):len(raw)]} }

// connOf is the owner of a safe request of whose user nothing but the connection is known.
func connOf(conn uint64) owner { return owner{user: conn, conn: conn} }

// TestBufferOrder takes requests out: connections in turn, each in order, and
// none while one of its requests is in flight.
func TestBufferOrder(t *testing.T) {
	b := newBuffer(100, 1<<20, new(heldClock))
	for i := range 3 {
		for conn := range uint64(3) {
			b.push(newItem(fmt.Sprintf("%d.%d", conn, i)), connOf(conn))
		}
	}
	pop := func(want string) *item {
		t.Helper()
		it := b.pop(0)
		if it == nil || string(it.raw) != want {
			t.Fatalf("got %v, want %s", it, want)
		}
		return it
	}
	a, c := pop("0.0"), pop("1.0")
	pop("2.0") // hangs
	if it := b.pop(0); it != nil {
		t.Fatalf("%s came while its connection was busy", it.raw)
	}
	b.release(c, 0)
	b.release(a, 0)
	b.release(pop("1.1"), 0)
	b.release(pop("0.1"), 0)
	b.release(pop("1.2"), 0)
	b.release(pop("0.2"), 0)
	if b.pop(0) != nil || b.count != 2 || len(b.lanes) != 1 {
		t.Errorf("%d waiting on %d connections, want 2 on 1", b.count, len(b.lanes))
	}
}

// TestBufferFair fills a buffer: the connection that holds the most makes way,
// with its oldest request.
func TestBufferFair(t *testing.T) {
	b := newBuffer(10, 1<<20, new(heldClock))
	for i := range 9 {
		b.push(newItem(fmt.Sprintf("big.%d", i)), connOf(1))
	}
	b.push(newItem("small.0"), connOf(2))
	if it := b.overfull(); it != nil {
		t.Fatalf("%s dropped from a buffer that is just full", it.raw)
	}
	for i := range 5 {
		b.push(newItem("new"), connOf(uint64(3+i)))
		if it := b.overfull(); it == nil || string(it.raw) != fmt.Sprintf("big.%d", i) {
			t.Fatalf("dropped %v, want big.%d", it, i)
		}
		if b.overfull() != nil {
			t.Fatal("dropped one too many")
		}
	}
}

func TestBufferBytes(t *testing.T) {
	big := string(make([]byte, 1000))
	b := newBuffer(1000, 3*(1000+itemOverhead), new(heldClock))
	b.push(newItem(big), connOf(1))
	flying := b.pop(0)
	for conn := range uint64(2) {
		b.push(newItem(big), connOf(2+conn))
	}
	if b.overfull() != nil {
		t.Fatal("dropped though all fits")
	}
	b.push(newItem(big), connOf(4))
	if it := b.overfull(); it == nil {
		t.Fatal("what is in flight does not count")
	}
	b.release(flying, 0)
	b.push(newItem(big), connOf(1))
	if b.overfull() != nil {
		t.Fatal("release did not make room")
	}
	b.push(newItem(big+big+big+big), connOf(9)) // never fits: it has to make way itself
	if it := b.overfull(); it == nil || len(it.raw) != 4000 {
		t.Errorf("dropped %v", it)
	}
}

func TestBufferExpired(t *testing.T) {
	b := newBuffer(100, 1<<20, new(heldClock))
	for i := range int64(5) {
		it := newItem(fmt.Sprint(i))
		it.at = i
		b.push(it, connOf(uint64(i%2)))
	}
	busy := b.pop(0) // 0
	for want := 1; want < 4; want++ {
		if it := b.expired(4); it == nil || string(it.raw) != fmt.Sprint(want) {
			t.Fatalf("expired %v, want %d", it, want)
		}
	}
	if it := b.expired(4); it != nil {
		t.Fatalf("%s is not that old", it.raw)
	}
	b.release(busy, 0)
	if it := b.pop(0); string(it.raw) != "4" {
		t.Errorf("left: %s", it.raw)
	}
}

// TestPutBackExpires: what was put back, or waits for a session, stands in the way of no older request that expires, and expires
// in its own time.
func TestPutBackExpires(t *testing.T) {
	b := newBuffer(100, 1<<20, new(heldClock))
	push := func(at int64, conn uint64) {
		it := newItem(fmt.Sprint(at))
		it.at = at
		b.push(it, connOf(conn))
	}
	push(0, 1)
	busy := b.pop(0) // its connection is busy, and what follows on it waits
	push(1, 1)
	for at := int64(2); at < 6; at++ {
		push(at, uint64(at))
	}
	var popped []*item
	for range 4 {
		popped = append(popped, b.pop(5))
	}
	for _, i := range []int{3, 0, 2, 1} {
		if it := popped[i]; i%2 == 0 {
			b.putBack(it, 5)
		} else {
			park(b, it, 9, 5)
		}
	}
	b.release(busy, 6)
	for want := 1; want < 6; want++ {
		if it := b.expired(int64(want)); it != nil {
			t.Fatalf("%s is not that old", it.raw)
		}
		if it := b.expired(int64(want) + 1); it == nil || string(it.raw) != fmt.Sprint(want) {
			t.Fatalf("expired %v, want %d", it, want)
		}
	}
	if b.count != 0 || len(b.lanes) != 0 || b.byAge.first() != nil || b.back.first() != nil {
		t.Errorf("%+v", b)
	}
}

// TestBufferModel runs random operations against a plain model.
func TestBufferModel(t *testing.T) {
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		b := newBuffer(20, 20*(8+itemOverhead), new(heldClock))
		model := map[uint64][]string{} // what waits, by connection
		busy := map[uint64]*item{}
		remove := func(it *item) {
			conn := it.lane.key.conn
			if q := model[conn]; len(q) == 0 || q[0] != string(it.raw) {
				t.Fatalf("seed %d: %s is not the first of %v", seed, it.raw, q)
			}
			model[conn] = model[conn][1:]
		}
		for step := range 2000 {
			conn := rnd.Uint64N(8)
			switch rnd.IntN(4) {
			case 0, 1:
				it := newItem(fmt.Sprintf("%08d", step))
				it.at = int64(step)
				b.push(it, connOf(conn))
				model[conn] = append(model[conn], string(it.raw))
				for old := b.overfull(); old != nil; old = b.overfull() {
					remove(old)
				}
			case 2:
				if it := b.pop(0); it != nil {
					if busy[it.lane.key.conn] != nil {
						t.Fatalf("seed %d: connection %d twice in flight", seed, it.lane.key.conn)
					}
					busy[it.lane.key.conn] = it
					remove(it)
				}
			case 3:
				if it := busy[conn]; it != nil && rnd.IntN(3) == 0 {
					delete(busy, conn)
					b.putBack(it, 0)
					model[conn] = slices.Insert(model[conn], 0, string(it.raw))
				} else if it != nil {
					delete(busy, conn)
					b.release(it, 0)
				}
				if rnd.IntN(10) == 0 {
					if it := b.expired(int64(step) - 30); it != nil {
						remove(it)
					}
				}
			}
			count, lanes := 0, map[uint64]bool{}
			for conn, q := range model {
				if count += len(q); len(q) > 0 {
					lanes[conn] = true
				}
			}
			for conn := range busy {
				lanes[conn] = true
			}
			if b.count != count || len(b.lanes) != len(lanes) || b.cost != int64(count+len(busy))*(8+itemOverhead) {
				t.Fatalf("seed %d: %d waiting on %d connections with %d bytes, want %d on %d", seed, b.count, len(b.lanes), b.cost, count, len(lanes))
			}
		}
	}
}

func TestItemPools(t *testing.T) {
	var p itemPools
	for _, size := range []int{0, 1, 255, 256, 257, 512, 513, 65535, 65536, 65537, 1 << 20} {
		raw := make([]byte, size)
		it := p.get(raw)
		if len(it.raw) != size {
			t.Errorf("%d bytes: got %d", size, len(it.raw))
		}
		if size > 256 && cap(it.raw) >= 2*size {
			t.Errorf("%d bytes in a buffer of %d", size, cap(it.raw))
		}
		p.put(it)
	}
}

// BenchmarkBuffer is what a request costs in the buffer's books: it comes,
// goes out and is done, while others of a thousand connections wait.
func BenchmarkBuffer(b *testing.B) {
	buf := newBuffer(1<<20, 1<<40, new(heldClock))
	for conn := range uint64(1000) {
		buf.push(newItem("GET / HTTP/1.1\r\n\r\n"), connOf(conn))
	}
	it := newItem("GET / HTTP/1.1\r\n\r\n")
	b.ReportAllocs()
	for conn := uint64(0); b.Loop(); conn++ {
		buf.push(it, connOf(conn%1000))
		it = buf.pop(0)
		buf.release(it, 0)
	}
}
