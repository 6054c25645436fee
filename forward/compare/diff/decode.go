package diff

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
)

// maxDecoded is how long a content may become that was compressed.
const maxDecoded = 2 << 20

// decoders undo content codings, with room that is used again.
type decoders struct {
	gzip gzip.Reader
	room [2]bytes.Buffer
}

// decode is the content of a body without its coding, good until the next call for
// the same side, or why it cannot be had.
func (d *decoders) decode(side int, a *Answer) (content []byte, why string) {
	c := coding(a)
	if len(a.Body) == 0 {
		return nil, ""
	}
	var r io.Reader
	switch c {
	case "", "identity":
		return a.Body, ""
	case "gzip", "x-gzip":
		if err := d.gzip.Reset(bytes.NewReader(a.Body)); err != nil {
			return nil, "broken gzip"
		}
		r = &d.gzip
	case "deflate": // RFC 9110 section 8.4.1.2: in zlib's format, but some send it bare
		z, err := zlib.NewReader(bytes.NewReader(a.Body))
		if err != nil {
			z = flate.NewReader(bytes.NewReader(a.Body))
		}
		r = z
	case "br", "zstd", "compress", "x-compress":
		return nil, "compressed with " + c
	default:
		return nil, "compressed in an unknown way"
	}
	b := &d.room[side]
	b.Reset()
	n, err := io.Copy(b, io.LimitReader(r, maxDecoded+1))
	switch {
	case n > maxDecoded:
		return nil, "too long when decompressed"
	case err != nil && !errors.Is(err, io.EOF):
		return nil, "broken compression"
	}
	return b.Bytes(), ""
}
