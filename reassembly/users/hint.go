package users

import (
	"bytes"
	"log/slog"

	"gor/reassembly/http1"
)

const (
	maxName    = 64 // the longest name of a cookie that is suggested
	hintNames  = 8  // how many names are looked at
	hintValues = 512

	// A cookie is suggested when it was seen in so many requests, with so many
	// values, and so often with one that had been seen before.
	hintSeen     = 50
	hintDistinct = 5
	hintRepeated = 10

	// Where so many requests have not shown one, only each hintEvery-th is looked at.
	hintEager = 10_000
	hintEvery = 16
)

// A candidate is a cookie that looks like a session's.
type candidate struct {
	name                     string
	seen, distinct, repeated int
	values                   [hintValues]uint32 // parts of the values' hashes, each at a place that the hash says
}

// hints find a cookie that looks like a session's where no framework's was found,
// and suggest it once. It is not used, as nobody here can know whether its value
// stays the same.
type hints struct {
	log        *slog.Logger
	closed     bool // there is nothing to suggest any more
	looked     int  // requests that look was called with
	candidates []*candidate
}

// look looks at the cookies of a request.
func (h *hints) look(m *http1.Message, raw []byte, key hashKey) {
	if h.looked++; h.looked > hintEager && h.looked%hintEvery != 0 {
		return
	}
	line, rest := http1.First(m, raw, http1.FieldCookie)
	for ; line != nil && !h.closed; line, rest = http1.CutKind(rest, http1.FieldCookie) {
		list := http1.ParseField(line).Value
		for len(list) > 0 && !h.closed {
			var name, value []byte
			if name, value, list = cutCookie(list); mayBeSession(name, value) {
				h.see(name, key.sum(0, value))
			}
		}
	}
}

// see takes note of a cookie's value.
func (h *hints) see(name []byte, value uint64) {
	c := h.candidate(name)
	if c == nil {
		return
	}
	c.seen++
	place, tag := &c.values[value%hintValues], uint32(value>>32)|1
	switch *place {
	case tag:
		c.repeated++
	case 0:
		c.distinct++
	}
	*place = tag
	if c.seen >= hintSeen && c.distinct >= hintDistinct && c.repeated >= hintRepeated {
		h.log.Info("a cookie looks like a session's: if its value stays the same as long as the session, know the users by it", "flag", "--session cookie:"+c.name)
		h.closed, h.candidates = true, nil
	}
}

// candidate is that of a name; nil: there are enough others.
func (h *hints) candidate(name []byte) *candidate {
	for _, c := range h.candidates {
		if string(name) == c.name {
			return c
		}
	}
	if len(h.candidates) == hintNames {
		return nil
	}
	c := &candidate{name: string(name)}
	h.candidates = append(h.candidates, c)
	return c
}

// mayBeSession reports whether a cookie is named like a session's and has a value
// like the number of one: not the session itself, as which sealed ones look (a JSON
// text in Base64, or two parts with "--" between), since those change with it.
func mayBeSession(name, value []byte) bool {
	if len(value) < 16 || len(value) > 128 || len(name) > maxName || !http1.IsToken(name) {
		return false
	}
	if !contains(name, "sess") && !contains(name, "sid") && !contains(name, "auth") && !contains(name, "login") && !contains(name, "token") {
		return false
	}
	return !contains(name, "csrf") && !contains(name, "xsrf") && !bytes.HasPrefix(value, []byte("eyJ")) && !bytes.Contains(value, []byte("--"))
}

// contains reports whether name has word, which is in small letters, in any case.
func contains(name []byte, word string) bool {
	for i := 0; i+len(word) <= len(name); i++ {
		if http1.EqualFold(name[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
