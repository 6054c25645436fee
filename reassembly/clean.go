package reassembly

import (
	"bytes"
	"math/bits"
)

// maxAgain is how much of an unfinished line is read again when more of it has
// come. What is longer is read on where it was left.
const maxAgain = 1 << 10

// A headScan looks for what is out of the ordinary in the lines of a head, 64
// bytes at a time: bit i of a word is for byte i.
type headScan struct {
	length uint64 // of the mark's name, less than 64

	// Of the last block.
	feeds uint64 // LF
	//lint:ignore U1000 scanHead goes on with it
	returns uint64 // CR
	//lint:ignore U1000 scanHead goes on with it
	begins uint64 // first bytes of lines, but not of the request line
	//lint:ignore U1000 scanHead goes on with it
	run  uint64 // 1: it ends inside a field name
	last uint64 // where the empty line begins, and perhaps what is behind it
	stop uint64 // last, and what is wrong before it

	block int                // blocks looked at since it was set to 0
	any   uint64             // all of names
	names [scanBlocks]uint64 // per block: colons behind names of the lengths that matter
}

const scanBlocks = 8 // at a time

// cleanLines reads lines of a head in which nothing is out of the ordinary, as
// nearly all are: they end in CR LF, none is folded, each field has a name and
// a colon. It goes by the bits of many bytes at a time, and looks at single
// lines only where it has to; what it returns, and leaves in m, is what readLines
// gives. If ok is false it has done nothing.
func (m *message) cleanLines(b []byte, mark string) (out outcome, ok bool) {
	if !canScanHeads() || m.scanned-m.line > maxAgain || len(mark) >= 64 {
		return 0, false
	}
	n := len(b)
	if n > 0 && b[n-1] == '\r' {
		n-- // its LF is still to come
	}
	s := headScan{length: uint64(len(mark))}
	if m.state == stateFields {
		s.feeds = 1 << 63 // the block before ended with the line before
	}
	var noted [4]int // where the names that matter end
	names := noted[:0]
	for at := m.line; at < n; at += 64 * scanBlocks {
		s.scan(b[:n], at)
		if s.any != 0 {
			if names = s.note(names, b, at, mark); len(names) == cap(names) {
				return 0, false
			}
		}
		if s.stop != 0 {
			end := at + 64*s.block - 64 + bits.TrailingZeros64(s.stop)
			if s.stop != s.last || b[end+1] != '\n' {
				return 0, false
			}
			if out := m.takeLines(b[:end], names, mark); out != done {
				return out, true
			}
			m.header = end + 2
			return m.frame(), true
		}
	}
	whole := m.line + bytes.LastIndexByte(b[m.line:n], '\n') + 1 // the lines that are
	for len(names) > 0 && names[len(names)-1] >= whole {
		names = names[:len(names)-1]
	}
	if whole > m.line {
		if out := m.takeLines(b[:whole], names, mark); out != done {
			return out, true
		}
	} else if m.state == stateLine {
		return 0, false
	}
	m.line, m.scanned = whole, n
	return more, true
}

// scan scans some blocks of b from at on.
func (s *headScan) scan(b []byte, at int) {
	s.block, s.any = 0, 0
	if len(b) >= 64 {
		scanHead(s, b[at:])
		return
	}
	block := padding // as if a word went on
	copy(block[:], b[at:])
	scanHead(s, block[:])
}

var padding = [64]byte(bytes.Repeat([]byte{'x'}, 64))

// note appends where names that matter end in the blocks from at on; what has
// no room in names is left out.
func (s *headScan) note(names []int, b []byte, at int, mark string) []int {
	for k := range s.names[:s.block] {
		for ; s.names[k] != 0; s.names[k] &= s.names[k] - 1 {
			end := at + 64*k + bits.TrailingZeros64(s.names[k])
			if matters(b[:end], mark) && len(names) < cap(names) {
				names = append(names, end)
			}
		}
	}
	return names
}

// matters tells whether b ends with a line that is so far one of the names
// which say where a request ends or what becomes of it.
func matters(b []byte, mark string) bool {
	for _, name := range [...]string{"content-length", "transfer-encoding", "upgrade", mark} {
		if n := len(b) - len(name); n > 0 && b[n-1] == '\n' && equalFold(b[n:], name) {
			return true
		}
	}
	return false
}

// takeLines takes from clean lines what matters: the request line, unless it
// was read before, and the fields whose names end at names.
func (m *message) takeLines(b []byte, names []int, mark string) outcome {
	if m.state == stateLine {
		if out := m.requestLine(b[:bytes.IndexByte(b, '\r')]); out != done {
			return out
		}
		m.state = stateFields
	}
	m.framing = false
	for _, end := range names {
		begin := bytes.LastIndexByte(b[:end], '\n') + 1
		end += bytes.IndexByte(b[end:], '\r')
		if out := m.field(b[begin:end], mark); out != done {
			return out
		}
		m.framing = m.framing && end+len("\r\n") == len(b)
	}
	return done
}
