package sessions

import (
	"bytes"
	"strings"
)

// A Cookie is what an answer does with one cookie.
type Cookie struct {
	Pair     string // NAME=VALUE, as a client sends it back; "": the answer does nothing with it
	Gone     bool   // it is taken back
	HTTPOnly bool   // it is not for scripts
}

// Sets reports whether the client has it from now on.
func (c *Cookie) Sets() bool { return c.Pair != "" && !c.Gone }

// A Grant is what production's answer and the target's do with one cookie.
type Grant struct {
	Name      string // that production knows it by; the target's name for it, where only the target names it
	Then, Now Cookie
}

// maxPair is the longest cookie that a client has to keep (RFC 6265 section 6.1).
const maxPair = 4096

// canSend reports whether a cookie that the target set can stand in a request.
func canSend(pair string) bool {
	return len(pair) <= maxPair && !strings.ContainsFunc(pair, func(c rune) bool { return c < ' ' || c == 0x7f || c == ';' })
}

// nameOf is a cookie's name.
func nameOf[text string | []byte](pair text) text {
	for i := range len(pair) {
		if pair[i] == '=' {
			return pair[:i]
		}
	}
	return pair[:0]
}

// next takes the first cookie out of a Cookie field (RFC 6265 section 4.2.1): what stands
// before it, blanks, and behind it up to the next, and what follows.
func next(value []byte) (before, pair, behind, rest []byte) {
	end := bytes.IndexByte(value, ';')
	if end < 0 {
		end = len(value)
	}
	whole := value[:min(end+1, len(value))]
	pair = bytes.TrimLeft(value[:end], " \t")
	from := end - len(pair)
	pair = bytes.TrimRight(pair, " \t")
	return whole[:from], pair, whole[from+len(pair):], value[len(whole):]
}
