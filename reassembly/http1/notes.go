package http1

import "math"

// notes are where the fields stand that say whose request it is. Head passes over
// the name of every field: whoever asks for one of these afterwards need not do so
// again.
type notes struct {
	at    [noted]uint16 // the first line of each kind, from the beginning of the field section
	found uint8         // which kinds there are
	again uint8         // which there are more than once
}

// farNote stands for a place that is too far behind the beginning to be noted: it
// has to be looked for. All heads but those that most servers refuse are shorter.
const farNote = math.MaxUint16

// take notes that a field of kind k begins at.
func (n *notes) take(k FieldKind, at int) {
	bit := uint8(1) << (k - firstNoted)
	n.again |= n.found & bit
	if n.found&bit == 0 {
		n.at[k-firstNoted] = uint16(min(at, farNote))
	}
	n.found |= bit
}

// First returns the first field of a kind that says whose message it is,
// FieldCookie to FieldUserAgent, with its line end and all continuation lines, and
// what may have others of the kind, for CutKind. It returns nil where there is
// none. b is the message, whose head is whole.
func First(m *Message, b []byte, k FieldKind) (line, rest []byte) {
	bit := uint8(1) << (k - firstNoted)
	if m.notes.found&bit == 0 {
		return nil, nil
	}
	at := m.notes.at[k-firstNoted]
	if at == farNote {
		return CutKind(m.Fields(b), k)
	}
	line, rest = CutField(m.Fields(b)[at:])
	if m.notes.again&bit == 0 {
		rest = nil
	}
	return line, rest
}

// CutKind cuts a field section behind the first field of a kind and returns that
// field; nil: there is none. It takes a name only where the colon follows it, as
// servers do that do not refuse the others (RFC 9112 section 5.1).
func CutKind(section []byte, k FieldKind) (line, rest []byte) {
	for line, rest = CutField(section); line != nil; line, rest = CutField(rest) {
		if n := TokenLen(line); n < len(line) && line[n] == ':' && kindOf(line[:n]) == k {
			break
		}
	}
	return line, rest
}
