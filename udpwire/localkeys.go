package udpwire

import (
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"time"
)

// localKeys are what a replayer makes its responses to HELLO from, so that it needs to keep nothing of who asks: the same
// question, repeated in the BEGIN, gives the same session and the same keys again. There is a new key each minute, and
// the one before it is still good. Nobody else knows them, and no file has them. Not safe for concurrent use.
type localKeys struct {
	rand func([]byte) // Fills with random bytes.
	keys [2]localKey  // The present one and the one before it.
}

// A localKey is one of a replayer's own keys. The zero value is none.
type localKey struct {
	born    int64            // When it was made, in ns; 0: there is none.
	mac     [32]byte         // What makes cookies and sessions that nobody can guess.
	private *ecdh.PrivateKey // The replayer's half of all key exchanges of that minute.
}

// How long a local key lives, in ns.
const (
	localFresh = int64(time.Minute) // used for new cookies and sessions
	localLife  = 2 * localFresh     // accepted
)

// turn makes a new key when the present one is old, and forgets those that have ended.
func (l *localKeys) turn(now int64) {
	for i := range l.keys {
		if k := &l.keys[i]; k.born != 0 && (now-k.born >= localLife || now < k.born) {
			*k = localKey{}
		}
	}
	if k := &l.keys[0]; k.born == 0 || now-k.born >= localFresh {
		l.keys[1] = *k
		*k = newLocalKey(now, l.rand)
	}
}

// forget ends all keys: what was made with them is worth nothing any more.
func (l *localKeys) forget() { l.keys = [2]localKey{} }

// newLocalKey makes a key.
func newLocalKey(now int64, rand func([]byte)) localKey {
	k := localKey{born: max(now, 1)}
	rand(k.mac[:])
	k.private = newPrivate(rand)
	return k
}

// newPrivate makes one side's half of a key exchange.
func newPrivate(rand func([]byte)) *ecdh.PrivateKey {
	var b [32]byte
	rand(b[:])
	defer clear(b[:])
	private, err := ecdh.X25519().NewPrivateKey(b[:])
	if err != nil {
		panic(err) // any 32 bytes are a key (RFC 7748 section 5)
	}
	return private
}

// sum is a number that only this replayer can make of its parts, each of which has a fixed length.
func (k *localKey) sum(label string, from source, parts ...[]byte) (sum [sha256.Size]byte) {
	m := hmac.New(sha256.New, k.mac[:])
	m.Write([]byte(label))
	addr := from.addr.Addr().As16()
	m.Write(addr[:])
	m.Write(binary.BigEndian.AppendUint16(nil, from.addr.Port()))
	for _, p := range parts {
		m.Write(p)
	}
	m.Sum(sum[:0])
	return sum
}

// cookie is what shows that somebody can be reached at an address.
func (k *localKey) cookie(from source) [16]byte {
	sum := k.sum("cookie", from)
	return [16]byte(sum[:])
}

// session is the number of the session that a HELLO from an address gets. It is never 0.
func (k *localKey) session(random, public *[32]byte, from source) uint64 {
	sum := k.sum("session", from, random[:], public[:])
	return max(binary.BigEndian.Uint64(sum[:]), 1)
}

// reached reports whether a cookie shows that somebody can be reached at an address.
func (l *localKeys) reached(cookie *[16]byte, from source) bool {
	for i := range l.keys {
		if k := &l.keys[i]; k.born != 0 {
			if right := k.cookie(from); subtle.ConstantTimeCompare(right[:], cookie[:]) == 1 {
				return true
			}
		}
	}
	return false
}

// maker returns the key that gave a session to a HELLO with random and public from an address; nil: none did.
func (l *localKeys) maker(session uint64, random, public *[32]byte, from source) *localKey {
	for i := range l.keys {
		if k := &l.keys[i]; k.born != 0 && k.session(random, public, from) == session {
			return k
		}
	}
	return nil
}
