package udpwire

import "encoding/binary"

// A welcome is the body of WELCOME, a replayer's response to HELLO.
type welcome struct {
	// asked is the HELLO's random.
	asked [32]byte

	// public is the replayer's half of what makes the session's keys; zeros without a secret.
	public [32]byte

	// session is the one to use from now on, never 0. It is the HELLO's current when the replayer still knows that.
	session uint64

	// instance tells replayers apart, and one from itself after a restart; it is never 0.
	instance uint64

	// window is how many bytes the replayer can take at once.
	window uint32

	// flags are what the listener should know of the replayer, such as welcomeResponses.
	flags uint8
}

// Flags of a welcome. Others are zero when sent and ignored when received.
const welcomeResponses = 1 << 0 // production's responses are wanted, and a request may say that one follows

// welcomeSize is the size of the body: two of 32 bytes, session, instance, window, the version chosen, flags, two zeros.
const welcomeSize = 32 + 32 + 8 + 8 + 4 + 4

// append appends the body to dst.
func (w *welcome) append(dst []byte) []byte {
	dst = append(append(dst, w.asked[:]...), w.public[:]...)
	dst = binary.BigEndian.AppendUint64(dst, w.session)
	dst = binary.BigEndian.AppendUint64(dst, w.instance)
	dst = binary.BigEndian.AppendUint32(dst, w.window)
	return append(dst, Version, w.flags, 0, 0)
}

// The accounts by which a replayer tells how it is with what it forwards to.
const (
	SelfTargets   = "targets"           // how many it has
	SelfUnreached = "targets_unreached" // how many of them were out of reach when they were last tried
)

// selfRoom is what a WELCOME may take, behind its body, to say what the replayer is, in bytes.
const selfRoom = statusRoom - welcomeSize

// parseSelf reads what a WELCOME with this body says behind it of the replayer; nil: nothing that can be read.
func parseSelf(b []byte) *Status {
	var s Status
	if len(b) <= welcomeSize || !s.parse(b[welcomeSize:]) {
		return nil
	}
	return &s
}

// parse reads the body and reports whether it is whole, in a version spoken here, and names a session and who gives it.
func (w *welcome) parse(b []byte) bool {
	if len(b) < welcomeSize || b[84] != Version {
		return false
	}
	w.asked, w.public = [32]byte(b), [32]byte(b[32:])
	w.session, w.instance = binary.BigEndian.Uint64(b[64:]), binary.BigEndian.Uint64(b[72:])
	w.window, w.flags = binary.BigEndian.Uint32(b[80:]), b[85]
	return w.session != 0 && w.instance != 0
}
