package udpwire

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestHurry: a Send that waits for a replayer who is not there is let go, and so are all later ones.
func TestHurry(t *testing.T) {
	nobody, err := net.ListenPacket("udp4", "127.0.0.1:0") // receives, and does not answer
	if err != nil {
		t.Fatal(err)
	}
	defer nobody.Close()
	s, err := Dial(SenderConfig{Replayers: []string{nobody.LocalAddr().String()}, Buffer: minBuffer, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	const messages = 4 * minBuffer / 1000
	refused := make(chan int)
	go func() {
		n := 0
		for i := range uint64(messages) {
			err := s.Send(&Message{Conn: i, Body: make([]byte, 1000)})
			if errors.Is(err, ErrQueueFull) {
				n++
			} else if err != nil {
				t.Error(err)
			}
		}
		refused <- n
	}()
	select {
	case n := <-refused:
		t.Fatalf("nothing waits; %d of %d messages refused", n, messages)
	case <-time.After(50 * time.Millisecond): // it waits, or will
	}
	s.Hurry()
	select {
	case n := <-refused:
		if sent := s.Stats().MessagesSent; n == 0 || sent+uint64(n) != messages {
			t.Errorf("%d sent and %d refused of %d", sent, n, messages)
		}
	case <-time.After(10 * time.Second):
		t.Error("Send still waits")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("everything is confirmed by nobody")
	}
}
