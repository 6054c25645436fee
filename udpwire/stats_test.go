package udpwire

import (
	"context"
	"slices"
	"testing"
	"time"
)

// TestReasons: every reason has a name of its own, the one that its String gives,
// and a sentence that explains it; datagrams thrown away are trouble, whatever for.
func TestReasons(t *testing.T) {
	var r Rejects
	names := r.Names()
	if len(names) != len(r) {
		t.Errorf("%d names for %d reasons", len(names), len(r))
	}
	for i, name := range names {
		if name == "" || name != reason(i).String() || slices.Index(names, name) != i || r.Help(i) == "" || !r.Trouble(i) {
			t.Errorf("reason %d: name %q, String %q, help %q, trouble %v", i, name, reason(i), r.Help(i), r.Trouble(i))
		}
	}
}

// TestReplayersDown: a replayer with another secret is as good as none, until the
// listener has left.
func TestReplayersDown(t *testing.T) {
	for _, tt := range []struct {
		name, secret string
		up, down     uint64
	}{
		{"the same secret", "secret", 1, 0},
		{"another secret", "geheim", 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			recv, err := Listen(ReceiverConfig{Addr: "127.0.0.1:0", Secret: []byte("secret")})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- recv.Run(ctx, func(*Message) {}) }()
			send, err := Dial(SenderConfig{Replayers: []string{recv.Addr().String()}, Secret: []byte(tt.secret)})
			if err != nil {
				t.Fatal(err)
			}
			heard := func() bool { // the HELLO has been, and its response, if it is to get one
				in, out := recv.Stats(), send.Stats()
				return in.Rejected[rejectAuth]+out.ReplayersUp > 0
			}
			for end := time.Now().Add(time.Minute); !heard() && time.Now().Before(end); time.Sleep(time.Millisecond) {
			}
			if st := send.Stats(); st.ReplayersUp != tt.up || st.ReplayersDown != tt.down {
				t.Errorf("%d up, %d down", st.ReplayersUp, st.ReplayersDown)
			}
			send.Close(t.Context())
			if st := send.Stats(); st.ReplayersUp+st.ReplayersDown != 0 {
				t.Errorf("at the end %d up, %d down", st.ReplayersUp, st.ReplayersDown)
			}
			cancel()
			<-ended
		})
	}
}
