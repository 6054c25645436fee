package sniffer

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"gor/capture"
)

// A talk makes the packets of both ends of a connection, in the order in which they
// are recorded.
type talk struct {
	at        time.Time
	asks, say uint32 // the next sequence numbers of client and server
	packets   []capture.Packet
}

// send adds a packet of the client, or of the server.
func (k *talk) send(server bool, flags capture.Flags, payload string) {
	k.at = k.at.Add(time.Millisecond)
	seq, ack := &k.asks, k.say
	if server {
		seq, ack = &k.say, k.asks
	}
	p := packet(k.at, 80, *seq, flags, payload)
	if server {
		copy(p.Data[12:], []byte{10, 0, 0, 2, 10, 0, 0, 1})
		binary.BigEndian.PutUint16(p.Data[20:], 80)
		binary.BigEndian.PutUint16(p.Data[22:], 40000)
	}
	binary.BigEndian.PutUint32(p.Data[28:], ack)
	binary.BigEndian.PutUint16(p.Data[36:], 0)
	binary.BigEndian.PutUint16(p.Data[36:], checksum(p.Data))
	*seq += uint32(len(payload))
	if flags&(capture.SYN|capture.FIN) != 0 {
		*seq++
	}
	k.packets = append(k.packets, p)
}

// newTalk begins a connection.
func newTalk() *talk {
	k := &talk{at: time.Unix(1700000000, 0), asks: 1000, say: 5000}
	k.send(false, capture.SYN, "")
	k.send(true, capture.SYN|capture.ACK, "")
	return k
}

func (k *talk) ask(payload string)    { k.send(false, capture.ACK, payload) }
func (k *talk) answer(payload string) { k.send(true, capture.ACK, payload) }

// TestRecordedAnswers: a recording hands out its answers, each with the number of its
// request, on whatever port; twice the same where it is read twice.
func TestRecordedAnswers(t *testing.T) {
	k := newTalk()
	k.ask(get(0))
	k.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
	k.answer("lo")
	k.ask("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n")
	k.answer("HTTP/1.1 204 No Content\r\n\r\n")
	k.ask(get(2) + get(3))
	k.answer("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nlong")
	k.answer(" text")
	k.ask(get(4))
	k.answer("HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\ncut")
	k.send(true, capture.FIN|capture.ACK, "")
	want := []string{"0 200 hello whole 5", "1 204  whole 0", "2 404 abc whole 3", "3 500 long  hash 9", "4 503 cut  -1"}
	file := writeFile(t, "both.pcap", pcapOf(k.packets...))
	for _, ports := range [][]uint16{nil, {80}} {
		var got []string
		conns := map[uint64]bool{}
		o := ReplayOptions{Read: []string{file}, ServerPorts: ports, AnswerBody: 5}
		o.Answer = func(a RecordedAnswer) {
			body, _, _ := strings.Cut(string(a.Body), " ")
			s := fmt.Sprint(a.Index, " ", a.Status, " ", body)
			switch {
			case a.Missing:
				s = fmt.Sprint(a.Index, " missing")
			case a.Whole:
				s += " whole"
			case a.Hash != 0:
				s += "  hash"
			default:
				s += " "
			}
			if !bytes.HasPrefix(a.Head, []byte("HTTP/1.1 ")) || !bytes.HasSuffix(a.Head, []byte("\r\n\r\n")) {
				t.Errorf("head %q", a.Head)
			}
			conns[a.Conn] = true
			got = append(got, fmt.Sprint(s, " ", a.BodyLen))
		}
		all, log := readAll(t, o, nil)
		for _, q := range all {
			if !q.Answered || !conns[q.Conn] {
				t.Errorf("%q: answered %v, on another connection than its answer: %v", q.Raw, q.Answered, !conns[q.Conn])
			}
		}
		if len(all) != 5 || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("ports %v: %d requests, answers\n%q, want\n%q\n%s", ports, len(all), got, want, log)
		}
	}
}

// TestRecordingWithoutAnswers: as long as nobody can know that a recording has no
// answers, each request is told that its own is missing; then they are not asked for.
func TestRecordingWithoutAnswers(t *testing.T) {
	var packets []capture.Packet
	var s stream
	for i := range silent + 10 {
		packets = append(packets, s.data(time.Unix(int64(1700000000+i/100), int64(i%100)*1e7), get(i)))
	}
	missing := 0
	o := ReplayOptions{Read: []string{writeFile(t, "clients.pcap", pcapOf(packets...))}}
	o.Answer = func(a RecordedAnswer) {
		if !a.Missing {
			t.Errorf("%+v", a)
		}
		missing++
	}
	all, _ := readAll(t, o, nil)
	for i, q := range all {
		if q.Answered != (i < silent) {
			t.Fatalf("request %d: answered %v", i, q.Answered)
		}
	}
	if len(all) != silent+10 || missing != silent {
		t.Errorf("%d requests, %d answers missing", len(all), missing)
	}
	r, err := (&ReplayOptions{Read: o.Read}).Open(nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Run(t.Context(), func(q Recorded) error {
		if q.Answered {
			t.Error("an answer is announced that nobody takes")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
