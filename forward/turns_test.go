package forward

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A turn is a step of a script for a buffer.
type turn struct {
	after time.Duration // the step before
	do    string        // "+name" it comes, ">name" it goes out, "." nothing goes out, "-name" it is answered, "!name" it is dropped for its age
	whose owner         // of what comes
}

// What comes from the user 7, on connection 1, 2 ...
func read(conn uint64) owner  { return owner{user: 7, conn: conn} }
func write(conn uint64) owner { return owner{user: 7, conn: conn, write: true} }

var nobody owner

// TestTurns holds what the package's documentation says of a user's order.
func TestTurns(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name  string
		turns []turn
	}{
		{"one connection", []turn{
			{0, "+a", read(1)}, {0, "+b", write(1)}, {0, "+c", read(1)},
			{0, ">a", nobody}, {0, ".", nobody}, {5000 * ms, ".", nobody}, {0, "-a", nobody},
			{0, ">b", nobody}, {5000 * ms, ".", nobody}, {0, "-b", nobody}, {0, ">c", nobody},
		}},
		{"safe requests overlap", []turn{
			{0, "+a", read(1)}, {0, "+b", read(2)}, {0, "+c", read(3)},
			{0, ">a", nobody}, {0, ">b", nobody}, {0, ">c", nobody},
		}},
		{"writes in their order", []turn{
			{0, "+a", write(1)}, {0, "+b", write(2)}, {0, "+c", write(3)},
			{0, ">a", nobody}, {0, ".", nobody}, {9000 * ms, ".", nobody}, {0, "-a", nobody},
			{0, ">b", nobody}, {0, ".", nobody}, {0, "-b", nobody}, {0, ">c", nobody},
		}},
		{"a write behind a safe request", []turn{
			{0, "+a", read(1)}, {0, "+b", write(2)},
			{0, ">a", nobody}, {0, ".", nobody}, {100 * ms, "-a", nobody}, {0, ">b", nobody},
		}},
		{"a write behind one that is not answered", []turn{
			{0, "+a", read(1)}, {0, "+b", write(2)},
			{0, ">a", nobody}, {800 * ms, ".", nobody}, {200 * ms, ">b", nobody},
		}},
		{"a write behind a safe request that waits", []turn{
			{0, "+a", read(1)}, {0, "+b", read(1)}, {0, "+c", write(2)},
			{0, ">a", nobody}, {5000 * ms, ".", nobody}, {0, "-a", nobody}, {0, ">b", nobody}, {0, ".", nobody}, {0, "-b", nobody}, {0, ">c", nobody},
		}},
		{"an event stream that is open", []turn{
			{0, "+s", read(1)}, {0, ">s", nobody}, {60_000 * ms, "+a", write(2)},
			{0, ">a", nobody}, {0, "+b", read(3)}, {0, ".", nobody}, {20 * ms, "-a", nobody}, {0, ">b", nobody}, {20 * ms, "-b", nobody},
			{0, "+c", write(3)}, {0, ">c", nobody},
		}},
		{"a safe request behind a write", []turn{
			{0, "+a", write(1)}, {0, "+b", read(2)}, {0, "+c", read(3)}, {0, "+d", write(4)},
			{0, ">a", nobody}, {0, ".", nobody}, {100 * ms, "-a", nobody}, {0, ">b", nobody}, {0, ">c", nobody}, {0, ".", nobody},
			{0, "-c", nobody}, {0, ".", nobody}, {0, "-b", nobody}, {0, ">d", nobody},
		}},
		{"a safe request behind a write that is not answered", []turn{
			{0, "+a", write(1)}, {0, "+b", read(2)}, {0, "+c", write(3)},
			{0, ">a", nobody}, {800 * ms, ".", nobody}, {200 * ms, ">b", nobody}, {0, ".", nobody}, {5000 * ms, ".", nobody}, {0, "-a", nobody}, {0, ">c", nobody},
		}},
		{"a write that is dropped", []turn{
			{0, "+s", read(1)}, {0, ">s", nobody}, {0, "+b", write(1)}, {1 * ms, "+c", read(2)}, {0, "+d", write(3)},
			{0, ".", nobody}, {0, "!b", nobody}, {0, ">c", nobody}, {0, ".", nobody}, {0, "-s", nobody}, {0, "-c", nobody}, {0, ">d", nobody},
		}},
		{"a safe request that is dropped", []turn{
			{0, "+s", read(1)}, {0, "+a", read(1)}, {0, ">s", nobody}, {1 * ms, "+b", write(2)}, {2000 * ms, ".", nobody},
			{0, "!a", nobody}, {0, ">b", nobody},
		}},
		{"another user on the connection", []turn{
			{0, "+a", write(1)}, {0, "+x", owner{user: 8, conn: 1, write: true}}, {0, ">a", nobody}, {0, ">x", nobody},
		}},
		{"a crowd", []turn{
			{0, "+a", owner{user: 7, conn: 1, write: true, crowd: true}}, {0, "+b", owner{user: 7, conn: 2, write: true, crowd: true}},
			{0, "+c", owner{user: 7, conn: 1, crowd: true}}, {0, ">a", nobody}, {0, ">b", nobody}, {0, ".", nobody}, {0, "-a", nobody}, {0, ">c", nobody},
		}},
		{"a user that becomes a crowd", []turn{
			{0, "+a", write(1)}, {0, "+b", write(2)}, {0, "+c", owner{user: 7, conn: 2, write: true, crowd: true}}, {0, "+d", owner{user: 7, conn: 3, write: true, crowd: true}},
			{0, ">a", nobody}, {0, ">d", nobody}, {0, ".", nobody}, {0, "-a", nobody}, {0, ">b", nobody}, {0, ".", nobody}, {0, "-b", nobody}, {0, ">c", nobody},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { play(t, tt.turns) })
	}
}

