package capture

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openLoopback captures what comes to a port of its own on loopback.
func openLoopback(t *testing.T, cfg RingConfig) (*Ring, net.Listener) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	cfg.Ports = []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}
	cfg.Interfaces = []string{"lo"}
	r, err := OpenRing(cfg)
	if errors.Is(err, ErrPermission) {
		t.Skip("may not open a packet socket")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r, l
}

// TestRing captures a connection's bytes in bursts and one by one, so that the
// ring waits in both of its ways, and ends.
func TestRing(t *testing.T) {
	r, l := openLoopback(t, RingConfig{Tick: 20 * time.Millisecond})
	var want []byte
	for i := range 5000 {
		want = fmt.Appendf(want, "%08d", i)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			accepted <- c
		}
		close(accepted)
	}()
	out, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, ok := <-accepted
	if !ok {
		t.Fatal("no connection")
	}
	defer in.Close()
	go func() {
		buf := make([]byte, 1<<16)
		for {
			if _, err := in.Read(buf); err != nil {
				return
			}
		}
	}()
	d := NewDecoder(DecoderConfig{Ports: []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}})
	var got []byte
	var first uint32
	var segs [16]Segment
	sent := 0
	for end := time.Now().Add(20 * time.Second); len(got) < len(want); {
		if time.Now().After(end) {
			t.Fatalf("%d of %d bytes captured", len(got), len(want))
		}
		if sent == len(got) && sent < len(want) { // all that was sent has come: the next burst, or a single byte
			n := 1
			if sent%9 == 0 {
				n = min(3000, len(want)-sent)
			}
			if _, err := out.Write(want[sent : sent+n]); err != nil {
				t.Fatal(err)
			}
			sent += n
		}
		n, err := r.Next(d, segs[:])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		for _, s := range segs[:n] {
			if s.Flags.Has(SYN) {
				first = s.Seq + 1
			} else if at := int(s.Seq - first); at == len(got) {
				got = append(got, s.Payload...)
			}
		}
		if sent > 30000 { // enough of this: the rest in one piece
			if _, err := out.Write(want[sent:]); err != nil {
				t.Fatal(err)
			}
			sent = len(want)
		}
	}
	if !bytes.Equal(got, want) {
		t.Error("other bytes than were sent")
	}
	for err := error(nil); !errors.Is(err, os.ErrDeadlineExceeded); {
		if _, err = r.Next(d, segs[:]); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
	}
	if d.Stats().BadChecksum != 0 { // none was computed: what stays on this machine needs none
		t.Errorf("%+v", d.Stats())
	}
	if st := r.Stats(); st.Packets == 0 || st.Drops != 0 || st.Truncated != 0 {
		t.Errorf("%+v", st)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(d, segs[:]); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestRingChecksum: what a raw socket sends comes with the sum that its sender
// gave it, and only the right one is believed.
func TestRingChecksum(t *testing.T) {
	r, l := openLoopback(t, RingConfig{Tick: 20 * time.Millisecond})
	port := uint16(l.Addr().(*net.TCPAddr).Port)
	l.Close() // nobody needs to listen
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, wrong := range []byte{1, 0} {
		b := ip4Bytes(6, 0, 1, tcpBytes(port, ACK|PSH, payload))
		copy(b[12:], []byte{127, 0, 0, 1, 127, 0, 0, 1})
		b = cat(b[:24], tcpSum(b[24:], b[12:20]))
		b[24+16] ^= wrong
		if err := unix.Sendto(fd, b, 0, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			t.Fatal(err)
		}
	}
	d, segs := NewDecoder(DecoderConfig{Ports: []uint16{port}}), make([]Segment, 4)
	for end := time.Now().Add(10 * time.Second); d.Stats().Seen < 2; {
		if _, err := r.Next(d, segs); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) || time.Now().After(end) {
			t.Fatalf("%v; %+v", err, d.Stats())
		}
	}
	if st := d.Stats(); st.Segments != 1 || st.BadChecksum != 1 {
		t.Errorf("%+v", st)
	}
}

// TestRingClose ends a Next that waits.
func TestRingClose(t *testing.T) {
	r, _ := openLoopback(t, RingConfig{Tick: 20 * time.Millisecond, BlockSize: 1 << 16, Blocks: 4})
	done := make(chan error)
	go func() {
		d, segs := NewDecoder(DecoderConfig{}), make([]Segment, 1)
		for {
			if _, err := r.Next(d, segs); !errors.Is(err, os.ErrDeadlineExceeded) {
				done <- err
				return
			}
		}
	}()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, net.ErrClosed) {
		t.Errorf("Next: %v", err)
	}
}

// TestRingDrops: what finds no block is counted, and what fits is there.
func TestRingDrops(t *testing.T) {
	r, l := openLoopback(t, RingConfig{BlockSize: 1 << 16, Blocks: 2})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 1<<16)
				for {
					if _, err := c.Read(buf); err != nil {
						return
					}
				}
			}()
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(make([]byte, 8<<20)); err != nil { // into 128 KiB that nobody empties
		t.Fatal(err)
	}
	c.Close()
	d := NewDecoder(DecoderConfig{Ports: []uint16{uint16(l.Addr().(*net.TCPAddr).Port)}})
	var segs [3]Segment
	bytes := 0
	for r.Ready() {
		n, err := r.Next(d, segs[:])
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range segs[:n] {
			bytes += len(s.Payload)
		}
	}
	if st := r.Stats(); st.Drops == 0 || bytes == 0 || bytes > 1<<17 {
		t.Errorf("%d bytes captured, %+v", bytes, st)
	}
}
