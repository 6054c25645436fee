package capture

import (
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAnswersFilterKernel: the kernel judges random packets as the Go program does. A
// socket between two ends of this process needs no privilege, and cuts what its
// filter does not keep.
func TestAnswersFilterKernel(t *testing.T) {
	for name, spec := range answerFilters() {
		t.Run(name, func(t *testing.T) {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(pair[0])
			defer unix.Close(pair[1])
			if err := attachFilter(pair[1], answersPart(t, spec)); err != nil {
				t.Fatal(err)
			}
			random, buf := rand.New(rand.NewPCG(5, 6)), make([]byte, 1<<16)
			for i := range 5000 {
				g := randomAnswer(random)
				if i%10 == 0 { // cut by the snap length, where it is taken
					g.b = append(g.b, make([]byte, 6000)...)
				}
				if _, err := unix.Write(pair[0], g.b); err != nil {
					t.Fatal(err)
				}
				n, err := unix.Read(pair[1], buf)
				want := 0
				if g.wanted(spec.Answers, spec.Arriving) {
					want = min(len(g.b), headSnap+spec.Answers.Body)
				}
				if err != nil && err != unix.EAGAIN || max(n, 0) != want {
					t.Fatalf("%v, port %d: %d bytes, want %d (%v): %x", g.client, g.server, n, want, err, g.b)
				}
			}
		})
	}
}
