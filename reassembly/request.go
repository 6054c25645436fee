package reassembly

import "gor/capture"

// A Request is one whole HTTP/1 request, exactly as the server was sent it. It
// and its slices are lent to emit for the duration of the call.
type Request struct {
	Index  uint64 // 0, 1, 2 … over all requests that began on the connection, dropped ones too
	Client capture.Endpoint
	Server capture.Endpoint
	First  int64 // when the packet with its first byte was seen, nanoseconds since the Unix epoch
	Last   int64 // when the packet that completed it was seen

	Raw       []byte // head and body as on the wire, chunk framing included, without empty lines before it
	HeaderLen int    // bytes of Raw before the body
	BodyBytes int64  // of the body, without chunk framing

	method int    // where it ends in Raw
	target int    // likewise
	proto  int    // likewise
	birth  uint64 // of its connection
}

// Line is the request line, in Raw: Method, Target and Proto with a space
// between them.
func (r *Request) Line() []byte { return r.Raw[:r.proto] }

// Method is in Raw, and a token.
func (r *Request) Method() []byte { return r.Raw[:r.method] }

// Target is in Raw.
func (r *Request) Target() []byte { return r.Raw[r.method+1 : r.target] }

// Proto is in Raw: HTTP/1.0 or HTTP/1.1.
func (r *Request) Proto() []byte { return r.Raw[r.target+1 : r.proto] }

// Conn is the number of the request's connection: well mixed, the same for the
// same input, another when the addresses are used again.
func (r *Request) Conn() uint64 {
	const k0, k1 = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93
	h := fold(le64(r.Client.Addr[:8])^k0, le64(r.Client.Addr[8:])^k1)
	h = fold(h^le64(r.Server.Addr[:8])^k1, le64(r.Server.Addr[8:])^k0)
	h = fold(h^r.birth^k0, uint64(r.Client.Port)<<16^uint64(r.Server.Port)^k1)
	h ^= h >> 32
	h *= k1
	return h ^ h>>29
}