// play takes a buffer through a script.
func play(t *testing.T, turns []turn) {
	t.Helper()
	b := newBuffer(100, 1<<20, new(heldClock))
	now := int64(0)
	flying := map[string]*item{}
	for i, turn := range turns {
		now += int64(turn.after)
		b.lapse(now)
		name := turn.do[1:]
		switch turn.do[0] {
		case '+':
			it := newItem(name)
			it.at = now
			b.push(it, turn.whose)
		case '>':
			it := b.pop(now)
			if it == nil || string(it.raw) != name {
				t.Fatalf("step %d: %v goes out, want %s", i, it, name)
			}
			flying[name] = it
		case '.':
			if it := b.pop(now); it != nil {
				t.Fatalf("step %d: %s goes out", i, it.raw)
			}
		case '-':
			b.release(flying[name], now)
		case '!':
			if it := b.expired(b.byAge.first().at + 1); string(it.raw) != name {
				t.Fatalf("step %d: %s is dropped, want %s", i, it.raw, name)
			}
		}
	}
}

// A modelled request is one in the model that TestTurnsModel compares with.
type modelled struct {
	it *item
	owner
	flying bool
}

// mayGo says in the words of the documentation whether m may go out; all are the
// requests that are open, in the order in which they came.
func (m *modelled) mayGo(all []*modelled, now int64) bool {
	for _, other := range all {
		old := other.flying && now-other.it.began >= int64(overtakeAfter)
		switch {
		case other == m:
			return !m.flying
		case other.user != m.user:
		case other.conn == m.conn:
			return false
		case m.crowd || other.crowd:
		case m.write && other.write, other.write != m.write && !old:
			return false
		}
	}
	return false
}

