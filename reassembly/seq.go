package reassembly

// A seq is a TCP sequence number. It counts bytes modulo 2^32, so order only
// has a meaning between numbers less than 2^31 apart (RFC 9293 §3.4).
type seq uint32

// minus returns how many bytes s is after t; negative when it is before it.
func (s seq) minus(t seq) int {
	return int(int32(s - t))
}

func (s seq) plus(n int) seq {
	return s + seq(uint32(n))
}
