package forward

import (
	"regexp"

	"gor/reassembly/http1"
)

// A sight is a request as a filter sees it. It is reused; between two requests it
// holds nothing of either.
type sight struct {
	method  []byte
	target  []byte // as it came
	section []byte // the fields as they came
	plain   bool   // the target is normal as it came

	fields []http1.Field // of section, once they were asked for
	normal []byte        // the target normalised, once it was asked for
	value  []byte        // room for a folded value
}

// read takes the head that raw begins with; false: there is none.
func (s *sight) read(raw []byte) bool {
	raw = raw[http1.EmptyLines(raw):] // RFC 9112 section 2.2
	var m http1.Message
	if m.Head(raw, "") != http1.Whole {
		return false
	}
	s.take(&m, raw)
	return true
}

// take takes a request whose head is read.
func (s *sight) take(m *http1.Message, raw []byte) {
	s.method, s.target, s.section = m.Method(raw), m.Target(raw), m.Fields(raw)
	s.plain = isNormal(s.target)
}

// forget drops what belongs to the request; the room stays.
func (s *sight) forget() {
	clear(s.fields)
	*s = sight{fields: s.fields[:0], normal: s.normal[:0], value: s.value[:0]}
}

// allowedBy reports whether the target, both as it came and normalised, matches
// one of the rules.
func (s *sight) allowedBy(rules []*regexp.Regexp) bool {
	if s.plain {
		return matchAny(rules, s.target)
	}
	return (matchAny(rules, s.target) || matchAny(rules, originForm(s.target))) && matchAny(rules, s.normalised())
}

// deniedBy reports whether the target in any form matches one of the rules.
func (s *sight) deniedBy(rules []*regexp.Regexp) bool {
	return matchAny(rules, s.target) || !s.plain && (matchAny(rules, originForm(s.target)) || matchAny(rules, s.normalised()))
}

// normalised is the target in its normal form.
func (s *sight) normalised() []byte {
	if len(s.normal) == 0 { // a normal form has one byte at least
		s.normal = appendNormal(s.normal, s.target)
	}
	return s.normal
}

func matchAny(rules []*regexp.Regexp, b []byte) bool {
	for _, re := range rules {
		if re.Match(b) {
			return true
		}
	}
	return false
}

// hasHeader reports whether a field is what one of the rules looks for.
func (s *sight) hasHeader(rules []headerRule) bool {
	if len(s.fields) == 0 {
		s.fields = http1.AppendFields(s.fields, s.section)
	}
	for i := range s.fields {
		for k := range rules {
			if f := &s.fields[i]; http1.EqualFold(f.Name, rules[k].name) && rules[k].re.Match(s.unfold(f)) {
				return true
			}
		}
	}
	return false
}

// unfold returns a field's value on one line; it is good until the next call.
func (s *sight) unfold(f *http1.Field) []byte {
	if !folded(f) {
		return f.Value
	}
	s.value = http1.AppendUnfolded(s.value[:0], f.Value)
	return s.value
}
