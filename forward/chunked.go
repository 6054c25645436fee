package forward

import "bytes"

// maxChunkLine bounds a chunk's size line; RFC 9112 section 7.1.1 asks for a
// limit on extensions.
const maxChunkLine = 16 << 10

// chunkedLen is the length of the chunked body, trailers included, that b
// begins with. odd: it holds what RFC 9112 section 7.1 does not allow but
// servers take.
func chunkedLen(b []byte) (n int, odd bool, err error) {
	for {
		size, line, lf, err := chunkSize(b[n:])
		odd = odd || lf
		if err != nil {
			return n, odd, err
		}
		n += line
		if size == 0 {
			break
		}
		if size > int64(len(b)-n)-2 {
			return n, odd, errCut
		}
		n += int(size)
		if b[n] != '\r' || b[n+1] != '\n' {
			return n, odd, errChunk
		}
		n += 2
	}
	for {
		nl := bytes.IndexByte(b[n:], '\n')
		if nl < 0 {
			return n, odd, errCut
		}
		line, _ := cutLine(b[n : n+nl+1])
		odd = odd || len(line) == nl // a bare LF
		if bytes.IndexByte(line, '\r') >= 0 || bytes.IndexByte(line, 0) >= 0 {
			return n, odd, errChunk
		}
		n += nl + 1
		if len(line) == 0 {
			return n, odd, nil
		}
	}
}

// chunkSize reads a chunk's size line, n bytes long.
func chunkSize(b []byte) (size int64, n int, odd bool, err error) {
	nl := bytes.IndexByte(b[:min(len(b), maxChunkLine)], '\n')
	if nl < 0 {
		if len(b) >= maxChunkLine {
			return 0, 0, false, errChunk
		}
		return 0, 0, false, errCut
	}
	line, _ := cutLine(b[:nl+1])
	odd = len(line) == nl
	digits := 0
	for digits < len(line) {
		d := hexDigit(line[digits])
		if d < 0 {
			break
		}
		if digits == 15 {
			return 0, 0, odd, errChunk // more than any memory, or padded to confuse
		}
		size = size<<4 | int64(d)
		digits++
	}
	ext := trimBlanks(line[digits:])
	if digits == 0 || len(ext) > 0 && ext[0] != ';' || bytes.IndexByte(line, '\r') >= 0 {
		return 0, 0, odd, errChunk
	}
	return size, nl + 1, odd, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// dechunk appends the content of a chunked body, which chunkedLen has
// accepted, to dst; trailers is what follows its last chunk.
func dechunk(dst, b []byte) (content, trailers []byte) {
	for {
		size, n, _, err := chunkSize(b)
		if err != nil || size == 0 {
			return dst, b[n:]
		}
		dst = append(dst, b[n:n+int(size)]...)
		b = b[n+int(size)+2:]
	}
}
