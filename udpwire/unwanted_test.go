package udpwire

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestUnwantedResponses: a replayer that wants production's responses gets them, and is told of each request that one
// follows; one that does not want them, or does not know of them, gets none and is told nothing that it may not know,
// and the user is told, once.
func TestUnwantedResponses(t *testing.T) {
	for _, wanted := range []bool{true, false} {
		t.Run(fmt.Sprintf("wanted: %t", wanted), func(t *testing.T) {
			var log bytes.Buffer
			w := newSea(t, 5, "")
			w.send.fleet.cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			a := seaAddr(1)
			w.start(a, 1)
			h := w.host(a).recv
			if h.cfg.Responses = wanted; wanted {
				h.responder.flags = welcomeResponses
			}
			var got []string
			h.handle = func(m *Message) { got = append(got, fmt.Sprint(m.Kind, m.Index, m.Answered)) }
			request, response := &Message{User: 3, Index: 1, Answered: true, Time: w.now}, &Message{Kind: KindResponse, User: 3, Index: 1, Time: w.now}
			early := w.send.Send(request) // nobody has answered yet
			w.resolve(a)
			w.run(1000 * ms)
			for range 2 {
				request.Index++
				response.Index++
				early = errors.Join(early, w.send.Send(request))
				if err := w.send.Send(response); errors.Is(err, ErrUnwanted) == wanted || wanted && err != nil {
					t.Errorf("a response: %v", err)
				}
			}
			w.send.Flush()
			w.run(1000 * ms)
			want := "0 1 true, 0 2 true, 1 2 false, 0 3 true, 1 3 false"
			if !wanted {
				want = "0 1 false, 0 2 false, 0 3 false"
			}
			if all := strings.Join(got, ", "); early != nil || all != want || h.past.MessagesUnknown != 0 {
				t.Errorf("%v; %s, want %s; %d skipped", early, all, want, h.past.MessagesUnknown)
			}
			told, st := strings.Count(log.String(), "responses are not sent there"), w.send.Stats()
			if told != map[bool]int{false: 1}[wanted] || st.MessagesSent != uint64(len(got)) || st.QueueFull+st.TooLarge != 0 {
				t.Errorf("told %d times; %+v\n%s", told, st, log.String())
			}
		})
	}
}
