package reassembly

import (
	"math"

	"gor/reassembly/http1"
	"gor/reassembly/memory"
)

// A phase is what the next byte of a connection is to the reader of requests.
type phase uint8

const (
	hunting  phase = iota // part of something unknown: the next request begins with a segment
	between               // the first byte of a request, or an empty line before it
	inside                // part of the request in the connection's stream
	skipping              // one of the bytes that slab.skip counts, of a request whose fate is decided
	doubtful              // behind a message of which nobody can know where it ends
)

// What else a reading knows.
const (
	fresh    = 1 << iota // no byte was read yet: it may speak another protocol
	guessed              // the next request, or the one being read, stands where it was guessed that one begins
	awaiting             // a guess is whole, and waits for its proof
	upgraded             // the request before asked to speak another protocol
	proved               // a request of the connection was handed on
	doubted              // the guess stands behind a message of which nobody knew the end
	relayed              // a PROXY header has named the client: see slab.origin
)

// A reading is what the reader of requests remembers of a connection while no
// request is half read.
type reading struct {
	index uint32 // the number of the next request
	ack   seq    // what the client had acknowledged when the doubt, or the guess, began
	birth uint16 // with conn.first it tells the connection from others with the same addresses
	phase phase
	flags uint8
}

// newReading is that of a connection whose first data was seen at a time.
func newReading(time int64, joined bool) reading {
	r := reading{birth: birth(time), phase: between, flags: fresh}
	if joined {
		r.phase = hunting
	}
	return r
}

// begin makes a connection one whose beginning was seen after all.
func (r *reading) begin() {
	r.phase, r.flags = between, fresh
}

func (r *reading) has(flag uint8) bool { return r.flags&flag != 0 }

func (r *reading) isInside() bool { return r.phase == inside }

// isLost reports whether nobody knows where the next request begins.
func (r *reading) isLost() bool { return r.phase == hunting || r.phase == doubtful }

// isGuess reports whether what is read or held stands where it was guessed that a
// request begins.
func (r *reading) isGuess() bool { return r.flags&(guessed|awaiting) != 0 }

// lose is told that nobody knows any more where the next request begins.
func (r *reading) lose() {
	r.phase = hunting
	if r.has(doubted) {
		r.phase = doubtful
	}
	r.flags &^= fresh | upgraded | guessed | awaiting | doubted
}

// skipNext leaves out the next n bytes; left is where the connection counts them.
func (r *reading) skipNext(left *int64, n int64) {
	r.phase, *left = skipping, n
}

// skipped counts off n bytes that were left out.
func (r *reading) skipped(left *int64, n int64) {
	if *left -= n; *left == 0 {
		r.phase = between
	}
}

// proven reports whether it is known that the connection speaks HTTP/1.
func (r *reading) proven() bool { return r.has(proved) }

// nextIndex numbers a request. When the numbers are used up the connection
// counts as another one.
func (r *reading) nextIndex() uint64 {
	if r.index == math.MaxUint32 {
		r.index = 0
		r.birth++
	}
	r.index++
	return uint64(r.index - 1)
}

// birth mixes what the time of a connection's beginning has of its own.
func birth(time int64) uint16 {
	return uint16(fold(uint64(time)^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93) >> 16)
}

// A message is a request being read.
type message struct {
	http1.Message
	opening bool   // it is not known yet whether it is one: the connection's first bytes are being classified
	begun   bool   // it is in the accounts
	own     bool   // a replayer on this machine sends it
	discard bool   // its fate is decided: only its end is looked for
	opens   bool   // nothing came before it on its connection, whose beginning was seen
	at, ack seq    // where it begins, and what the client had acknowledged there
	rest    uint32 // ticks for which the client had sent nothing before it; 0: not known
	first   int64  // when the packet with its first byte was seen
	index   uint64 // its number, once it has begun
}

// A half is what a stream keeps for the reader of requests.
type half struct {
	msg   message
	buf   []byte // the request so far, from its first byte; nil where its fate is decided
	guess guess
}

// A guess is a whole request that stands where it was guessed that one begins.
// It is handed on when what follows proves it.
type guess struct {
	msg    message
	raw    []byte // nil: it is not whole yet
	last   int64  // when the packet that completed it was seen
	places places
}

// places are where segments began with a request line inside of a guess, or
// right behind it: if it fails, the search goes on at the first of them.
type places struct {
	n  int
	at [maxPlaces]int // bytes behind the guess's first, of those that were kept
}

// free gives the buffer of a request back.
func (h *half) free(p *memory.Pool) {
	p.Put(h.buf)
	h.buf = nil
}

// holds reports whether a guess waits for its proof.
func (h *half) holds() bool { return h.guess.raw != nil }
