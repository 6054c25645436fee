package reassembly

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strconv"
	"unicode/utf8"

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

	Raw []byte // head and body as on the wire, chunk framing included, without empty lines before it

	head    http1.Message
	birth   uint64 // of its connection
	printed printed
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

// AppendJSON appends the request as a JSON object and a newline. Bytes that
// are not UTF-8 become U+FFFD in method and target; raw holds the truth.
func (r *Request) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = r.printed.appendTime(dst, r.Last)
	dst = append(dst, `","client":"`...)
	dst = r.Client.AppendTo(dst)
	dst = append(dst, `","server":"`...)
	dst = r.printed.appendServer(dst, &r.Server)
	dst = append(dst, `","method":`...)
	dst = appendString(dst, r.Method())
	dst = append(dst, `,"target":`...)
	dst = appendString(dst, r.Target())
	dst = append(dst, `,"proto":`...)
	dst = appendString(dst, r.Proto())
	dst = append(dst, `,"body_bytes":`...)
	dst = strconv.AppendInt(dst, r.BodyLen(), 10)
	dst = append(dst, `,"raw":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, r.Raw)
	return append(dst, '"', '}', '\n')
}

// AppendLine appends the request as one line for people: time, client, server,
// method, target, protocol, size. What could steer a terminal is escaped.
func (r *Request) AppendLine(dst []byte) []byte {
	dst = slices.Grow(dst, 256)
	dst = r.printed.appendTime(dst, r.Last)
	dst = append(dst, ' ')
	dst = r.Client.AppendTo(dst)
	dst = append(dst, " > "...)
	dst = r.printed.appendServer(dst, &r.Server)
	dst = append(dst, ' ')
	dst = append(append(dst, r.Method()...), ' ')
	if target := r.Target(); isPrintable(target) {
		dst = append(dst, target...)
	} else {
		dst = appendPrintable(dst, target)
	}
	dst = append(append(dst, ' '), r.Proto()...)
	dst = append(dst, ' ')
	if n := len(r.Raw); n >= 100 && n < 1000 { // most are
		dst = binary.LittleEndian.AppendUint16(append(dst, '0'+byte(n/100)), pairs[n%100])
	} else {
		dst = strconv.AppendInt(dst, int64(n), 10)
	}
	return append(dst, " bytes\n"...)
}

// printed keeps what is likely to be printed again.
type printed struct {
	from   int64                             // nanoseconds since the epoch, a whole second
	second [len("2006-01-02T15:04:05.")]byte // from, unless it is empty
	server capture.Endpoint
	name   []byte // of server, unless it is empty
}

// appendServer appends e, which is often the same.
func (p *printed) appendServer(dst []byte, e *capture.Endpoint) []byte {
	if len(p.name) == 0 || p.server != *e {
		p.server, p.name = *e, e.AppendTo(p.name[:0])
	}
	return append(dst, p.name...)
}

// appendTime appends nanoseconds since the epoch as RFC 3339 in UTC with all
// nine digits.
func (p *printed) appendTime(dst []byte, t int64) []byte {
	rest := uint64(t - p.from)
	if rest >= 1e9 || p.second[0] == 0 {
		sec := t / 1e9
		if t%1e9 < 0 {
			sec--
		}
		p.from, rest = sec*1e9, uint64(t-sec*1e9)
		appendSecond(p.second[:0], sec)
	}
	high, low := uint32(rest)/100_000, uint32(rest)%100_000
	const size = len("2006-01-02T15:04:05.000000000Z")
	dst = slices.Grow(dst, size)[:len(dst)+size]
	to := (*[size]byte)(dst[len(dst)-size:])
	*(*[len(p.second)]byte)(to[:]) = p.second
	binary.LittleEndian.PutUint16(to[20:], pairs[high/100])
	binary.LittleEndian.PutUint16(to[22:], pairs[high%100])
	binary.LittleEndian.PutUint16(to[24:], pairs[low/1000])
	binary.LittleEndian.PutUint16(to[26:], pairs[low/10%100])
	to[28], to[29] = '0'+byte(low%10), 'Z'
	return dst
}

// pairs are the numbers from 00 to 99, first digit lowest: digits are written
// two at a time.
var pairs = func() (t [100]uint16) {
	for v := range t {
		t[v] = uint16('0'+v/10) | uint16('0'+v%10)<<8
	}
	return t
}()

// appendSecond appends the time up to the point before the nanoseconds. The
// calendar follows from counting days in 400-year eras of 146,097 days that
// begin on 1 March, when a leap day is a year's last.
func appendSecond(dst []byte, sec int64) []byte {
	const day = 86400
	days, rest := sec/day, sec%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	days += 719468 // from 0000-03-01 to 1970-01-01
	era, doe := days/146097, days%146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	year, month := yoe+era*400, mp+3
	if month > 12 {
		year, month = year+1, month-12
	}
	for _, part := range [...]struct {
		v   int64
		end byte
	}{{year / 100, 0}, {year % 100, '-'}, {month, '-'}, {doy - (153*mp+2)/5 + 1, 'T'}, {rest / 3600, ':'}, {rest / 60 % 60, ':'}, {rest % 60, '.'}} {
		dst = binary.LittleEndian.AppendUint16(dst, pairs[part.v])
		if part.end != 0 {
			dst = append(dst, part.end)
		}
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string (RFC 8259 §7).
func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	plain := 0 // s[plain:i] needs no escape
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c < 0x7f && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, n := utf8.DecodeRune(s[i:]); r != utf8.RuneError || n > 1 {
				i += n
				continue
			}
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c >= utf8.RuneSelf:
			dst = append(dst, `\ufffd`...)
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		plain = i
	}
	dst = append(dst, s[plain:]...)
	return append(dst, '"')
}

// appendPrintable appends s with every byte that is not visible ASCII as \xNN,
// and the backslash doubled, so that the line can be read back.
func appendPrintable(dst, s []byte) []byte {
	for len(s) > 0 {
		n := 0
		for n < len(s) && s[n] > 0x20 && s[n] < 0x7f && s[n] != '\\' {
			n++
		}
		dst = append(dst, s[:n]...)
		if s = s[n:]; len(s) == 0 {
			break
		}
		if c := s[0]; c == '\\' {
			dst = append(dst, '\\', '\\')
		} else {
			dst = append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
		s = s[1:]
	}
	return dst
}

// isPrintable tells whether appendPrintable appends s as it is. It looks eight
// bytes at a time, at some of the last ones twice.
func isPrintable(s []byte) bool {
	n := len(s) - 8
	if n < 0 {
		word := [8]byte{'/', '/', '/', '/', '/', '/', '/', '/'}
		copy(word[:], s)
		return len(s) > 0 && isPlain(le64(word[:]))
	}
	for i := 0; i < n; i += 8 {
		if !isPlain(le64(s[i:])) {
			return false
		}
	}
	return isPlain(le64(s[n:]))
}

// isPlain tells whether each of eight bytes is visible ASCII, and no backslash.
func isPlain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	backslash := w ^ '\\'*ones
	return (w|(w+ones)|(w-0x21*ones)|(backslash-ones))&tops == 0
}
