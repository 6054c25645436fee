package udpwire

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"
)

// TestHurry: a Sender that waits for room, which a replayer that never responds
// does not make, is let go, and everything is accounted for.
func TestHurry(t *testing.T) {
	silent, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	send, err := Dial(SenderConfig{
		Replayers: []string{silent.LocalAddr().String()}, Buffer: minBuffer, Wait: true,
		Secret: []byte("a secret: nothing is sent without a session"),
	})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan uint64)
	go func() {
		m := Message{User: 1, Body: make([]byte, 10_000)}
		for m.Index = 0; ; m.Index++ {
			if err := send.Send(&m); err != nil {
				if !errors.Is(err, ErrQueueFull) {
					t.Errorf("Send: %v", err)
				}
				sent <- m.Index
				return
			}
		}
	}()
	for filled := time.Now().Add(time.Minute); send.Stats().MessagesSent < minBuffer/2/10_000; time.Sleep(time.Millisecond) {
		if time.Now().After(filled) {
			t.Fatalf("the buffer does not fill: %+v", send.Stats())
		}
	}
	select {
	case n := <-sent:
		t.Fatalf("refused behind %d messages", n)
	default:
	}
	send.Hurry()
	n := <-sent
	if m := (Message{User: 1, Index: n, Body: make([]byte, 10_000)}); !errors.Is(send.Send(&m), ErrQueueFull) {
		t.Error("the next message is not refused")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := send.Close(over); err == nil {
		t.Error("Close: no error")
	}
	if s := send.Stats(); s.MessagesSent != n || s.MessagesLost != n || s.QueueFull != 2 || s.MessagesPending != 0 {
		t.Errorf("%d sent: %+v", n, s)
	}
}
