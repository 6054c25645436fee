package capture

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
)

// TestShare: nothing, everything, and that a larger share has all of a smaller one.
func TestShare(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 10000 {
		e := randomClient(random)
		if ShareOf(0).Has(&e) || Share(0).Has(&e) || !ShareOf(1).Has(&e) || !AllConnections.Has(&e) {
			t.Fatalf("%v: none has it, or all have it not", e)
		}
		a, b := ShareOf(random.Float64()), ShareOf(random.Float64())
		if a.Has(&e) && a <= b && !b.Has(&e) {
			t.Fatalf("%v: %d has it, %d does not", e, a, b)
		}
	}
	for f, want := range map[float64]Share{-1: 0, 0: 0, 0.5: 1 << 31, 1: AllConnections, 2: AllConnections, 1e-12: 0, 1e-9: 4} {
		if got := ShareOf(f); got != want {
			t.Errorf("the share of %g is %d, want %d", f, got, want)
		}
	}
}

// randomClient is an endpoint of either version.
func randomClient(random *rand.Rand) (e Endpoint) {
	var b [16]byte
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	e.setEither(b[:[]int{4, 16}[random.IntN(2)]])
	e.Port = uint16(random.Uint32())
	return e
}

// TestShareIsEven: whatever it is in which the clients differ, a share has that part
// of them, give or take five standard deviations: ports as Linux gives them to its
// clients, nearly all even; one address each behind one port, as behind a proxy;
// neighbours in a network of either version.
func TestShareIsEven(t *testing.T) {
	const n = 20000
	endpoint := func(addr []byte, port int) (e Endpoint) {
		e.setEither(addr)
		e.Port = uint16(port)
		return e
	}
	v4 := func(i int) []byte { return binary.BigEndian.AppendUint32(nil, 10<<24+uint32(i)) }
	for name, client := range map[string]func(i int) Endpoint{
		"even ports":                 func(i int) Endpoint { return endpoint(v4(1), 25000+2*i%40000) },
		"odd ports":                  func(i int) Endpoint { return endpoint(v4(1), 25001+2*i%40000) },
		"neighbours":                 func(i int) Endpoint { return endpoint(v4(i), 40000) },
		"every 256th address":        func(i int) Endpoint { return endpoint(v4(i<<8), 40000) },
		"address and port as one":    func(i int) Endpoint { return endpoint(v4(i), 20000+i) },
		"opposed":                    func(i int) Endpoint { return endpoint(v4(i), 65000-i) },
		"IPv6 hosts":                 func(i int) Endpoint { return endpoint(v6Addr(0, uint64(i)), 40000) },
		"IPv6 networks":              func(i int) Endpoint { return endpoint(v6Addr(uint64(i), 1), 40000) },
		"IPv6 hosts with even ports": func(i int) Endpoint { return endpoint(v6Addr(7, uint64(i)), 30000+2*(i%10000)) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, fraction := range []float64{0.01, 0.1, 0.5, 0.9} {
				share, has := ShareOf(fraction), 0
				seen := map[Endpoint]bool{}
				for i := range n {
					e := client(i)
					if !seen[e] && share.Has(&e) {
						has++
					}
					seen[e] = true
				}
				want := fraction * float64(len(seen))
				if off := math.Abs(float64(has) - want); off > 5*math.Sqrt(want*(1-fraction)) {
					t.Errorf("a share of %g has %d of %d", fraction, has, len(seen))
				}
			}
		})
	}
}

func v6Addr(network, host uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, 0x2001_0db8<<32+network), host)
}

// TestShareMapped: an IPv6 packet with an address of the form ::ffff:a.b.c.d is
// judged by the bytes that it has, not by the mark that tells it from IPv4.
func TestShareMapped(t *testing.T) {
	var four, six Endpoint
	four.set4(&[4]byte{192, 0, 2, 1})
	six.set6([]byte{10: 0xff, 11: 0xff, 12: 192, 13: 0, 14: 2, 15: 1})
	if four == six || clientHash(&four) != clientHash(&six) {
		t.Errorf("%v and %v: %#x and %#x", four, six, clientHash(&four), clientHash(&six))
	}
}

func BenchmarkShare(b *testing.B) {
	e := Endpoint{Port: 40000}
	n := 0
	for b.Loop() {
		if ShareOf(0.1).Has(&e) {
			n++
		}
	}
}
