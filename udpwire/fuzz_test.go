package udpwire

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzDatagram feeds a replayer anything, as several datagrams: it must not
// fall, answer more than it was sent, hold more than its limits, or lose count.
func FuzzDatagram(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "wire", "*.hex"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden datagrams: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		digits := strings.Map(func(c rune) rune {
			if strings.ContainsRune("0123456789abcdef", c) {
				return c
			}
			return -1
		}, string(text))
		if d, err := hex.DecodeString(digits); err == nil {
			f.Add(false, uint16(len(d)), d)
			f.Add(true, uint16(len(d)), d)
		}
	}
	f.Fuzz(func(t *testing.T, sealed bool, size uint16, b []byte) {
		cfg := ReceiverConfig{MaxSessions: 4}
		cfg.check()
		total, sent, answered, counter := len(b), 0, 0, byte(0)
		random := func(b []byte) {
			for i := range b {
				counter++
				b[i] = counter
			}
		}
		r := &reception{cfg: cfg, rand: random, window: 1 << 20, sessions: map[uint64]*session{},
			handle: func(m *Message) {
				if len(m.Body) > total {
					t.Fatalf("a message of %d bytes from %d", len(m.Body), total)
				}
			}}
		if sealed {
			r.keys = keyringOf(nil, "secret")
		}
		r.write = func(d []byte, _ *source) error { answered += len(d); return nil }
		datagrams := uint64(0)
		for now := int64(1); len(b) > 0; now += 1_000_000 {
			d := b[:min(int(size)+1, len(b))]
			b = b[len(d):]
			r.now = now
			sent += len(d)
			datagrams++
			r.datagram(d, source{})
			if answered > sent {
				t.Fatalf("%d bytes answered to %d", answered, sent)
			}
			if len(r.sessions) > cfg.MaxSessions {
				t.Fatalf("%d sessions", len(r.sessions))
			}
		}
		r.tick()
		r.close(1e12)
		accounted := r.past.DatagramsReceived + r.past.DatagramsDuplicate
		for _, n := range r.past.Rejected {
			accounted += n
		}
		if accounted != datagrams {
			t.Fatalf("%d datagrams in the accounts, %d came: %+v", accounted, datagrams, r.past)
		}
	})
}
