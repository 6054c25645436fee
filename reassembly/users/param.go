package users

import "gor/reassembly/http1"

// param finds a parameter in a list like name=value, name="value", as
// Authorization (RFC 9110 section 11.2) and Forwarded (RFC 7239 section 4) have it,
// with the byte between between two of them. The list ends at a comma, wherever
// that is not the byte itself. A quoted value is returned with its escapes.
func param(list []byte, name string, between byte) (value []byte, found bool) {
	for {
		list = trim(list)
		n := http1.TokenLen(list)
		key := list[:n]
		if list = trim(list[n:]); n == 0 || len(list) == 0 || list[0] != '=' {
			return nil, false
		}
		value, list = cutValue(trim(list[1:]), between)
		if http1.EqualFold(key, name) {
			return value, len(value) > 0
		}
		if list = trim(list); len(list) == 0 || list[0] != between {
			return nil, false
		}
		list = list[1:]
	}
}

// cutValue takes a value off a list of parameters.
func cutValue(list []byte, between byte) (value, rest []byte) {
	if len(list) > 0 && list[0] == '"' {
		n := 1
		for n < len(list) && list[n] != '"' {
			if list[n] == '\\' {
				n++
			}
			n++
		}
		return list[1:min(n, len(list))], list[min(n+1, len(list)):]
	}
	n := 0
	for n < len(list) && list[n] != between && list[n] != ',' && !isSpace(list[n]) {
		n++
	}
	return list[:n], list[n:]
}
