package sniffer

import "bytes"

// host returns the value of the first Host line in the head of a whole
// request, without the blanks around it; nil where there is none.
func host(raw []byte) []byte {
	_, rest, _ := bytes.Cut(raw, []byte("\n")) // the request line
	for {
		line, behind, _ := bytes.Cut(rest, []byte("\n"))
		rest = behind
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
			return nil // the end of the head
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if found && bytes.EqualFold(name, []byte("host")) {
			return bytes.Trim(value, " \t")
		}
	}
}
