package sniffer

import (
	"encoding/binary"
	"slices"
)

// A clock prints times. It keeps the second printed last, which the next time
// is likely to share.
type clock struct {
	from   int64                             // nanoseconds since the epoch, a whole second
	second [len("2006-01-02T15:04:05.")]byte // from, unless it is empty
}

// appendTime appends nanoseconds since the epoch as RFC 3339 in UTC with all
// nine digits.
func (c *clock) appendTime(dst []byte, t int64) []byte {
	rest := uint64(t - c.from)
	if rest >= 1e9 || c.second[0] == 0 {
		sec := t / 1e9
		if t%1e9 < 0 {
			sec--
		}
		c.from, rest = sec*1e9, uint64(t-sec*1e9)
		appendSecond(c.second[:0], sec)
	}
	high, low := uint32(rest)/100_000, uint32(rest)%100_000
	const size = len("2006-01-02T15:04:05.000000000Z")
	dst = slices.Grow(dst, size)[:len(dst)+size]
	to := (*[size]byte)(dst[len(dst)-size:])
	*(*[len(c.second)]byte)(to[:]) = c.second
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
