package udpwire

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
)

// A keyring holds what both sides derive from the shared secret: fixed keys for the datagrams of no session, and a way to
// each session's keys. Nil means no secret: nothing is sealed.
type keyring struct {
	secret         []byte
	asking, answer cipher.AEAD // What seals HELLO, and the replayer's RETRY, WELCOME and UNKNOWN.
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
	if k.asking, err = expandKey(prk, "gor 2 hello"); err != nil {
		return nil, err
	}
	k.answer, err = expandKey(prk, "gor 2 answer")
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
	defer clear(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// finish gives d, a datagram of no session, which leaves room for the header in front, its header, whose session and
// number are random, and its seal. It returns d, longer by the tag when there is a secret. The nonce is 96 of the random
// bits: the keys last as long as the secret, so a counter would have to be stored.
func (k *keyring) finish(kind kind, d []byte, rand func([]byte)) []byte {
	h := header{kind: kind, session: random64(rand), number: random64(rand)}
	if k == nil {
		h.put(d)
		return d
	}
	h.flags = flagSealed
	d = append(d, make([]byte, tagSize)...)
	h.put(d)
	aead := k.fixed(d)
	aead.Seal(d[:headerSize], k.nonce[:], d[headerSize:len(d)-tagSize], d[:headerSize])
	return d
}

// open authenticates d, a datagram of no session, and returns its body, decrypted in place. Without a secret only what is
// not sealed is heard.
func (k *keyring) open(h header, d []byte) ([]byte, bool) {
	if sealed := h.flags&flagSealed != 0; sealed != (k != nil) {
		return nil, false
	} else if !sealed {
		return d[headerSize:], true
	}
	body, err := k.fixed(d).Open(d[headerSize:headerSize], k.nonce[:], d[headerSize:], d[:headerSize])
	return body, err == nil
}

// fixed returns the key of a datagram of no session and sets its nonce.
func (k *keyring) fixed(d []byte) cipher.AEAD {
	copy(k.nonce[:], d[12:24])
	if kind(d[4]) == kindHello {
		return k.asking
	}
	return k.answer
}

// session derives the keys of a session from the secret and what its two sides contribute: [0] seals what the listener
// sends, [1] what the replayer sends. private is one side's half of a key exchange (X25519 in RFC 7748), public the
// other's, so that who learns the secret later cannot read what was recorded (as a pre-shared key in Noise's psk patterns).
// What is recorded in one session cannot be opened in another, since all that both sides said goes in.
func (k *keyring) session(private *ecdh.PrivateKey, public *[32]byte, salt ...[]byte) (both [2]*sealer, err error) {
	other, err := ecdh.X25519().NewPublicKey(public[:])
	if err != nil {
		return both, err
	}
	shared, err := private.ECDH(other)
	if err != nil {
		return both, err
	}
	var all []byte
	for _, s := range salt {
		all = append(all, s...)
	}
	ikm := append(append([]byte(nil), k.secret...), shared...)
	defer clear(ikm)
	defer clear(shared)
	prk, err := hkdf.Extract(sha256.New, ikm, all)
	if err != nil {
		return both, err
	}
	defer clear(prk)
	for i, label := range []string{"gor 2 listener", "gor 2 replayer"} {
		chain, err := hkdf.Expand(sha256.New, prk, label, chainSize)
		if err != nil {
			return both, err
		}
		if both[i], err = newSealer(chain); err != nil {
			return both, err
		}
	}
	return both, nil
}
