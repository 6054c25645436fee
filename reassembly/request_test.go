package reassembly

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// TestAppendLine: whatever byte a target has, and wherever, it is printed so
// that it steers no terminal and can be read back.
func TestAppendLine(t *testing.T) {
	r := madeRequest("GET", "/", 1234)
	line := func() string { return string(r.AppendLine(nil)) }
	for i := range 256 * 20 {
		c, at := i/20, i%20
		switch c {
		case 0, '\n', '\r':
			continue // no target has them
		case ' ', '\t':
			at = max(at, 1) // blanks around a target are no part of it
		}
		for _, n := range []int{at + 2, 21} {
			target := []byte("/0123456789abcdefghijk")[:n]
			target[at] = byte(c)
			printed := string(target)
			if c <= 0x20 || c >= 0x7f || c == '\\' {
				escaped := fmt.Sprintf(`\x%02x`, c)
				if c == '\\' {
					escaped = `\\`
				}
				printed = string(target[:at]) + escaped + string(target[at+1:])
			}
			r = madeRequest("GET", string(target), []int{1234, 999, 100, 99, 1000}[i%5])
			want := fmt.Sprintf("1970-01-01T00:00:00.000000000Z %v > %v GET %s HTTP/1.1 %d bytes\n", r.Client, r.Server, printed, len(r.Raw))
			if got := line(); got != want {
				t.Fatalf("byte %#x at %d: %q, want %q", c, at, got, want)
			}
			back, err := strconv.Unquote(`"` + printed + `"`)
			if c != '"' && (err != nil || back != string(target)) {
				t.Fatalf("%q reads back as %q: %v", printed, back, err)
			}
		}
	}
}

// madeRequest is one of so many bytes, whatever its target is.
func madeRequest(method, target string, size int) *Request {
	r := &Request{Client: endpoint(1, 65535), Server: endpoint(200, 80), Raw: make([]byte, size)}
	line := method + " " + target + " HTTP/1.1\r\n\r\n"
	copy(r.Raw, line)
	r.head.Head([]byte(line), "")
	return r
}

// TestTime: times are those of package time.
func TestTime(t *testing.T) {
	var p printed
	for _, at := range []time.Time{
		time.Unix(0, 0), time.Unix(0, 1), time.Unix(0, 999_999_999), time.Unix(-1, 5), time.Unix(1e9, 123_456_789), time.Unix(1e9, 987_654_321),
		time.Date(2000, 2, 29, 23, 59, 59, 100, time.UTC), time.Date(2100, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(1969, 12, 31, 1, 2, 3, 4, time.UTC),
		time.Date(2024, 12, 31, 23, 59, 59, 1e8, time.UTC), time.Date(2262, 4, 11, 23, 47, 16, 0, time.UTC), time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		want := at.UTC().Format("2006-01-02T15:04:05.000000000Z")
		if got := string(p.appendTime(nil, at.UnixNano())); got != want {
			t.Errorf("%d is %s, want %s", at.UnixNano(), got, want)
		}
	}
}
