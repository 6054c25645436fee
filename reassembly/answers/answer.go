package answers

import "gor/capture"

// A Question is a request whose answer is looked for, or of which it is only known
// that it has one.
type Question struct {
	Client, Server capture.Endpoint

	// Conn, Index, User and Crowd say whose it is, as reassembly.Request does.
	Conn, Index, User uint64
	Crowd             bool

	// Seq and End are the sequence numbers of its first byte, and behind its last; Ack
	// is what the client had acknowledged when it sent the first one.
	Seq, End, Ack uint32

	// First and Time are when the packets with its first byte, and with its last, were
	// seen, in nanoseconds since the Unix epoch. For Rest nanoseconds before First the
	// client had sent nothing.
	First, Time, Rest int64

	// Opens says that nothing came before it on its connection.
	Opens bool

	// Head and Connect say that its method is HEAD or CONNECT.
	Head, Connect bool

	// Unwanted says that nobody wants to know its answer. It is asked all the same,
	// since it has one, which is not to be taken for another's.
	Unwanted bool
}

// An Answer is what the server said to a Question. It and its slices are lent to
// emit for the call.
type Answer struct {
	Question

	// Missing says that the answer cannot be had: it was not seen, or nobody can know
	// which one it is. Nothing below is set then.
	Missing bool

	// At is when the packet with the first byte of its head was seen, and Ended that
	// with its last byte; 0: its end was not looked for, or not seen.
	At, Ended int64

	// Status is from 101 to 999, but none of the 100s besides 101, nor 408.
	Status int

	// Head is the status line and the fields as on the wire.
	Head []byte

	// Body is the content, without chunk framing, as far as it was seen without a gap
	// and is not longer than Config.Body. Whole says that it is all of it.
	Body  []byte
	Whole bool

	// BodyLen is the length of the content, as it was counted, or announced by the
	// head of an answer that was not cut; -1: it is not known.
	BodyLen int64

	// Hash is that of the whole content (FNV-1a, 64 bits) where it is longer than
	// Config.Body and not longer than Config.Hash; else 0.
	Hash uint64
}
