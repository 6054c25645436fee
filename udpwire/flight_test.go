package udpwire

import "testing"

func TestFlight(t *testing.T) {
	var f flight
	var pool chunkPool
	f.begin()
	if f.unsettled() || f.next != 1 || !f.fits() || f.exhausted() {
		t.Errorf("%+v", f)
	}
	var chunks []*chunk
	for range 100 { // more than there is room for at first
		c := pool.get(chunkSize)
		c.number, c.n = f.next, 20
		for i := range uint32(20) {
			f.add(c, 100*i, 100*i+100, ms)
		}
		chunks = append(chunks, c)
	}
	const each = 100 + perDatagram
	if f.next != 2001 || f.cost() != 2000*each {
		t.Errorf("next %d, %d bytes under way", f.next, f.cost())
	}
	for n := uint64(1); n < f.next; n++ {
		if s := f.at(n); s.c != chunks[(n-1)/20] || s.start != uint32((n-1)%20*100) || s.cost != n*each {
			t.Fatalf("number %d: %+v", n, s)
		}
	}
	f.see(500)
	f.see(400)
	if f.seen != 500 || f.cost() != 1500*each {
		t.Errorf("seen %d, %d bytes under way", f.seen, f.cost())
	}
	out := pool.out
	if f.settle(20, &pool); pool.out != out {
		t.Error("a chunk was given back with a datagram not settled")
	}
	if f.settle(21, &pool); pool.out != out-chunkSize || f.oldest != 21 {
		t.Error("a chunk was not given back")
	}
	f.settle(10, &pool) // overtaken
	f.settle(f.next, &pool)
	if pool.out != 0 || f.unsettled() {
		t.Errorf("%d bytes out, %+v", pool.out, f.oldest)
	}
}

func TestFlightLimits(t *testing.T) {
	for _, c := range []struct {
		name            string
		oldest, next    uint64
		fits, exhausted bool
	}{
		{"room for one chunk more", 1, 1 + maxOutstanding - maxGrams, true, false},
		{"a number too many", 1, 2 + maxOutstanding - maxGrams, false, false},
		{"the last chunk of a session", maxNumber - maxGrams - 1, maxNumber - maxGrams - 1, true, false},
		{"no more numbers", maxNumber - maxGrams, maxNumber - maxGrams, false, true},
	} {
		f := flight{oldest: c.oldest, next: c.next}
		if f.fits() != c.fits || f.exhausted() != c.exhausted {
			t.Errorf("%s: fits %t, exhausted %t", c.name, f.fits(), f.exhausted())
		}
	}
}
