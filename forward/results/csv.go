package results

import (
	"bufio"
	"strconv"
	"sync"
	"time"

	"gor/forward"
)

const csvHead = "target,conn,index,recorded,method,path,due,started,latency,service,late_target,late_limit,late_gor,status,failure\n"

// A csvLog writes a line for each request. Any number of goroutines may use it; its
// first error is kept.
type csvLog struct {
	mu      sync.Mutex
	out     *bufio.Writer // remembers its first error
	line    []byte
	names   []string // of the targets
	started time.Duration
}

func (l *csvLog) take(o *forward.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := appendCell(l.line[:0], l.names[o.Target])
	b = append(b, ',')
	b = strconv.AppendUint(b, o.Conn, 16)
	b = append(b, ',')
	b = strconv.AppendUint(b, o.Index, 10)
	b = append(b, ',')
	if o.Time != 0 {
		b = time.Unix(0, o.Time).UTC().AppendFormat(b, time.RFC3339Nano)
	}
	b = append(b, ',')
	b = appendCell(b, o.Method)
	b = append(b, ',')
	b = appendCell(b, o.Path)
	for _, d := range []time.Duration{
		o.Due - l.started, o.Started - l.started, o.Latency(), o.Service(), o.Late.Target, o.Late.Limit, o.Late.Own,
	} {
		b = append(b, ',')
		b = strconv.AppendFloat(b, d.Seconds(), 'f', 6, 64)
	}
	b = append(b, ',')
	if o.Status != 0 {
		b = strconv.AppendInt(b, int64(o.Status), 10)
		b = append(b, ',')
	} else {
		b = append(b, ',')
		b = append(b, o.Failure.String()...)
	}
	l.line = append(b, '\n')
	l.out.Write(l.line)
}

// appendCell appends a text between quotes, of which those within are doubled
// (RFC 4180). Control characters, which some readers end a line at, and bytes above
// 0x7f are percent-encoded.
func appendCell[T string | []byte](dst []byte, s T) []byte {
	const digits = "0123456789ABCDEF"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			dst = append(dst, '"', '"')
		case c < ' ' || c >= 0x7f:
			dst = append(dst, '%', digits[c>>4], digits[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