// TestTurnsModel runs random operations against the model: at every moment just
// those lanes may have their turn of which a request may go out. And as long as
// something waits and nothing is in flight, something may go out.
func TestTurnsModel(t *testing.T) {
	for seed := range uint64(120) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		crowds, returns := seed%3 == 0, seed%5 == 0
		b := newBuffer(12+rnd.IntN(30), 1<<20, new(heldClock))
		var open []*modelled
		now := int64(0)
		gone := func(it *item) {
			open = slices.DeleteFunc(open, func(m *modelled) bool { return m.it == it })
		}
		for step := range 1500 {
			switch rnd.IntN(7) {
			case 0, 1, 2:
				m := &modelled{newItem(fmt.Sprint(step)), owner{user: rnd.Uint64N(3), conn: rnd.Uint64N(4), write: rnd.IntN(3) == 0, crowd: crowds && rnd.IntN(4) == 0}, false}
				m.it.at = now
				b.push(m.it, m.owner)
				open = append(open, m)
				for old := b.overfull(); old != nil; old = b.overfull() {
					gone(old)
				}
			case 3, 4:
				if it := b.pop(now); it != nil {
					i := slices.IndexFunc(open, func(m *modelled) bool { return m.it == it })
					if !returns && !open[i].mayGo(open, now) {
						t.Fatalf("seed %d, step %d: %s goes out, and may not", seed, step, it.raw)
					}
					open[i].flying, it.began = true, now
				}
			case 5:
				if i := slices.IndexFunc(open, func(m *modelled) bool { return m.flying && rnd.IntN(3) == 0 }); i >= 0 {
					if it := open[i].it; returns && rnd.IntN(3) == 0 {
						open[i].flying = false
						b.putBack(it, now)
					} else {
						b.release(it, now)
						gone(it)
					}
				}
			case 6:
				now += int64(rnd.IntN(400)) * int64(time.Millisecond)
				if it := b.expired(now - int64(20*time.Second)); it != nil {
					gone(it)
				}
			}
			b.lapse(now)
			checkTurns(t, b, open, now, !returns)
			if t.Failed() {
				t.Fatalf("seed %d, step %d", seed, step)
			}
		}
	}
}

// checkTurns compares whose turn it is with the model; not exactly where requests are
// put back, which find that others have overtaken them.
func checkTurns(t *testing.T, b *buffer, open []*modelled, now int64, exact bool) {
	t.Helper()
	may, flying, users := map[laneKey]bool{}, 0, map[uint64]bool{}
	for _, m := range open {
		if m.mayGo(open, now) {
			may[laneKey{m.user, m.conn}] = true
		}
		if m.flying {
			flying++
		}
		if !m.crowd {
			users[m.user] = true
		}
	}
	n := 0
	for l := b.ready.first(); l != nil; l = l.inReady.successor() {
		if n++; exact && !may[l.key] {
			t.Errorf("%v may have its turn, and should not", l.key)
		}
	}
	if exact && n != len(may) {
		t.Errorf("%d may have their turn, want %d", n, len(may))
	}
	if n == 0 && flying == 0 && len(open) > 0 {
		t.Errorf("nothing moves any more, and %d wait", len(open))
	}
	if b.count != len(open)-flying || len(b.users) != len(users) {
		t.Errorf("%d wait, of %d users; want %d of %d", b.count, len(b.users), len(open)-flying, len(users))
	}
}

// One user with very many requests of all kinds costs each time as much as any other:
// nothing is searched for.
func TestTurnsOfMany(t *testing.T) {
	cost := func(n int) time.Duration {
		b := newBuffer(1<<30, 1<<40, new(heldClock))
		for i := range n {
			b.push(newItem("x"), owner{user: 1, conn: uint64(i % 1000), write: i%100 == 99})
		}
		start := time.Now()
		now := int64(0)
		var flying []*item
		for b.count > 0 || len(flying) > 0 {
			for it := b.pop(now); it != nil; it = b.pop(now) {
				flying = append(flying, it)
			}
			it := flying[0]
			flying = flying[1:]
			b.release(it, now)
			now += 1000
		}
		return time.Since(start) / time.Duration(n)
	}
	few, many := cost(10_000), cost(100_000)
	t.Logf("%v for each of 10000, %v for each of 100000", few, many)
	if many > 20*few+20*time.Microsecond {
		t.Errorf("%v for each of 10000, but %v for each of 100000", few, many)
	}
}
