package sniffer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gor/capture"
	"gor/reassembly"
	"gor/reassembly/http1"
)

// lines is a log without times whose lines a test reads.
func lines() (*slog.Logger, *strings.Builder) {
	var b strings.Builder
	return slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})), &b
}

// TestTimeline says what came when, and what did not.
func TestTimeline(t *testing.T) {
	const ms = 1_000_000
	for _, tt := range []struct {
		e    reassembly.Explanation
		want string
	}{
		{reassembly.Explanation{Fate: reassembly.Gap, First: 5 * ms, LastByte: 6 * ms, At: 65 * ms, Have: 300, Missing: 200, Whole: 1000,
			Behind: []reassembly.Piece{{Offset: 500, Len: 300, Time: 7 * ms}, {Offset: 900, Len: 100, Time: 9 * ms}}},
			"+0s 0-299 until +1ms, 300-499 never came (200 bytes), +2ms 500-799 waited, 800-899 missing too, +4ms 900-999 waited, +60ms gap"},
		{reassembly.Explanation{Fate: reassembly.Aborted, First: 5 * ms, LastByte: 5 * ms, At: 5*ms + 123456, Have: 1}, "+0s byte 0, +123µs aborted"},
		{reassembly.Explanation{Fate: reassembly.Gap, First: 5, At: 3, Missing: 1}, "byte 0 never came (1 bytes), +0s gap"},
	} {
		if got := timeline(&tt.e); got != tt.want {
			t.Errorf("%s\nwant\n%s", got, tt.want)
		}
	}
}

// Every fate but that of what is handed on has its reason.
func TestReasons(t *testing.T) {
	for i, name := range (reassembly.Fates{}).Names() {
		if _, known := reasons[reassembly.Fate(i)]; known != (reassembly.Fate(i) != reassembly.Sent) {
			t.Errorf("%s has a reason: %v", name, known)
		}
	}
	e := &reassembly.Explanation{Fate: reassembly.Malformed, Reason: http1.ReasonTwoLengths, Guessed: true}
	if got := reason(e); !strings.Contains(got, "two lengths that differ") || !strings.Contains(got, "joined in the middle") {
		t.Error(got)
	}
	if got := requestLine(e); !strings.Contains(got, "not even") {
		t.Error(got)
	}
}

// The log is bounded in rate, and says how many requests it left out.
func TestExplainRate(t *testing.T) {
	log, said := lines()
	now := time.Unix(100, 0)
	x := &explainer{log: log, now: func() time.Time { return now }}
	tell := func(n int) {
		for range n {
			x.explain(&reassembly.Explanation{Fate: reassembly.Filtered, Line: []byte("GET /\x1b HTTP/1.1"), Have: 10})
		}
	}
	shown := func() (n int) {
		n = strings.Count(said.String(), `msg="not handed on"`)
		if strings.ContainsRune(said.String(), '\x1b') {
			t.Errorf("what steers a terminal is not escaped: %q", said.String())
		}
		return n
	}
	tell(1000)
	if n := shown(); n != explainBurst || strings.Contains(said.String(), "not_shown") {
		t.Fatalf("%d shown at once:\n%s", n, said)
	}
	now = now.Add(time.Second)
	said.Reset()
	tell(30)
	if n := shown(); n != explainRate || strings.Count(said.String(), "not_shown=900") != 1 {
		t.Errorf("%d shown a second later:\n%s", n, said)
	}
	said.Reset()
	x.sayLeft()
	x.sayLeft()
	if strings.Count(said.String(), "not_shown=10\n") != 1 {
		t.Errorf("at the end it says\n%s", said)
	}
	now = now.Add(time.Hour)
	said.Reset()
	tell(1000)
	if n := shown(); n != explainBurst {
		t.Errorf("%d shown an hour later", n)
	}
}

// A Sniffer explains from its beginning where it is told to, and begins and ends to
// while it runs, from any goroutine.
func TestSetExplain(t *testing.T) {
	log, said := lines()
	src := newFakeSource(false, io.EOF)
	taken := make(chan bool)
	s := New(Config{Source: src, Logger: log, Decoder: capture.DecoderConfig{Ports: []uint16{80}}, Consumers: []Consumer{Filter(func(*http1.Message, []byte) bool {
		taken <- true
		return false
	})}})
	ended := make(chan error)
	go func() { ended <- s.Run(context.Background()) }()
	at, st := time.Unix(1_700_000_000, 0), stream{}
	request := func(n int) {
		src.packets <- st.data(at, fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: a\r\n\r\n", n))
		<-taken
	}
	request(1)
	s.SetExplain(true)
	request(2) // the loop may wait for this one already
	request(3)
	s.SetExplain(false)
	request(4)
	request(5)
	close(src.packets)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for n, want := range map[int]bool{1: false, 3: true, 5: false} {
		if got := strings.Contains(said.String(), fmt.Sprintf(`request="GET /%d HTTP/1.1"`, n)); got != want {
			t.Errorf("request %d is explained: %v\n%s", n, got, said)
		}
	}
	if !strings.Contains(said.String(), "fate=filtered") || !strings.Contains(said.String(), "client=10.0.0.1:40000") {
		t.Errorf("it says\n%s", said)
	}
}
