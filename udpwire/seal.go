package udpwire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
)

// A keyring holds what both sides derive from the shared secret: fixed keys for the two handshake datagrams, and a
// way to each session's keys. Nil means no secret: nothing is sealed.
type keyring struct {
	secret         []byte
	hello, welcome cipher.AEAD // What seals the datagrams of these kinds.
	nonce          [12]byte    // Scratch.
}

// newKeyring derives the fixed keys. It returns nil for an empty secret.
func newKeyring(secret []byte) (*keyring, error) {
	if len(secret) == 0 {
		return nil, nil
	}
	prk, err := hkdf.Extract(sha256.New, secret, nil)
	if err != nil {
		return nil, err
	}
	k := &keyring{secret: append([]byte(nil), secret...)}
	if k.hello, err = expandKey(prk, "gor 1 hello"); err != nil {
		return nil, err
	}
	k.welcome, err = expandKey(prk, "gor 1 welcome")
	return k, err
}

// clone returns a keyring for another goroutine: only the scratch is not shared.
func (k *keyring) clone() *keyring {
	if k == nil {
		return nil
	}
	c := *k
	return &c
}

// expandKey derives an AES-256-GCM key (RFC 5869 section 2.3).
func expandKey(prk []byte, info string) (cipher.AEAD, error) {
	key, err := hkdf.Expand(sha256.New, prk, info, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// sealHandshake seals d, a HELLO or WELCOME with its tag's room at the end, in place. Its nonce is 96 of the random
// bits in the header: the keys last as long as the secret, so a counter would have to be stored.
func (k *keyring) sealHandshake(d []byte) {
	aead := k.handshake(d)
	aead.Seal(d[:headerSize], k.nonce[:], d[headerSize:len(d)-tagSize], d[:headerSize])
}

// openHandshake authenticates d and returns its body, decrypted in place.
func (k *keyring) openHandshake(d []byte) ([]byte, bool) {
	aead := k.handshake(d)
	body, err := aead.Open(d[headerSize:headerSize], k.nonce[:], d[headerSize:], d[:headerSize])
	return body, err == nil
}

// handshake returns the key of a HELLO or WELCOME and sets its nonce.
func (k *keyring) handshake(d []byte) cipher.AEAD {
	copy(k.nonce[:], d[12:24])
	if kind(d[4]) == kindHello {
		return k.hello
	}
	return k.welcome
}

// session derives the keys of a session from both sides' random values: [0] seals what the listener sends, [1] what
// the replayer sends. What was recorded in one session cannot be opened in another.
func (k *keyring) session(listener, replayer [32]byte) (both [2]*sealer, err error) {
	salt := append(listener[:], replayer[:]...)
	prk, err := hkdf.Extract(sha256.New, k.secret, salt)
	if err != nil {
		return both, err
	}
	return [2]*sealer{newSealer(prk, "gor 1 listener"), newSealer(prk, "gor 1 replayer")}, nil
}

// epochBits: a key seals 2^22 datagrams, below the 2^23 that RFC 9001 section 6.6 allows for AES-GCM. The number
// says which key it is; nothing needs to be agreed on.
const epochBits = 22

// A sealer seals or opens one direction of a session. DATA and the other kinds count separately and so have
// separate keys.
type sealer struct {
	data, control schedule
	nonce         [12]byte // four zero bytes and the number
}

// newSealer returns a sealer whose keys come from prk, for the direction that label names.
func newSealer(prk []byte, label string) *sealer {
	return &sealer{data: schedule{prk: prk, label: label + " data"}, control: schedule{prk: prk, label: label + " control"}}
}

// A schedule derives the keys of one counter.
type schedule struct {
	prk     []byte
	label   string
	highest uint64 // The epoch of the highest number that was authentic.
	slots   [4]struct {
		epoch uint64
		aead  cipher.AEAD // nil: not derived yet.
	}
}

// aead returns the key for a number, or nil when it lies further from the highest authentic one than an honest peer
// can be: a stranger must not make us derive keys.
func (s *schedule) aead(number uint64) cipher.AEAD {
	epoch := number >> epochBits
	if epoch > s.highest+1 || epoch+1 < s.highest {
		return nil
	}
	slot := &s.slots[epoch%uint64(len(s.slots))]
	if slot.aead == nil || slot.epoch != epoch {
		aead, err := expandKey(s.prk, s.label+string(binary.BigEndian.AppendUint64(nil, epoch)))
		if err != nil {
			return nil
		}
		slot.epoch, slot.aead = epoch, aead
	}
	return slot.aead
}

// schedule returns the keys of the counter that a datagram belongs to and its number, and sets its nonce.
func (s *sealer) schedule(d []byte) (*schedule, uint64) {
	copy(s.nonce[4:], d[16:24])
	number := binary.BigEndian.Uint64(d[16:24])
	if kind(d[4]) == kindData {
		return &s.data, number
	}
	return &s.control, number
}

// seal seals d, which has its tag's room at the end, in place.
func (s *sealer) seal(d []byte) {
	keys, number := s.schedule(d)
	keys.highest = max(keys.highest, number>>epochBits)
	keys.aead(number).Seal(d[:headerSize], s.nonce[:], d[headerSize:len(d)-tagSize], d[:headerSize])
}

// open authenticates d and returns its body, decrypted in place.
func (s *sealer) open(d []byte) ([]byte, bool) {
	keys, number := s.schedule(d)
	aead := keys.aead(number)
	if aead == nil || len(d) < headerSize+tagSize {
		return nil, false
	}
	body, err := aead.Open(d[headerSize:headerSize], s.nonce[:], d[headerSize:], d[:headerSize])
	if err != nil {
		return nil, false
	}
	keys.highest = max(keys.highest, number>>epochBits)
	return body, true
}
