package forward

import "net"

// A lastWord is a connection to an HTTP/2 target on which writing never fails. A
// target that is done with a connection says with GOAWAY which requests it has not
// processed, and closes; what is written after that fails. http.Transport would then
// close the connection at once, with that word unread, and nobody could tell which
// requests may be sent again. Reading ends soon enough, behind all that has come.
type lastWord struct{ net.Conn }

// Write writes p, or tries to.
func (c lastWord) Write(p []byte) (int, error) {
	c.Conn.Write(p) // what it fails for, Read says as well
	return len(p), nil
}
