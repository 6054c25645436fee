package udpwire

import (
	"bytes"
	"strings"
	"testing"
)

// sealed is a datagram of some kind with a body, sealed.
func sealed(s *sealer, k kind, number uint64, body string) []byte {
	d := append(append(make([]byte, headerSize), body...), make([]byte, tagSize)...)
	header{kind: k, flags: flagSealed, session: 7, number: number}.put(d)
	s.seal(d)
	return d
}

// TestSealerEpochs: the epoch before, the present one and the next are believed, and no other; who gets a datagram of the
// next goes on to that, but not for one that is not authentic.
func TestSealerEpochs(t *testing.T) {
	out, in := goldenKeys(t)[0], goldenKeys(t)[0]
	var at [6][]byte
	for i := range at {
		at[i] = sealed(out, kindData, uint64(i), "body")
		out.advance()
	}
	opens := func(i int) bool {
		body, ok := in.open(bytes.Clone(at[i]))
		return ok && string(body) == "body"
	}
	for _, step := range []struct {
		epoch int
		opens bool
		then  uint64
	}{{2, false, 0}, {0, true, 0}, {1, true, 1}, {0, true, 1}, {3, false, 1}, {2, true, 2}, {0, false, 2}, {1, true, 2}, {3, true, 3}, {5, false, 3}} {
		if ok := opens(step.epoch); ok != step.opens || in.epoch != step.then {
			t.Errorf("epoch %d: %t, then %d", step.epoch, ok, in.epoch)
		}
	}
	forged := changed(at[4], headerSize, at[4][headerSize]+1)
	if _, ok := in.open(forged); ok || in.epoch != 3 {
		t.Errorf("goes on to epoch %d for who does not know the keys", in.epoch)
	}
	if !opens(4) {
		t.Error("the next is not believed after a forged one")
	}
}

// TestSealerBeforeTheFirst: nothing is before epoch 0.
func TestSealerBeforeTheFirst(t *testing.T) {
	out, in := goldenKeys(t)[0], goldenKeys(t)[0]
	d := sealed(out, kindReport, 1, "body")
	d[6], d[7] = 0xFF, 0xFF
	if _, ok := in.open(d); ok {
		t.Error("it opens")
	}
}

// TestSealerManyEpochs: the header's 16 bits are enough for any number of epochs.
func TestSealerManyEpochs(t *testing.T) {
	out, in := goldenKeys(t)[0], goldenKeys(t)[0]
	out.epoch, in.epoch = 1<<16-2, 1<<16-2
	for i := range uint64(4) {
		d, late := sealed(out, kindData, i, "body"), sealed(out, kindHeartbeat, i, "late")
		out.advance()
		next := sealed(out, kindHeartbeat, i, "next")
		for _, d := range [][]byte{d, next, late} {
			if _, ok := in.open(d); !ok {
				t.Errorf("epoch %d: not opened", out.epoch)
			}
		}
	}
	if in.epoch != 1<<16+2 {
		t.Errorf("epoch %d", in.epoch)
	}
}

// TestSealerForgets: what old keys come from is overwritten.
func TestSealerForgets(t *testing.T) {
	s := goldenKeys(t)[0]
	chain := s.chain
	before := bytes.Clone(chain)
	s.advance()
	if !bytes.Equal(chain, make([]byte, chainSize)) || bytes.Equal(s.chain, before) || bytes.Equal(s.chain, chain) {
		t.Errorf("%x, then %x and %x", before, chain, s.chain)
	}
}

// TestSealerDirections: neither direction opens the other's, nor DATA what is control.
func TestSealerDirections(t *testing.T) {
	there, back := goldenKeys(t)[0], goldenKeys(t)[1]
	d := sealed(there, kindData, 1, "body")
	if _, ok := back.open(bytes.Clone(d)); ok {
		t.Error("opened as if it had come back")
	}
	if _, ok := there.open(changed(d, 4, byte(kindHeartbeat))); ok {
		t.Error("DATA opened as a HEARTBEAT")
	}
	for n := headerSize; n < len(d); n++ { // less has no header
		if _, ok := there.open(bytes.Clone(d[:n])); ok {
			t.Errorf("the first %d bytes open", n)
		}
	}
}

