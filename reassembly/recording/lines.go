package recording

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"gor/capture"
	"gor/reassembly"
)

// linesBuffer is how much is read at a time.
const linesBuffer = 256 << 10

// errTooLong: a line holds no request that is small enough to be taken.
var errTooLong = errors.New("longer than the largest request (--max-request)")

// lines are an input of requests, one JSON object a line, or an object whose first
// and last line are a brace, as jq prints it.
type lines struct {
	in     *bufio.Reader
	name   string
	stream bool // whoever writes it may keep it waiting
	max    int  // bytes of a line
	log    *slog.Logger
	counts *counts
	seed   uint64 // of the numbers of connections that it does not tell

	number int // of the line read last
	begins int // the number of the line with which its object begins
	object []byte

	waiting bool // request was read, and not taken
	request reassembly.Listed
	bad     int  // lines that are no requests
	spoiled int  // lines of which raw is no request
	cut     bool // the compressed data ends early
}

// maxLine is the length of a line with a request of so many bytes: four characters
// stand for three of them, and there is room for what else is in it.
func maxLine(request int64) int { return int(request/3*4) + 1<<20 }

func (l *lines) due() (int64, error) {
	for !l.waiting {
		b, err := l.readObject()
		if errors.Is(err, io.EOF) {
			return 0, err
		}
		if err == nil {
			err = parse(b, &l.request, mix(l.seed+uint64(l.begins)), l.begins)
		} else if !errors.Is(err, errTooLong) {
			return 0, fmt.Errorf("line %d: %w", l.number, err)
		}
		if err != nil {
			l.refuse(err)
			continue
		}
		l.waiting = true
		l.counts.lines.Add(1)
	}
	return l.request.Time, nil
}

func (l *lines) next(*capture.Decoder, []capture.Segment, int64) (int, *reassembly.Listed, error) {
	l.waiting = false
	return 0, &l.request, nil
}

// refuse counts a line that is no request. The first one is named.
func (l *lines) refuse(why error) {
	if l.bad++; l.bad == 1 {
		l.log.Warn(fmt.Sprintf("%s: line %d is no request: %v", l.name, l.begins, why))
	}
	l.counts.badLines.Add(1)
}

// judged is told what became of the request that next has returned. That it was not
// whole is said of the first one: a filter may have changed a body and left its
// length as it was.
func (l *lines) judged(fate reassembly.Fate) {
	if fate != reassembly.Malformed && fate != reassembly.Aborted {
		return
	}
	if l.spoiled++; l.spoiled == 1 {
		l.log.Warn(fmt.Sprintf("%s: line %d: raw is not one whole request (%s): its length may not be what its head says", l.name, l.begins, fate))
	}
}

func (l *lines) ready() bool {
	if l.waiting || !l.stream {
		return true
	}
	b, err := l.in.Peek(l.in.Buffered())
	return err == nil && bytes.IndexByte(b, '\n') >= 0
}

func (l *lines) faults() (all []string) {
	if l.cut {
		all = append(all, "it is cut short, and was read to its last whole line")
	}
	if l.bad > 1 {
		all = append(all, fmt.Sprintf("%d of its lines are no requests", l.bad))
	}
	return all
}

// readObject reads the next object, which is valid until the next call. Empty
// lines are none.
func (l *lines) readObject() ([]byte, error) {
	l.object = l.object[:0]
	for {
		before := len(l.object)
		err := l.readLine()
		line := bytes.TrimRight(l.object[before:], " \t\r\n")
		if before == 0 {
			l.begins = l.number
			if len(line) == 0 && err == nil {
				l.object = l.object[:0]
				continue
			}
		}
		switch {
		case errors.Is(err, io.EOF) && before > 0 && !l.cut:
			return l.object, nil // an object that does not end
		case err != nil:
			return nil, err
		case before == 0 && string(line) != "{", before > 0 && string(line) == "}":
			return l.object, nil
		}
	}
}

// readLine appends the next line to the object. A line that is too long is passed
// over; one that lacks its end is one as well, unless compressed data was cut.
func (l *lines) readLine() error {
	l.number++
	n, tooLong := 0, false
	for {
		b, err := l.in.ReadSlice('\n')
		n += len(b)
		if tooLong = tooLong || len(l.object)+len(b) > l.max; !tooLong {
			l.object = append(l.object, b...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.ErrUnexpectedEOF):
			l.cut = true
			return io.EOF
		case err != nil && (n == 0 || !errors.Is(err, io.EOF)):
			return err
		case tooLong:
			return errTooLong
		default:
			return nil
		}
	}
}
