package forward

import (
	"errors"
	"io"
	"net"
	"testing"
)

// TestLastWord: what a target has said before it closed the connection is read,
// though writing has failed meanwhile, and then the end.
func TestLastWord(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(far, "the last word")
	far.Close()
	for { // until the system knows that the other side is gone
		if _, err := raw.Write(make([]byte, 1000)); err != nil {
			break
		}
	}
	c := lastWord{raw}
	if n, err := c.Write(make([]byte, 1000)); n != 1000 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	buf := make([]byte, 100)
	if n, err := c.Read(buf); err != nil || string(buf[:n]) != "the last word" {
		t.Errorf("Read: %q, %v", buf[:n], err)
	}
	if n, err := c.Read(buf); n != 0 || err == nil {
		t.Errorf("Read behind the end: %d, %v", n, err)
	} else if errors.Is(err, net.ErrClosed) {
		t.Errorf("it was closed here: %v", err)
	}
}
