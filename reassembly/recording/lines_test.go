package recording

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"gor/capture"
	"gor/reassembly"
)

// readLines reads a list of requests and returns them, and what was logged.
func readLines(t testing.TB, text string, max int64) (all []reassembly.Listed, log string, bad uint64) {
	t.Helper()
	var said bytes.Buffer
	s, err := Open(Config{
		Names: []string{Stdin}, Stdin: strings.NewReader(text), MaxRequest: max, Logger: slog.New(slog.NewTextHandler(&said, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	d, segs := capture.NewDecoder(capture.DecoderConfig{AnyPort: true}), make([]capture.Segment, 1)
	for err == nil {
		_, err = s.Next(d, segs)
		if l := s.Listed(); l != nil {
			all = append(all, *l)
		}
	}
	if err != io.EOF {
		t.Fatal(err)
	}
	return all, said.String(), s.Stats().BadLines
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestLines(t *testing.T) {
	alone := func(line int) uint64 { return mix(hash(Stdin) + uint64(line)) }
	for _, tt := range []struct {
		name string
		text string
		want []reassembly.Listed // Raw is "x"
		bad  uint64
		warn string
	}{
		{
			name: "as gor prints it",
			text: `{"conn":"0b9a8c7d6e5f4a3b","index":7,"user":"00000000000000ff","host":"a","time":"2026-11-27T15:00:00.123456789Z","client":"10.0.0.1:4000","server":"[2001:db8::1]:80","method":"GET","raw":"eA=="}` + "\n",
			want: []reassembly.Listed{{
				Conn: 0x0b9a8c7d6e5f4a3b, Index: 7, User: 255, Time: 1795791600123456789,
				Client: capture.EndpointOf(addrPort("10.0.0.1:4000")), Server: capture.EndpointOf(addrPort("[2001:db8::1]:80")),
			}},
		},
		{
			name: "only what must be there",
			text: `{"raw":"eA=="}` + "\n\n" + ` { "raw" : "eA==" , "other" : [ { } ] } ` + "\r\n" + `{"raw":"eA==","conn":null,"user":"","time":"","client":"hidden"}`,
			want: []reassembly.Listed{
				{Conn: alone(1), User: alone(1), Index: 1}, {Conn: alone(3), User: alone(3), Index: 3}, {Conn: alone(4), User: alone(4), Index: 4},
			},
		},
		{
			name: "a connection without numbers, a user of one's own",
			text: `{"raw":"eA==","conn":"1f","user":"alice"}` + "\n" + `{"raw":"eA==","conn":31}` + "\n" + `{"raw":"eA==","conn":"1f","index":0}`,
			want: []reassembly.Listed{{Conn: 31, User: hash("alice"), Index: 1}, {Conn: 0x31, User: 0x31, Index: 2}, {Conn: 31, User: 31}},
		},
		{
			name: "times",
			text: `{"raw":"eA==","conn":"1","index":1,"time":"1970-01-01T01:00:01+01:00"}` + "\n" + `{"raw":"eA==","conn":"1","index":2}`,
			want: []reassembly.Listed{{Conn: 1, User: 1, Index: 1, Time: second}, {Conn: 1, User: 1, Index: 2, Time: second}},
		},
		{
			name: "as jq prints it",
			text: "{\n  \"conn\": \"1\",\n  \"index\": 1,\n  \"raw\": \"eA==\"\n}\n{\n  \"raw\": \"eA==\", \"conn\": {\n}\n}\n{}\n",
			want: []reassembly.Listed{{Conn: 1, User: 1, Index: 1}}, bad: 3, warn: "line 6 is no request",
		},
		{name: "no raw", text: `{"conn":"1"}` + "\n" + `{"raw":null}`, bad: 2, warn: "line 1 is no request: it lacks raw"},
		{name: "no base64", text: "\n" + `{"raw":"="}`, bad: 1, warn: "line 2 is no request"},
		{name: "raw is a number", text: `{"raw":7}`, bad: 1, warn: "raw is a number: another type is expected"},
		{name: "no time", text: `{"raw":"eA==","time":"yesterday"}`, bad: 1, warn: "is not like 2006-01-02T15:04:05"},
		{name: "a negative index", text: `{"raw":"eA==","index":-1}`, bad: 1, warn: "index is a number -1"},
		{name: "conn is a list", text: `{"raw":"eA==","conn":[1]}`, bad: 1, warn: "neither a string nor a number"},
		{name: "cut", text: `{"raw":"eA==","conn":"1","index":1}` + "\n" + `{"raw":"eA=`, want: []reassembly.Listed{{Conn: 1, User: 1, Index: 1}}, bad: 1, warn: "line 2 is no request: not JSON"},
		{name: "an object that does not end", text: "{\n\"raw\":\"eA==\"\n", bad: 1, warn: "line 1 is no request: not JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, log, bad := readLines(t, tt.text, 1<<20)
			for i := range got {
				if string(got[i].Raw) != "x" {
					t.Errorf("raw %q", got[i].Raw)
				}
				got[i].Raw = nil
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) || bad != tt.bad {
				t.Errorf("got  %v, %d bad\nwant %v, %d bad", got, bad, tt.want, tt.bad)
			}
			if !strings.Contains(log, tt.warn) || strings.Count(log, "is no request") != int(min(bad, 1)) {
				t.Errorf("log %q lacks %q", log, tt.warn)
			}
			if several := bad > 1; several != strings.Contains(log, fmt.Sprintf("%d of its lines are no requests", bad)) {
				t.Errorf("log %q", log)
			}
		})
	}
}

// TestLongLines: a request of the largest size is read, and what is longer is
// passed over without being held.
func TestLongLines(t *testing.T) {
	const max = 1 << 20
	raw := b64(strings.Repeat("x", max))
	long := `{"raw":"` + strings.Repeat("A", 8<<20) + `"}`
	got, log, bad := readLines(t, long+"\n"+`{"raw":"`+raw+`"}`+"\n"+long+"\n"+`{"raw":"eA=="}`+"\n"+long, max)
	if len(got) != 2 || len(got[0].Raw) != max || bad != 3 || !strings.Contains(log, "line 1 is no request: longer than") {
		t.Errorf("%d requests, %d bad, log %q", len(got), bad, log)
	}
}

// TestJudged: that a filter has spoiled a request is said with the line's number.
func TestJudged(t *testing.T) {
	var said bytes.Buffer
	s, err := Open(Config{Names: []string{Stdin}, Stdin: strings.NewReader(strings.Repeat(`{"raw":"eA=="}`+"\n", 5)), Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	d, segs := capture.NewDecoder(capture.DecoderConfig{AnyPort: true}), make([]capture.Segment, 1)
	for _, fate := range []reassembly.Fate{reassembly.Sent, reassembly.TooLarge, reassembly.Malformed, reassembly.Aborted, reassembly.Malformed} {
		s.Next(d, segs)
		s.Judged(fate)
	}
	if log := said.String(); strings.Count(log, "\n") != 1 || !strings.Contains(log, "-: line 3: raw is not one whole request (malformed)") {
		t.Errorf("log %q", log)
	}
}

// FuzzLines: whatever a line is, each counts once, and what gor prints is read.
func FuzzLines(f *testing.F) {
	f.Add(`{"raw":"eA==","conn":"1","index":3,"time":"2026-11-27T15:00:00Z","client":"1.2.3.4:5","server":"[::1]:80"}`)
	f.Add("{\n\"raw\": \"\"\n}")
	f.Add(`{"raw":null,"conn":-1e9}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, _, bad := readLines(t, `{"raw":"eA=="}`+"\n"+text+"\n"+`{"raw":"eQ==","index":5}`+"\n", 1<<10)
		if lines := uint64(2 + strings.Count(text, "\n") + 1); uint64(len(got))+bad > lines {
			t.Errorf("%d requests and %d bad lines of %d", len(got), bad, lines)
		}
		if len(got) == 0 || string(got[0].Raw) != "x" {
			t.Errorf("the first of %d was lost", len(got))
		}
		if last := got[len(got)-1]; !strings.Contains(text, "{") && (string(last.Raw) != "y" || last.Index != 5) {
			t.Errorf("the last was lost: %+v", last)
		}
	})
}

// FuzzSet: whatever a file is, reading it ends, and that of the file beside it too.
func FuzzSet(f *testing.F) {
	f.Add(pcap(packet{1, 1, 1, get("1")}, packet{2, 1, 100, get("2")}))
	f.Add(pcapng(packet{1, 1, 1, get("1")}, packet{2, 1, 100, get("2")}))
	f.Add(append(pcap(packet{1, 1, 1, "x"}), pcapng(packet{1, 1, 1, "y"})...))
	f.Add(zip(pcap(packet{1, 1, 1, "x"})))
	f.Add([]byte(line(1, "x", "")))
	other := pcap(packet{1.5, 7, 1, "other"})
	f.Fuzz(func(t *testing.T, file []byte) {
		got, _, _, err := drain(t, Config{Names: under(folder(t, map[string][]byte{"a": file, "b": other}), "a", "b")})
		found := false
		for _, i := range got {
			found = found || i == item{1.5, "other"}
		}
		if !found && err == nil {
			t.Error("the other file was not read")
		}
	})
}
