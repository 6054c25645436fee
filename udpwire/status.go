package udpwire

import (
	"encoding/binary"
	"slices"
)

// A Status is what a listener tells its replayers of itself, now and then, and a replayer whoever asks it for a session.
type Status struct {
	Version  string // of the program
	Host     string // the machine's name
	Accounts []Account
}

// An Account is one of the counters of whose Status it is, by the name it has there.
type Account struct {
	Name  string
	Value uint64
}

// Bounds of a STATUS, in bytes: what it says is shown to people and to their tools, whoever sent it.
const (
	statusRoom = maxControl - headerSize - tagSize // the body
	statusText = 64                                // the version, and the host's name
	statusName = 40                                // an account's name
)

// append appends the body to dst.
func (s *Status) append(dst []byte) []byte { return s.appendWithin(dst, statusRoom) }

// appendWithin appends the body to dst in so many bytes: as many of the accounts as fit, and texts cut to what they may
// have. There is to be room for both texts.
func (s *Status) appendWithin(dst []byte, room int) []byte {
	end := len(dst) + room
	dst = appendText(appendText(dst, s.Version, statusText), s.Host, statusText)
	count := len(dst)
	dst = append(dst, 0)
	for _, a := range s.Accounts {
		if len(dst)+1+min(len(a.Name), statusName)+8 > end || dst[count] == 255 {
			break
		}
		dst = binary.BigEndian.AppendUint64(appendText(dst, a.Name, statusName), a.Value)
		dst[count]++
	}
	return dst
}

// appendText appends a text behind its length, cut to most bytes; what is not printable in ASCII becomes a question mark.
func appendText(dst []byte, s string, most int) []byte {
	s = s[:min(len(s), most)]
	dst = append(dst, byte(len(s)))
	for i := range len(s) {
		c := s[i]
		if !printable(c) {
			c = '?'
		}
		dst = append(dst, c)
	}
	return dst
}

// printable reports whether a byte may stand in a text.
func printable(c byte) bool { return c >= ' ' && c <= '~' }

// parse reads the body and reports whether it is whole, and such as append makes. Of accounts with one name it takes the
// first.
func (s *Status) parse(b []byte) (ok bool) {
	if len(b) > maxControl-headerSize {
		return false
	}
	if s.Version, b, ok = parseText(b, statusText); !ok {
		return false
	}
	if s.Host, b, ok = parseText(b, statusText); !ok || len(b) == 0 {
		return false
	}
	count := int(b[0])
	b = b[1:]
	s.Accounts = s.Accounts[:0]
	for range count {
		var a Account
		if a.Name, b, ok = parseText(b, statusName); !ok || len(b) < 8 {
			return false
		}
		a.Value = binary.BigEndian.Uint64(b)
		b = b[8:]
		if !slices.ContainsFunc(s.Accounts, func(other Account) bool { return other.Name == a.Name }) {
			s.Accounts = append(s.Accounts, a) // tools take no two values of one name
		}
	}
	return true
}

// parseText reads a text of at most most bytes at the start of b and returns what follows.
func parseText(b []byte, most int) (s string, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > most || len(b) <= int(b[0]) {
		return "", nil, len(b) == 1 && b[0] == 0
	}
	n := 1 + int(b[0])
	for _, c := range b[1:n] {
		if !printable(c) {
			return "", nil, false
		}
	}
	return string(b[1:n]), b[n:], true
}

// An announcer tells a replayer what the listener is, when that is due. Times are in ns. The zero value has nothing to
// tell.
type announcer struct {
	body   []byte // The latest; nil: there is none yet.
	nextAt int64  // When it is due.
}

// statusEvery is how often a listener tells what it is.
const statusEvery = int64(5_000_000_000)

// due is when tick has something to do.
func (a *announcer) due() int64 {
	if a.body == nil {
		return never
	}
	return a.nextAt
}

// tick sends a STATUS in a session, if one is due.
func (a *announcer) tick(now int64, o *outbox) {
	if now >= a.due() {
		o.tx.control(&o.channel, kindStatus, append(o.tx.body(), a.body...))
		a.nextAt = now + statusEvery
	}
}
