package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each order is carried out once, answered and, if it changes something, logged with who
// gave it; what cannot be done is an error.
func TestOrders(t *testing.T) {
	path := somewhere(t)
	s := newStation(t, path)
	for _, tt := range []struct {
		words  string
		done   string // "": nothing
		answer string // of an error behind a "!"
	}{
		{"status", "", "all is well"},
		{"limit t 10%", "limit t 10%", "t: the limit is 10% now; it was 10"},
		{"pause t", "pause t", "t is paused"},
		{"resume t", "resume t", "t is resumed"},
		{"pause x", "", "!gor replay: there is no target x"},
		{`deny-path ^/a|"b`, `deny ^/a|"b`, `requests whose path matches ^/a|"b are filtered from now on`},
		{"drain", "drain", "it takes nothing new, delivers what it holds, and ends"},
		{"explain on", "", "!gor replay: it has no explain"},
		{"explain", "", `!give "explain on|off"`},
		{"limit t", "", `!give "limit TARGET N|N%|off"`},
		{"stop", "", `!there is no "stop": use status, limit, pause, resume, deny-path, drain or explain`},
	} {
		before := strings.Count(s.log.String(), "changed by gor ctl")
		a, err := Ask(path, strings.Fields(tt.words))
		s.mu.Lock()
		done := s.done
		s.done = nil
		s.mu.Unlock()
		if strings.Join(done, ", ") != tt.done {
			t.Errorf("%s: %q was done, want %q", tt.words, done, tt.done)
		}
		got := ""
		if err != nil {
			got = "!" + err.Error()
		} else {
			got = a.Text
		}
		if got != tt.answer {
			t.Errorf("%s: %q, want %q", tt.words, got, tt.answer)
		}
		changes := strings.Count(s.log.String(), "changed by gor ctl") - before
		if (changes == 1) != (tt.done != "") {
			t.Errorf("%s: %d changes logged", tt.words, changes)
		}
	}
	if a, err := Ask(path, []string{"status"}); err != nil || string(a.Data) != `{"ready":true}` {
		t.Errorf("status: %+v, %v", a, err)
	}
	if want := fmt.Sprintf(`order="pause t" result="t is paused" uid=%d pid=%d`, os.Geteuid(), os.Getpid()); !strings.Contains(s.log.String(), want) {
		t.Errorf("the log lacks %s:\n%s", want, s.log)
	}
}

// A command without targets says so, and one that can explain does.
func TestListenersOrders(t *testing.T) {
	explained := []bool{}
	c := &Controls{Explain: func(on bool) { explained = append(explained, on) }}
	for _, tt := range []struct{ words, want string }{
		{"limit t 1", "it has no targets"}, {"pause t", "it has no targets"}, {"deny-path x", "it has no deny-path"},
		{"explain on", ""}, {"explain off", ""}, {"explain maybe", `explain "maybe": give on or off`},
	} {
		if a, changed := c.do(strings.Fields(tt.words)); a.Error != tt.want || changed != (tt.want == "") {
			t.Errorf("%s: %+v, changed: %t", tt.words, a, changed)
		}
	}
	if !slices.Equal(explained, []bool{true, false}) {
		t.Errorf("%v", explained)
	}
}

// exchange sends bytes as they are and returns what comes back.
func exchange(t *testing.T, path string, question []byte) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	conn.Write(question) // it may hang up in the middle
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// What is no question is told so, or gets nothing; the next client is none the worse.
func TestNoQuestions(t *testing.T) {
	path := somewhere(t)
	newStation(t, path)
	long, err := json.Marshal([]string{"deny-path", strings.Repeat("x", maxQuestion)})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ question, want string }{
		"nothing":        {"\n", "JSON array"},
		"no JSON":        {"status\n", "JSON array"},
		"an object":      {"{}\n", "JSON array"},
		"no words":       {"[]\n", "JSON array"},
		"numbers":        {"[1]\n", "JSON array"},
		"deep":           {strings.Repeat("[", 5000) + "\n", "JSON array"},
		"too long":       {string(long) + "\n", "JSON array"},
		"without end":    {strings.Repeat("x", maxQuestion+1), "JSON array"},
		"half a line":    {`["sta`, ""},
		"a second order": {"[\"status\"]\n[\"drain\"]\n", "all is well"},
	} {
		if got := exchange(t, path, []byte(tt.question)); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %.200q", name, got)
		}
		if _, err := Ask(path, []string{"status"}); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	if _, err := Ask(path, []string{"deny-path", strings.Repeat("x", maxQuestion)}); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a question that is too long: %v", err)
	}
}

// Clients that say nothing hold up others for as long as the patience with them, and the
// end of the command not at all.
func TestSilentClients(t *testing.T) {
	path := somewhere(t)
	s := newStation(t, path)
	silent := func() {
		for range maxClients {
			conn, err := net.Dial("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { conn.Close() })
		}
	}
	silent()
	if a, err := Ask(path, []string{"status"}); err != nil || a.Text != "all is well" {
		t.Fatalf("%+v, %v", a, err)
	}
	s.Close()
	s = newStation(t, path, func(s *Server) { s.patience = time.Hour })
	silent()
	began := time.Now()
	s.Close()
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("the end took %v", d)
	}
}

// A client that does not take its answer is given up.
func TestDeafClient(t *testing.T) {
	near, far := socketPair(t)
	defer far.Close()
	s := &Server{cfg: Config{Log: newStation(t, somewhere(t)).cfg.Log}, patience: 100 * time.Millisecond}
	done := make(chan struct{})
	go func() {
		s.send(near, Answer{Text: strings.Repeat("x", 8<<20)})
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Error("it waits")
	}
}

// socketPair are two ends that are connected.
func socketPair(t *testing.T) (near, far *net.UnixConn) {
	t.Helper()
	path := somewhere(t)
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return a.(*net.UnixConn), b.(*net.UnixConn)
}

// A command without a socket needs no care.
func TestNoServer(t *testing.T) {
	var s *Server
	s.Start(Controls{})
	s.Close()
}

func FuzzQuestion(f *testing.F) {
	for _, s := range []string{"[\"status\"]\n", "[\"limit\",\"t\",\"10%\"]\n", "[]\n", "[\"a\"", "\x00\n", "[\"\\ud800\"]\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		words, err := readQuestion(bytes.NewReader(b))
		if err != nil {
			return
		}
		if len(words) == 0 || len(b) > 0 && !bytes.Contains(b, []byte("\n")) {
			t.Fatalf("%q is %q", b, words)
		}
		line, err := json.Marshal(words)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := readQuestion(bytes.NewReader(append(line, '\n'))); len(line) < maxQuestion && (err != nil || !slices.Equal(again, words)) {
			t.Fatalf("%q becomes %q, %v", words, again, err)
		}
		var c Controls
		if Check(words) == nil {
			c.do(words)
		}
	})
}
