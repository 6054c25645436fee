package reassembly

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"gor/capture"
)

// A Request is one whole HTTP/1 request, exactly as the server was sent it. It
// and its slices are lent to emit for the duration of the call.
type Request struct {
	Conn   uint64 // of its connection: well mixed, the same for the same input, another when the addresses are used again
	Index  uint64 // 0, 1, 2 … over all requests that began on the connection, dropped ones too
	Client capture.Endpoint
	Server capture.Endpoint
	First  int64 // when the packet with its first byte was seen, nanoseconds since the Unix epoch
	Last   int64 // when the packet that completed it was seen

	Raw       []byte // head and body as on the wire, chunk framing included, without empty lines before it
	Method    []byte // in Raw
	Target    []byte // in Raw
	Proto     []byte // in Raw: HTTP/1.0 or HTTP/1.1
	HeaderLen int    // bytes of Raw before the body
	BodyBytes int64  // of the body, without chunk framing

	clock clock
}

// AppendJSON appends the request as a JSON object and a newline. Bytes that
// are not UTF-8 become U+FFFD in method and target; raw holds the truth.
func (r *Request) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"time":"`...)
	dst = r.clock.append(dst, r.Last)
	dst = append(dst, `","client":"`...)
	dst = r.Client.AppendTo(dst)
	dst = append(dst, `","server":"`...)
	dst = r.Server.AppendTo(dst)
	dst = append(dst, `","method":`...)
	dst = appendString(dst, r.Method)
	dst = append(dst, `,"target":`...)
	dst = appendString(dst, r.Target)
	dst = append(dst, `,"proto":`...)
	dst = appendString(dst, r.Proto)
	dst = append(dst, `,"body_bytes":`...)
	dst = strconv.AppendInt(dst, r.BodyBytes, 10)
	dst = append(dst, `,"raw":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, r.Raw)
	return append(dst, '"', '}', '\n')
}

// AppendLine appends the request as one line for people: time, client, server,
// method, target, protocol, size. What could steer a terminal is escaped.
func (r *Request) AppendLine(dst []byte) []byte {
	dst = r.clock.append(dst, r.Last)
	dst = append(dst, ' ')
	dst = r.Client.AppendTo(dst)
	dst = append(dst, " > "...)
	dst = r.Server.AppendTo(dst)
	dst = append(append(dst, ' '), r.Method...) // a token
	dst = appendPrintable(append(dst, ' '), r.Target)
	dst = append(append(append(dst, ' '), r.Proto...), ' ')
	dst = strconv.AppendInt(dst, int64(len(r.Raw)), 10)
	return append(dst, " bytes\n"...)
}

// A clock writes times; it keeps the second that it wrote last.
type clock struct {
	sec  int64
	text []byte // 2006-01-02T15:04:05.
}

// append appends nanoseconds since the epoch as RFC 3339 in UTC with all nine
// digits.
func (k *clock) append(dst []byte, t int64) []byte {
	sec, nsec := t/1e9, t%1e9
	if nsec < 0 {
		sec, nsec = sec-1, nsec+1e9
	}
	if k.text == nil || k.sec != sec {
		k.sec, k.text = sec, appendSecond(k.text[:0], sec)
	}
	dst = append(dst, k.text...)
	high, low := uint32(nsec)/100_000, uint32(nsec)%100_000
	a, b, c, d, e := 2*(high/100), 2*(high%100), 2*(low/1000), low/10%100*2, byte(low%10)
	return append(dst, pairs[a], pairs[a+1], pairs[b], pairs[b+1], pairs[c], pairs[c+1], pairs[d], pairs[d+1], '0'+e, 'Z')
}

// pairs are the numbers from 00 to 99: digits are written two at a time.
const pairs = "0001020304050607080910111213141516171819" +
	"2021222324252627282930313233343536373839" +
	"4041424344454647484950515253545556575859" +
	"6061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"

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
		dst = append(dst, pairs[2*part.v:2*part.v+2]...)
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
		for n+8 <= len(s) && isPlain(le64(s[n:])) {
			n += 8
		}
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

// isPlain tells whether each of eight bytes is visible ASCII, and no backslash.
func isPlain(w uint64) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	backslash := w ^ '\\'*ones
	return (w|(w+ones)|(w-0x21*ones)|(backslash-ones))&tops == 0
}
