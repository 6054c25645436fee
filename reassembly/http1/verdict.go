package http1

// A Verdict is what the reader says about the bytes it was given.
type Verdict uint8

// The verdicts. After NotHTTP, Malformed and Unsupported the message is void:
// nothing in the stream behind it can be found by reading on.
const (
	// More says that all bytes given belong to the message, which goes on
	// behind them.
	More Verdict = iota
	// Whole says that the part asked for, head or body, is there to its end.
	Whole
	// NotHTTP says that the bytes begin with no start line: whatever they are,
	// they are no HTTP/1 message.
	NotHTTP
	// Malformed says that nobody can know where the message ends, because two
	// readers that both follow custom could disagree. Message.Reason says why.
	Malformed
	// Unsupported says that the message is valid, but in a dialect or a coding
	// that is not read here. Message.Reason says which.
	Unsupported
)

// String returns the verdict in lower case, as in "malformed".
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return "unknown verdict"
}

var verdictNames = [...]string{
	More:        "more",
	Whole:       "whole",
	NotHTTP:     "not HTTP",
	Malformed:   "malformed",
	Unsupported: "unsupported",
}

// A Reason says why a message is Malformed, Unsupported or NotHTTP.
type Reason uint8

// The reasons. Sections are RFC 9112's.
const (
	ReasonNone             Reason = iota
	ReasonStartLine               // section 3 or 4: no start line, or one whose parts cannot be told apart
	ReasonVersion                 // section 2.3: HTTP/0.9, HTTP/2.0, ...
	ReasonBareCR                  // section 2.2: a CR that no LF follows, which some readers take for a line end
	ReasonNUL                     // a NUL, behind which some servers read nothing
	ReasonLength                  // section 6.2: a Content-Length that is no number up to 2^63-1
	ReasonTwoLengths              // section 6.3: lengths that differ
	ReasonLengthAndChunked        // section 6.1: both Content-Length and Transfer-Encoding
	ReasonCoding                  // section 6.1: a transfer coding that is not chunked alone
	ReasonOldChunked              // section 6.1: Transfer-Encoding in HTTP/1.0
	ReasonFoldedFraming           // section 5.2: a continuation line behind Content-Length or Transfer-Encoding
	ReasonLooksLikeFraming        // section 5.1: a name that some readers take for Content-Length or Transfer-Encoding
	ReasonChunkSize               // section 7.1: a chunk without a size, or with one beyond 2^63-1
	ReasonChunkLine               // section 7.1: a line of the chunked coding that does not end in CR LF, or holds a NUL
	ReasonChunkEnd                // section 7.1: no CR LF behind the data of a chunk
)

// String returns a short English phrase, as in "two lengths that differ".
func (r Reason) String() string {
	if int(r) < len(reasonPhrases) {
		return reasonPhrases[r]
	}
	return "unknown reason"
}

var reasonPhrases = [...]string{
	ReasonNone:             "no reason",
	ReasonStartLine:        "bad start line",
	ReasonVersion:          "another version of HTTP",
	ReasonBareCR:           "carriage return inside a line",
	ReasonNUL:              "NUL in the head",
	ReasonLength:           "bad Content-Length",
	ReasonTwoLengths:       "two lengths that differ",
	ReasonLengthAndChunked: "Content-Length and Transfer-Encoding",
	ReasonCoding:           "transfer coding other than chunked",
	ReasonOldChunked:       "Transfer-Encoding in HTTP/1.0",
	ReasonFoldedFraming:    "folded Content-Length or Transfer-Encoding",
	ReasonLooksLikeFraming: "field that looks like Content-Length or Transfer-Encoding",
	ReasonChunkSize:        "bad chunk size",
	ReasonChunkLine:        "bad line end or NUL in the chunked coding",
	ReasonChunkEnd:         "chunk longer than its size",
}
