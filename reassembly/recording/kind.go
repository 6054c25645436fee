package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
)

// A kind is what a recording is, which its first bytes tell and never its name.
type kind uint8

const (
	empty kind = iota
	packets
	requests // JSON lines
)

// enough is how many bytes are looked at: blanks may stand before a list.
const enough = 4096

var (
	errKind  = errors.New("neither a capture file (pcap, pcapng) nor JSON lines as gor listen --json prints them")
	errArray = errors.New("a JSON array: give one object after the other, as jq -c '.[]' prints them")
)

// A beginning is what was looked at of a recording.
type beginning struct {
	kind   kind
	zipped bool
	rest   *bufio.Reader // all of it, uncompressed
}

// look reads the beginning of r, where it waits for no more than it needs.
func look(r io.Reader) (b beginning, err error) {
	b.rest = bufio.NewReaderSize(r, enough)
	if magic, _ := b.rest.Peek(2); string(magic) == "\x1f\x8b" {
		unzipped, err := gzip.NewReader(b.rest)
		if err != nil {
			return b, err
		}
		b.rest, b.zipped = bufio.NewReaderSize(unzipped, enough), true
	}
	b.kind, err = kindOf(b.rest)
	return b, err
}

// kindOf says what a recording is, and takes nothing of it.
func kindOf(in *bufio.Reader) (kind, error) {
	b, err := in.Peek(len(capturesBegin[0]))
	if isCapture(b) {
		return packets, nil
	}
	if len(b) == 0 && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		return empty, nil
	}
	for n := 1; n <= enough; n++ {
		if b, err = in.Peek(n); len(b) < n {
			break
		}
		switch b[n-1] {
		case ' ', '\t', '\r', '\n':
			continue
		case '{':
			return requests, nil
		case '[':
			return empty, errArray
		}
		return empty, errKind
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = errKind
	}
	return empty, err
}

// capturesBegin are the first bytes of capture files in the order of bytes that
// network protocols have; the other order is as good.
var capturesBegin = [...]string{
	"\xa1\xb2\xc3\xd4", "\xa1\xb2\x3c\x4d", "\xa1\xb2\xcd\x34", // pcap, see package capture
	"\n\r\r\n", // pcapng
}

func isCapture(b []byte) bool {
	for _, begin := range capturesBegin {
		turned := []byte{begin[3], begin[2], begin[1], begin[0]}
		if string(b) == begin || bytes.Equal(b, turned) {
			return true
		}
	}
	return false
}
