package http1

// A Message is the state of reading one message. The zero value reads a request,
// and Response returns one that reads a response. It is a plain value that holds
// none of the message's bytes and may be copied and compared. The caller keeps
// the bytes of the head until it is whole, and bounds their number, which has to
// stay below 2 GiB.
type Message struct {
	// What the message says. All but BodyLen is complete once Head returned Whole.

	// HeadLen is the length of the head in bytes, the blank line included.
	HeadLen int
	// Status is a response's status code, 100 to 999.
	Status int
	// BodyLen is how many bytes of content were read or lost so far. The framing
	// of the chunked coding is not counted.
	BodyLen int64
	// Chunked says that the body is in the chunked coding.
	Chunked bool
	// Upgrade says that there is an Upgrade field: if the server agrees, what
	// follows is not HTTP/1.
	Upgrade bool
	// Tunnel says that what follows a response's head is not HTTP/1: it is a 101,
	// or a 2xx to CONNECT.
	Tunnel bool
	// Watched says that there is a field of the name that Head watches for.
	Watched bool
	// HTTP10 says that the version is HTTP/1.0.
	HTTP10 bool
	// Odd says that the head breaks RFC 9112 in a way that leaves the end of the
	// message clear. Such a message is handed on exactly as it is; but servers
	// differ in what they make of it, and some close the connection, so that
	// nothing else should be sent there.
	Odd bool
	// Reason says why Head or Body returned something else than More and Whole.
	Reason Reason

	// Where reading is.

	progress
	// to is what a response is the response to.
	to answered
	// hasLength says that there was a Content-Length. need is its value as long
	// as the head is read.
	hasLength bool
	// head is 0 again once the head is whole.
	head headState
	// first is where the field section begins.
	first int32
	notes notes
}

// A headState is the state of reading a head.
type headState struct {
	// line is where the unfinished line begins, and scanned where to go on
	// looking for its end.
	line, scanned int32
	// hasHost says that there was a Host: a second one makes the head odd.
	hasHost bool
	// framing says that the line before is Content-Length or Transfer-Encoding.
	framing bool
}

// A progress is how far the reading of a message has come.
type progress struct {
	// need is how many bytes of the body, or of the chunk, are left.
	need int64
	// state is what comes next.
	state state
}

// The states of a message, in the order in which it goes through them.
type state uint8

const (
	inLine      state = iota // in the start line
	inFields                 // in the field section
	inLength                 // in a body of known length
	inClose                  // in a body that ends with the connection
	inSize                   // before a chunk's size
	inDigits                 // in it
	inSizeEnd                // in the blanks behind the size
	inExtension              // in a chunk's extensions
	inSizeLF                 // before the LF of a chunk's first line
	inData                   // in a chunk's data: need bytes are left
	inDataCR                 // before the CR behind the data
	inDataLF                 // before the LF behind the data
	inTrailers               // at the beginning of a trailer line, or of the last line
	inTrailer                // in a trailer line
	inTrailerLF              // before the LF of a trailer line
	inLastLF                 // before the LF that ends the message
	ended                    // behind the end of a chunked body
)

// What a response is the response to, as far as its body depends on it.
type answered uint8

const (
	toRequest answered = iota // no response at all
	toAny
	toHEAD
	toCONNECT
)

// Response returns a message that reads the response to a request of this
// method: a response to HEAD has no body, and a 2xx to CONNECT opens a tunnel
// (RFC 9112 section 6.3).
func Response(toMethod string) Message {
	switch toMethod {
	case "HEAD":
		return Message{to: toHEAD}
	case "CONNECT":
		return Message{to: toCONNECT}
	}
	return Message{to: toAny}
}

// InLine reports whether the start line is not whole yet: until it is, nobody
// knows that this is a message.
func (m *Message) InLine() bool { return m.state == inLine }

// InHead reports whether the head is not whole yet.
func (m *Message) InHead() bool { return m.state <= inFields }
