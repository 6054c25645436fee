package udpwire

import (
	"testing"
	"time"
)

// much is how much longer a datagram may take than the same from a listener that is honest: what these tests are about made
// it several hundred times as long.
const much = 50

// best is how long f takes when nothing disturbs it.
func best(f func()) time.Duration {
	least := time.Hour
	for range 5 {
		at := time.Now()
		f()
		least = min(least, time.Since(at))
	}
	return least
}

// TestPartsCostNothing: pieces of many datagrams, and fragments of many messages, that a stranger never completes do not
// make the datagrams slow that come in order.
func TestPartsCostNothing(t *testing.T) {
	const many = 100000
	each(t, func(t *testing.T, secret string) {
		var took [3]time.Duration
		for i := range took {
			s := newStranger(t, ReceiverConfig{}, secret)
			out, ok := s.shake(listenerAt, seeded())
			if !ok {
				t.Fatal("no session")
			}
			in := &s.recv.sessions.byID[out.session].inbox
			for n := uint64(many); n > 1000; n-- {
				switch i {
				case 1:
					in.pieces.add(n, &fragment{1, dataOffset + 1, []byte{0}})
				case 2:
					in.parts.add(n, &fragment{1, messageLeast, []byte{0}})
				}
			}
			number := uint64(0)
			took[i] = best(func() {
				for range 100 {
					number++
					s.say(s.data(&out, number, number), listenerAt)
				}
			})
			if s.messages != 500 {
				t.Errorf("%d messages", s.messages)
			}
		}
		if max(took[1], took[2]) > much*took[0] {
			t.Errorf("a hundred datagrams take %v, with many pieces %v, with many fragments %v", took[0], took[1], took[2])
		}
	})
}
