package udpwire

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// When a session's keys give way to new ones, whichever is first.
const (
	keyUses = 1 << 22                 // datagrams, below the 2^23 that RFC 9001 section 6.6 allows for AES-GCM
	keyLife = int64(20 * time.Minute) // ns
)

// chainSize is how many bytes the keys of an epoch, and the next chain, are derived from.
const chainSize = 32

// A sealer seals or opens one direction of a session. Its keys go through epochs: those of the next are derived from a
// chain that is overwritten then, so that nobody can go back. Not safe for concurrent use.
type sealer struct {
	epoch  uint64
	before epochKeys // The epoch before, for datagrams that come late.
	keys   epochKeys // The present epoch.
	next   epochKeys // The next one, for a datagram that shows that the other side has begun it; derived when needed.

	chain, nextChain []byte   // What the next epoch, and the one after it, come from; nextChain is nil until next is derived.
	nonce            [12]byte // Four zero bytes and the number.
}

// epochKeys are the keys of an epoch. DATA and the other kinds count separately and so have separate keys.
type epochKeys struct{ data, control cipher.AEAD }

// newSealer returns a sealer in epoch 0 of a chain, which it takes over.
func newSealer(chain []byte) (*sealer, error) {
	s := &sealer{chain: chain}
	var err error
	if s.keys, err = expandEpoch(chain); err != nil {
		return nil, err
	}
	return s, nil
}

// expandEpoch derives the keys of the epoch that a chain belongs to.
func expandEpoch(chain []byte) (k epochKeys, err error) {
	if k.data, err = expandKey(chain, "data"); err != nil {
		return k, err
	}
	k.control, err = expandKey(chain, "control")
	return k, err
}

// derive makes the next epoch's keys ready and reports whether it could.
func (s *sealer) derive() bool {
	if s.nextChain != nil {
		return true
	}
	chain, err := hkdf.Expand(sha256.New, s.chain, "next", chainSize)
	if err != nil {
		return false
	}
	if s.next, err = expandEpoch(chain); err != nil {
		return false
	}
	s.nextChain = chain
	return true
}

// advance begins the next epoch.
func (s *sealer) advance() {
	if !s.derive() {
		return
	}
	clear(s.chain)
	s.chain, s.nextChain = s.nextChain, nil
	s.before, s.keys, s.next = s.keys, s.next, epochKeys{}
	s.epoch++
}

// seal seals d, which has its header but the epoch, and its tag's room at the end, in place.
func (s *sealer) seal(d []byte) {
	binary.BigEndian.PutUint16(d[6:], uint16(s.epoch))
	aead, from := s.keys.of(d), sealedFrom(d)
	copy(s.nonce[4:], d[16:24])
	aead.Seal(d[:from], s.nonce[:], d[from:len(d)-tagSize], d[:from])
}

// open authenticates d and returns its body, decrypted in place. It believes the epoch before, the present one and the
// next, and goes on to that when the datagram is authentic.
func (s *sealer) open(d []byte) ([]byte, bool) {
	from := sealedFrom(d)
	if len(d) < from+tagSize {
		return nil, false
	}
	var keys *epochKeys
	ahead := int16(binary.BigEndian.Uint16(d[6:]) - uint16(s.epoch))
	switch {
	case ahead == 0:
		keys = &s.keys
	case ahead == -1 && s.epoch > 0:
		keys = &s.before
	case ahead == 1 && s.derive():
		keys = &s.next
	default:
		return nil, false
	}
	copy(s.nonce[4:], d[16:24])
	body, err := keys.of(d).Open(d[from:from], s.nonce[:], d[from:], d[:from])
	if err != nil {
		return nil, false
	}
	if ahead == 1 {
		s.advance()
	}
	return d[headerSize : from+len(body)], true
}

// of returns the key of a datagram.
func (k *epochKeys) of(d []byte) cipher.AEAD {
	if kind(d[4]) == kindData {
		return k.data
	}
	return k.control
}

// sealedFrom is where what is encrypted begins in d. What stands before is authenticated.
func sealedFrom(d []byte) int {
	if kind(d[4]) == kindBegin {
		return headerSize + beginClear
	}
	return headerSize
}
