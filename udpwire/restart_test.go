package udpwire

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// seedsOf is how many seeds a random test takes; GOR_SEEDS sets another number.
func seedsOf(t *testing.T, few int) uint64 {
	if s := os.Getenv("GOR_SEEDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		few = n
	}
	return uint64(few)
}

// TestRestarts: replayers are killed, stopped, cut off and replaced, with and without a word, while every datagram may be
// lost, doubled, late, or heard by the process after the one that it was for. In the end there is always a session that
// lives, what arrived arrived once, and the accounts are true. GOR_SEEDS sets the number of runs.
func TestRestarts(t *testing.T) {
	for seed := range seedsOf(t, 200) {
		for _, secret := range []string{"", "a secret for this"} {
			t.Run(fmt.Sprintf("%d/sealed=%t", seed, secret != ""), func(t *testing.T) { restarts(t, seed, secret) })
		}
	}
}

func restarts(t *testing.T, seed uint64, secret string) {
	n := newNetwork(t, seed, secret)
	n.loss, n.dup, n.jit = n.rng.Float64()*0.3, n.rng.Float64()*0.3, n.rng.Int64N(20*ms)+1
	if n.rng.IntN(2) == 0 {
		n.delay = n.rng.Int64N(60 * ms)
	}
	replaced := 0
	for range 1 + n.rng.IntN(4) {
		n.trickle(n.rng.Int64N(second))
		switch d := n.rng.Int64N(3 * second); n.rng.IntN(6) {
		case 0: // between two datagrams
			n.replace(secret)
			replaced++
		case 1: // its machine says that nobody listens, for a while
			n.refuse = true
			n.trickle(d)
			n.refuse = false
			n.replace(secret)
			replaced++
		case 2: // it says goodbye
			n.recv.close(n.now)
			n.replace(secret)
			replaced++
		case 3:
			n.cut = true
			n.trickle(d)
			n.cut = false
		case 4:
			n.stop(replayer, func() { n.trickle(d) })
		case 5:
			n.stop(listener, func() { n.run(n.now + d) })
		}
	}
	for end := n.now + 20*second; n.peer.state != live && n.now < end; {
		n.trickle(10 * ms)
	}
	if n.peer.state != live {
		t.Fatalf("state %d in the end", n.peer.state)
	}
	n.trickle(100 * ms)
	n.finish(60 * second)
	if n.peer.state != left || n.peer.farewell.abandoned {
		t.Errorf("state %d after the farewell", n.peer.state)
	}
	n.settled(uint64(len(n.bodies)))
	if replaced == 0 {
		n.allArrived()
		n.balanced()
	}
}
