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
		var keys *keyring
		if sealed {
			keys = keyringOf(t, "secret")
		}
		r := newReception(cfg, keys, 1<<20, func(d []byte, _ *source) error { answered += len(d); return nil })
		r.responder = newResponder(keys, random)
		r.handle = func(m *Message) {
			if len(m.Body) > total {
				t.Fatalf("a message of %d bytes from %d", len(m.Body), total)
			}
		}
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
			if len(r.sessions.byID) > cfg.MaxSessions {
				t.Fatalf("%d sessions", len(r.sessions.byID))
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

// FuzzAnswers feeds a listener anything for answers, between its own work: it must not fall, believe more than it has
// sent, or lose count of its messages and its memory.
func FuzzAnswers(f *testing.F) {
	for _, name := range []string{"welcome", "report", "bye_of_replayer"} {
		d := golden(f, false)[name]
		f.Add(uint16(len(d)), d)
	}
	f.Fuzz(func(t *testing.T, size uint16, b []byte) {
		n := newNetwork(t, 1, "")
		n.run(n.now + 100*ms)
		if n.peer.state != live {
			t.Fatal("no session")
		}
		for rounds := 0; len(b) > 0 && rounds < 64; b = b[min(int(size)+1, len(b)):] {
			rounds++
			d := append([]byte(nil), b[:min(int(size)+1, len(b))]...)
			for i := range 5 {
				n.send(uint64(i), 500)
			}
			n.pack.flush()
			if len(d) > headerSize { // as of one who reads the path
				header{kind: kind(d[4]), session: n.peer.out.channel.session, number: uint64(d[23])}.put(d)
			}
			n.peer.datagram(n.now, d)
			n.peer.tick(n.now)
			n.now += ms / 4
			o, f := &n.peer.out, &n.peer.out.flight
			if f.oldest > f.next || f.seen >= f.next || f.next-f.oldest > maxOutstanding {
				t.Fatalf("numbers %d to %d, seen %d", f.oldest, f.next, f.seen)
			}
			if r := &o.reported; r.messages > o.begun.messages() || r.bytes > o.begun.bytes {
				t.Fatalf("%d of %d messages confirmed, %d of %d bytes", r.messages, o.begun.messages(), r.bytes, o.begun.bytes)
			}
			if len(n.queue) > 1<<12 {
				t.Fatalf("%d datagrams out for %d messages", len(n.queue), len(n.bodies))
			}
		}
		n.peer.abandon(n.now)
		if p := n.peer.accounts; p.received.messages+p.lost.messages > uint64(len(n.bodies)) || p.received.bytes+p.lost.bytes > n.bytes {
			t.Fatalf("%d sent, %d received, %d lost", len(n.bodies), p.received.messages, p.lost.messages)
		}
	})
}
