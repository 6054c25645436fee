package reassembly

import (
	"gor/capture"
	"gor/reassembly/http1"
)

// A Request is one whole HTTP/1 request, exactly as the server was sent it. It
// and its slices are lent to emit for the duration of the call.
type Request struct {
	Index  uint64 // 0, 1, 2 … over all requests that began on the connection, dropped ones too
	Client capture.Endpoint
	Server capture.Endpoint
	First  int64 // when the packet with its first byte was seen, nanoseconds since the Unix epoch
	Last   int64 // when the packet that completed it was seen

	// --- where it stands on its connection

	Seq, End uint32 // the sequence numbers of its first byte, and behind its last
	Ack      uint32 // what the client had acknowledged when it sent the first byte: the server's answer begins there, or behind
	Rest     int64  // nanoseconds for which the client had sent nothing before it; 0: it had, or nobody knows
	Opens    bool   // it is the first of a connection whose beginning was seen, and nothing is missing before it
	Answered bool   // its answer is looked for: who takes the answers is told of it, or that it cannot be had

	// --- what it says, and whose it is

	Raw []byte // head and body as on the wire, chunk framing included, without empty lines before it

	head   *http1.Message    // what was read of Raw
	birth  uint64            // of its connection
	origin *capture.Endpoint // whom a PROXY header names as the client; nil: nobody
	listed *Listed           // what a list says of it; nil: it came in packets
	whose  whose
}

// A whose is whose request it is, as far as somebody has found out.
type whose struct {
	user         uint64
	crowd, known bool
}

// HeadLen is the length in bytes of Raw before the body.
func (r *Request) HeadLen() int { return r.head.HeadLen }

// BodyLen is the length in bytes of the body, without chunk framing.
func (r *Request) BodyLen() int64 { return r.head.BodyLen }

// Line is the request line, in Raw, without its line end.
func (r *Request) Line() []byte { return r.head.Line(r.Raw) }

// Method is in Raw, and a token.
func (r *Request) Method() []byte { return r.head.Method(r.Raw) }

// Target is in Raw.
func (r *Request) Target() []byte { return r.head.Target(r.Raw) }

// Proto is in Raw: HTTP/1.0 or HTTP/1.1.
func (r *Request) Proto() []byte { return r.head.Proto(r.Raw) }

// Listed reports whether it came whole, in a list of requests, and not in packets.
func (r *Request) Listed() bool { return r.listed != nil }

// Head is what was read of Raw.
func (r *Request) Head() *http1.Message { return r.head }

// Fields is in Raw: the head's field section, for http1.AppendFields.
func (r *Request) Fields() []byte { return r.head.Fields(r.Raw) }

// Conn is the number of the request's connection: well mixed, the same for the
// same input, another when the addresses are used again.
func (r *Request) Conn() uint64 {
	if r.listed != nil {
		return r.listed.Conn
	}
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := fold(le64(r.Client.Addr[:8])^k0, le64(r.Client.Addr[8:])^k1)
	h = fold(h^le64(r.Server.Addr[:8])^k1, le64(r.Server.Addr[8:])^k0)
	h = fold(h^r.birth^k0, uint64(r.Client.Port)<<16^uint64(r.Server.Port)^k1)
	h ^= h >> 32
	h *= k1
	return h ^ h>>29
}

// User is the number of the request's user: of its connection, where no other is
// known.
func (r *Request) User() uint64 {
	switch {
	case r.whose.known:
		return r.whose.user
	case r.listed != nil:
		return r.listed.User
	}
	return r.Conn()
}

// NamedUser is the number of the user that a list names; false: it names none but the
// connection.
func (r *Request) NamedUser() (uint64, bool) {
	if r.listed == nil || r.listed.User == r.listed.Conn {
		return 0, false
	}
	return r.listed.User, true
}

// Crowd reports whether the user is that of many people: then only the requests of
// one connection have an order.
func (r *Request) Crowd() bool { return r.whose.crowd }

// Origin is the client that the request comes from: whom a PROXY header names, or
// else Client.
func (r *Request) Origin() *capture.Endpoint {
	if r.origin != nil {
		return r.origin
	}
	return &r.Client
}

// SetUser says whose request it is.
func (r *Request) SetUser(user uint64, crowd bool) { r.whose = whose{user, crowd, true} }
