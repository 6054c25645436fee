package udpwire

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// TestNumbersModel settles numbers in random order, some as gone, and compares with a plain table at every step.
func TestNumbersModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var n numbers
	n.init()
	const last = 3000
	state := make([]uint64, last+2) // 0 missing, else what was marked
	order := rng.Perm(last)
	top := uint64(0) // the highest id completed by a number below next
	for step, i := range order {
		number := uint64(i + 1)
		value := uint64(numberGone)
		if rng.IntN(4) > 0 {
			value = numberArrived + number*7
		}
		state[number] = value
		n.mark(number, value)
		id := n.advance()
		want := uint64(0)
		next := uint64(1)
		for ; state[next] != 0; next++ {
			if state[next] >= numberArrived {
				want = max(want, state[next]-numberArrived)
			}
		}
		if n.next != next {
			t.Fatalf("step %d: next %d, want %d", step, n.next, next)
		}
		if top = max(top, id); top != want {
			t.Fatalf("step %d: ids up to %d, want %d", step, top, want)
		}
		if probe := uint64(rng.IntN(last) + 1); n.settled(probe) != (state[probe] != 0) {
			t.Fatalf("step %d: settled(%d) is %t", step, probe, n.settled(probe))
		}
	}
	if n.count != 0 || n.next != last+1 {
		t.Errorf("%d marked, next %d in the end", n.count, n.next)
	}
}

func TestNumbersMissing(t *testing.T) {
	var n numbers
	n.init()
	for _, i := range []uint64{3, 4, 7} { // 1, 2, 5, 6 and those from 8 on are missing
		n.mark(i, numberArrived)
	}
	for _, c := range []struct {
		name        string
		from, limit uint64
		room        int
		want        []span
	}{
		{"all", 0, 10, 9, []span{{1, 2}, {5, 2}, {8, 2}}},
		{"from the middle of a run", 6, 10, 9, []span{{6, 1}, {8, 2}}},
		{"up to the middle of one", 0, 6, 9, []span{{1, 2}, {5, 1}}},
		{"as many as there is room for", 0, 10, 2, []span{{1, 2}, {5, 2}}},
		{"nothing there", 3, 5, 9, nil},
	} {
		if got := n.missing(nil, c.from, c.limit, c.room); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if !n.fits(2*maxOutstanding) || n.fits(2*maxOutstanding+1) {
		t.Error("the limit is elsewhere")
	}
}

// TestNumbersFarAhead: a number far ahead takes a page, not all between; where nothing is held any more, no memory is.
func TestNumbersFarAhead(t *testing.T) {
	const page = int64(unsafe.Sizeof(numberPage{}))
	var n numbers
	n.init()
	n.next = 1000 // in the middle of a page, which the farthest number shares
	far := n.next + farthest - 1
	n.mark(far, numberArrived+1)
	if n.held > 3*page || !n.settled(far) || n.settled(far-1) || n.settled(n.next) || n.settled(far-farthest+pageSize) {
		t.Errorf("%d bytes for one number", n.held)
	}
	for i := n.next; i < far; i++ {
		n.mark(i, numberGone)
	}
	if got := n.held; got > (farthest/pageSize+1)*(page+8) {
		t.Errorf("%d bytes for as many as can be", got)
	}
	if id := n.advance(); id != 1 || n.next != far+1 || n.count != 0 || n.held > 2*page {
		t.Errorf("id %d, next %d, %d left in %d bytes", id, n.next, n.count, n.held)
	}
	if allocs := testing.AllocsPerRun(100, func() { n.mark(n.next+1000, numberGone); n.take(n.next + 1000) }); allocs > 0 {
		t.Errorf("%v allocations for one that comes too early", allocs)
	}
}

// TestNumbersSeek: runs are found as one number after the other finds them, whatever is marked, and beyond what may be kept.
func TestNumbersSeek(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	for round := range 300 {
		var s numbers
		s.init()
		s.next = 1 + rng.Uint64N(3*farthest)
		end, share := s.next+1+rng.Uint64N(3*pageSize), rng.IntN(101)
		if round%10 == 0 {
			end = s.next + farthest
		}
		for n := s.next + 1; n < end; n++ {
			if rng.IntN(100) < share {
				s.mark(n, numberArrived)
			}
		}
		for range 30 {
			from := s.next + rng.Uint64N(end-s.next)
			limit := s.next + rng.Uint64N(end-s.next+2)
			for _, marked := range []bool{false, true} {
				want := from
				for want < limit && (s.get(want) != 0) != marked {
					want++
				}
				if want = min(want, limit); s.seek(from, limit, marked) != want {
					t.Fatalf("round %d: seek(%d, %d, %t) from %d is %d, want %d", round, from, limit, marked, s.next, s.seek(from, limit, marked), want)
				}
			}
			var want []span
			for n := from; n < limit; n++ {
				if s.get(n) == 0 {
					want = addNumber(want, n)
				}
			}
			if room := 1 + rng.IntN(10); !slices.Equal(s.missing(nil, from, limit, room), want[:min(room, len(want))]) {
				t.Fatalf("round %d: %v, want %v", round, s.missing(nil, from, limit, room), want)
			}
		}
	}
}
