package forward

import (
	"bytes"

	"gor/reassembly/http1"
)

// A shaper makes the bytes that a target gets of the bytes that were captured.
type shaper struct {
	host    []byte // the Host to send; nil: the captured one
	prefix  []byte // put before the path; without a slash at its end
	mark    string // name of the field that marks replayed requests
	rewrite *Rewrite
}

// target is the request target to send for t, the captured one; t itself where
// nothing has to be changed. The authority of the absolute form (RFC 9112 section
// 3.2.2) overrides the Host, so that it becomes what the Host becomes.
func (s *shaper) target(t []byte) ([]byte, error) {
	if t = s.rewrite.target(t); len(http1.Trim(t)) == 0 {
		return nil, errEmptyTarget
	}
	path := originForm(t)
	front := t[:len(t)-len(path)] // the scheme and the authority of the absolute form
	replaced := s.host != nil && len(front) > 0
	if !replaced && len(s.prefix) == 0 || string(t) == "*" {
		return t, nil
	}
	if len(s.prefix) > 0 && (len(path) == 0 || path[0] != '/') {
		return nil, errPrefix
	}
	out := make([]byte, 0, len(t)+len(s.host)+len(s.prefix))
	if replaced {
		scheme, _, _ := bytes.Cut(front, []byte("://"))
		out = append(append(append(out, scheme...), "://"...), s.host...)
	} else {
		out = append(out, front...)
	}
	return append(append(out, s.prefix...), path...), nil
}

// sentHost is the Host that goes with r, the first one where there are
// several; nil: none.
func (s *shaper) sentHost(r *request) []byte {
	if s.host != nil {
		return s.host
	}
	for i := range r.fields {
		if f := &r.fields[i]; f.Kind == http1.FieldHost {
			return r.unfold(f)
		}
	}
	return nil
}

// appendHead appends r's head as it is to be sent, with this target. What
// nothing has to be changed in is copied as it is, line ends included.
func (s *shaper) appendHead(dst []byte, r *request, target []byte) []byte {
	dst = append(append(append(dst, r.before...), target...), r.after...)
	added := s.host != nil && r.hosts == 0
	if added && !beginsWithBlank(r.fields) {
		dst = appendField(dst, "Host", s.host)
		added = false
	}
	for i := range r.fields {
		f := &r.fields[i]
		switch f.Kind {
		case http1.FieldHost:
			if s.host != nil && (folded(f) || !bytes.Equal(f.Value, s.host)) {
				dst = appendField(dst, f.Name, s.host)
				continue
			}
		case http1.FieldKeepAlive, http1.FieldProxyConnection:
			continue
		case http1.FieldConnection:
			dst = s.appendConnection(dst, r, f)
			continue
		default:
			if marked := http1.EqualFold(f.Name, s.mark); marked || s.rewrite.removes(f.Name) {
				r.marked = r.marked || marked
				continue
			}
		}
		dst = append(dst, f.Line...)
	}
	if added {
		dst = appendField(dst, "Host", s.host)
	}
	dst = s.rewrite.appendSet(dst, &r.peers)
	dst = append(append(dst, s.mark...), ": 1\r\n"...)
	return append(dst, r.blankLine...)
}

// beginsWithBlank reports whether the first line looks like the continuation of
// a line before it, so that none may be put there.
func beginsWithBlank(fields []http1.Field) bool {
	return len(fields) > 0 && (fields[0].Line[0] == ' ' || fields[0].Line[0] == '\t')
}

// appendConnection appends a Connection field (RFC 9110 section 7.6.1) as it is,
// but for the options that are not the request's: close and keep-alive, as the
// connection to the target is another one, and the mark, which no proxy is to take
// off. HTTP/1.0 needs keep-alive to keep the connection.
func (s *shaper) appendConnection(dst []byte, r *request, f *http1.Field) []byte {
	value := r.unfold(f)
	begin, options, dropped := len(dst), 0, false
	dst = append(append(dst, f.Name...), ": "...)
	for option := range bytes.SplitSeq(value, []byte(",")) {
		option = http1.Trim(option)
		if http1.EqualFold(option, "close") || !r.head.HTTP10 && http1.EqualFold(option, "keep-alive") || http1.EqualFold(option, s.mark) {
			dropped = true
			continue
		}
		if options++; options > 1 {
			dst = append(dst, ", "...)
		}
		dst = append(dst, option...)
	}
	switch {
	case !dropped:
		return append(dst[:begin], f.Line...)
	case options == 0:
		return dst[:begin]
	}
	return append(dst, "\r\n"...)
}

func appendField[text1, text2 string | []byte](dst []byte, name text1, value text2) []byte {
	dst = append(append(dst, name...), ": "...)
	return append(append(dst, value...), "\r\n"...)
}