// TestSealerClear: a BEGIN's beginning can be read without a key, and not be changed.
func TestSealerClear(t *testing.T) {
	both := goldenKeys(t)
	body := strings.Repeat("01234567", beginClear/8) + strings.Repeat("abcdefgh", 8)
	d := sealed(both[0], kindBegin, 1, body)
	if !bytes.Contains(d, []byte(body[:beginClear])) || bytes.Contains(d, []byte(body[beginClear:])) {
		t.Error("not as much in clear as should be")
	}
	if _, ok := goldenKeys(t)[0].open(changed(d, headerSize+5, 'x')); ok {
		t.Error("opens though what is in clear was changed")
	}
	if got, ok := goldenKeys(t)[0].open(d); !ok || string(got) != body {
		t.Errorf("%t, %q", ok, got)
	}
}

// TestKeysDiffer: another secret, another half of either side, another HELLO: other keys. Both sides make the same.
func TestKeysDiffer(t *testing.T) {
	halves := goldenPrivate(t)
	listener, replayer := publicOf(halves[0]), publicOf(halves[1])
	d := sealed(goldenKeys(t)[0], kindData, 1, "body")
	opens := func(secret string, private int, public [32]byte, salt ...[]byte) bool {
		both, err := keyringOf(t, secret).session(halves[private], &public, salt...)
		if err != nil {
			t.Fatal(err)
		}
		_, ok := both[0].open(bytes.Clone(d))
		return ok
	}
	random := goldenRandom()
	if !opens(goldenSecret, 0, replayer, random[:], listener[:], replayer[:]) {
		t.Error("the listener makes other keys than the replayer")
	}
	for name, ok := range map[string]bool{
		"another secret":            opens("another", 0, replayer, random[:], listener[:], replayer[:]),
		"another HELLO":             opens(goldenSecret, 0, replayer, make([]byte, 32), listener[:], replayer[:]),
		"another listener's half":   opens(goldenSecret, 1, replayer, random[:], listener[:], replayer[:]),
		"another replayer's half":   opens(goldenSecret, 0, listener, random[:], listener[:], replayer[:]),
		"another half for the salt": opens(goldenSecret, 0, replayer, random[:], replayer[:], replayer[:]),
	} {
		if ok {
			t.Errorf("%s: the same keys", name)
		}
	}
}

// TestKeyringFinish: what belongs to no session is sealed with a key of its own for either side.
func TestKeyringFinish(t *testing.T) {
	each(t, func(t *testing.T, secret string) {
		k := keyringOf(t, secret)
		rand := counting()
		for _, kind := range []kind{kindHello, kindRetry, kindWelcome, kindUnknown} {
			d := k.finish(kind, append(make([]byte, headerSize), "body"...), rand)
			again := k.finish(kind, append(make([]byte, headerSize), "body"...), rand)
			h, _, ok := parseHeader(d)
			if !ok || h.kind != kind || bytes.Equal(d, again) {
				t.Errorf("kind %d: %t, %+v", kind, ok, h)
			}
			if body, ok := keyringOf(t, secret).open(h, bytes.Clone(d)); !ok || string(body) != "body" {
				t.Errorf("kind %d: %t, %q", kind, ok, body)
			}
			if _, ok := keyringOf(t, "another").open(h, bytes.Clone(d)); ok {
				t.Errorf("kind %d: opened with another secret", kind)
			}
			if kind == kindHello && secret != "" {
				d[4] = byte(kindWelcome)
				if _, ok := k.open(h, d); ok {
					t.Error("a HELLO opened as a WELCOME")
				}
			}
		}
	})
}
