package udpwire

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// A listener is named once: with what it is as soon as it says so, else after a second without, or when it leaves
// before.
func TestIntroduction(t *testing.T) {
	for _, tt := range []struct {
		name  string
		after int64 // A STATUS comes so long after the beginning; 0: none does.
		leave bool  // BYE follows the beginning.
		when  int64 // The line comes.
		host  bool  // With the host's name in it.
	}{
		{"says at once what it is", 10 * ms, false, 10 * ms, true},
		{"says it late", 2 * second, false, second, false},
		{"never says it", 0, false, second, false},
		{"has left", 0, true, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			s := newStranger(t, ReceiverConfig{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "")
			out, ok := s.shake(listenerAt, seeded())
			if !ok {
				t.Fatal("no session")
			}
			if tt.leave {
				s.say(out.finishControl(kindBye, (&heartbeat{time: 1, oldest: 1}).append(make([]byte, headerSize))), listenerAt)
			}
			begun := s.recv.now
			for at := int64(0); at <= 3*second; at += 10 * ms {
				s.recv.setTime(begun + at)
				if tt.after != 0 && at == tt.after {
					s.say(out.finishControl(kindStatus, (&Status{Host: "web7", Version: "v2"}).append(make([]byte, headerSize))), listenerAt)
				}
				s.recv.tick()
				lines := strings.Count(log.String(), "listener connected")
				if early := at < tt.when; early && lines != 0 || at > tt.when+idleTick && lines != 1 {
					t.Fatalf("%d lines after %d ms: %s", lines, at/ms, log.String())
				}
			}
			if said := strings.Contains(log.String(), "host=web7 version=v2"); said != tt.host {
				t.Errorf("the line says what it is: %v: %s", said, log.String())
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d lines: %s", n, log.String())
			}
		})
	}
}
