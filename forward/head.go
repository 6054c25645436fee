package forward

import "bytes"

// A shaper makes the bytes that a target gets of the bytes that were captured.
type shaper struct {
	host     []byte // the Host to send; nil: the captured one
	prefix   []byte // put before the path; without a slash at its end
	mark     []byte
	rewrite  *Rewrite
	smallEnd int // bodies up to this long are copied behind the head
}

// target is the request target to send.
func (s *shaper) target(r *request) ([]byte, error) {
	t := s.rewrite.target(r.target)
	if len(s.prefix) == 0 {
		return t, nil
	}
	path := 0 // where the path begins
	switch {
	case t[0] == '/':
	case string(t) == "*":
		return t, nil
	default: // absolute-form, RFC 9112 section 3.2.2
		i := bytes.Index(t, []byte("://"))
		if i < 0 {
			return nil, errPrefix
		}
		if path = bytes.IndexByte(t[i+3:], '/'); path < 0 {
			return nil, errPrefix
		}
		path += i + 3
	}
	out := make([]byte, 0, len(s.prefix)+len(t))
	return append(append(append(out, t[:path]...), s.prefix...), t[path:]...), nil
}

// sentHost is the Host that goes with r; nil: none.
func (s *shaper) sentHost(r *request) []byte {
	if s.host != nil {
		return s.host
	}
	for i := range r.fields {
		if r.fields[i].kind == fieldHost {
			return r.fields[i].value
		}
	}
	return nil
}

// appendHead appends r's head as it is to be sent. Lines that nothing has to
// be changed in are copied as they are, with their line ends.
func (s *shaper) appendHead(dst []byte, r *request) ([]byte, error) {
	target, err := s.target(r)
	if err != nil {
		return dst, err
	}
	dst = append(append(append(dst, r.method...), ' '), target...)
	dst = append(append(dst, ' '), r.version...)
	dst = append(dst, r.lineEnd...)
	if s.host != nil && !r.hasHost {
		dst = appendField(dst, "Host", s.host)
	}
	connection := false
	for i := range r.fields {
		f := &r.fields[i]
		switch f.kind {
		case fieldHost:
			if s.host != nil && !bytes.Equal(f.value, s.host) {
				dst = append(append(append(dst, f.name...), ": "...), s.host...)
				dst = append(dst, "\r\n"...)
				continue
			}
		case fieldHop:
			continue
		case fieldConnection:
			if !connection {
				connection = true
				dst = appendConnection(dst, r, f)
			}
			continue
		case fieldOther:
			if equalFold(f.name, s.mark) || s.rewrite.removes(f.name) {
				continue
			}
		}
		dst = append(dst, f.line...)
	}
	dst = s.rewrite.appendSet(dst)
	dst = append(append(dst, s.mark...), ": 1\r\n"...)
	return append(dst, r.blankLine...), nil
}

// appendConnection appends what is left of a Connection header: it belongs to
// the client's connection, but an upgrade asks for the header, and HTTP/1.0
// needs it to keep the connection.
func appendConnection(dst []byte, r *request, f *field) []byte {
	option := ""
	switch {
	case r.upgrade:
		option = "Upgrade"
	case r.minor == '0' && r.keepAlive:
		option = "keep-alive"
	default:
		return dst
	}
	if len(f.value) == len(option) && hasToken(f.value, option) {
		return append(dst, f.line...)
	}
	return appendField(dst, "Connection", []byte(option))
}

func appendField(dst []byte, name string, value []byte) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}
