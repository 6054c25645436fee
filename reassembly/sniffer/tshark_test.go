package sniffer

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"gor/capture"
)

// TestTshark holds the pairs of request and answer in a recording against those of tshark,
// which knows nothing of ours: the frame with the end of each answer is paired with the
// same request's. There are answers of all kinds, cut nearly anywhere; pipelined ones are
// left out, of which tshark pairs the first with the last request.
func TestTshark(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip(err)
	}
	k, count := newTalk(), 300
	variousExchanges(k, count)
	k.send(true, capture.FIN|capture.ACK, "")
	file := writeFile(t, "talk.pcap", pcapOf(k.packets...))
	theirs := tsharkPairs(t, file)
	same := 0
	o := ReplayOptions{Read: []string{file}, ServerPorts: []uint16{80}, AnswerBody: 1 << 16}
	o.Answer = func(a RecordedAnswer) {
		switch asked, known := theirs[a.Ended]; {
		case a.Missing || !known:
			t.Errorf("request %d: its answer is missing (%t), or is none to tshark", a.Index, a.Missing)
		case !strings.Contains(asked, fmt.Sprintf(" %d ", a.Time)):
			t.Errorf("the answer that ends at %d is to the request of %d, tshark says%s", a.Ended, a.Time, asked)
		default:
			same++
		}
	}
	all, log := readAll(t, o, nil)
	if len(all) != count || same != count {
		t.Errorf("%d requests, %d answers as tshark has them, want %d\n%s", len(all), same, count, log)
	}
}

// variousExchanges adds requests and the answers to them.
func variousExchanges(k *talk, count int) {
	rnd := rand.New(rand.NewPCG(1, 2))
	kinds := []struct{ method, answer string }{
		{"GET", "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\nabcdefghijklmnopqrstuvwxyz"},
		{"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n"},
		{"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
		{"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 26\r\n\r\n"},
		{"GET", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
		{"DELETE", "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
	}
	for i := range count {
		kind := kinds[rnd.IntN(len(kinds))]
		k.ask(fmt.Sprintf("%s /%d HTTP/1.1\r\nHost: a\r\n\r\n", kind.method, i))
		answer := kind.answer
		if cut := rnd.IntN(len(answer)); cut > len("HTTP/1.1 200") && rnd.IntN(2) == 0 {
			k.answer(answer[:cut])
			answer = answer[cut:]
		}
		k.answer(answer)
	}
}

// tsharkPairs are the times of the requests, in nanoseconds, to which tshark says that the
// responses in a frame belong, by the frame's time.
func tsharkPairs(t *testing.T, file string) map[int64]string {
	t.Helper()
	out, err := exec.Command("tshark", "-2", "-r", file, "-Y", "http", "-T", "fields",
		"-e", "frame.time_epoch", "-e", "frame.number", "-e", "http.request_in").Output()
	if err != nil {
		t.Fatal(err)
	}
	times, pairs := map[string]int64{}, map[int64]string{}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		seconds, fraction, _ := strings.Cut(f[0], ".")
		s, _ := strconv.ParseInt(seconds, 10, 64)
		n, err := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		now := s*1e9 + n
		times[f[1]] = now
		for _, frame := range strings.Split(f[2], ",") {
			if frame != "" { // requests have none; those of a response came before
				pairs[now] += fmt.Sprintf(" %d ", times[frame])
			}
		}
	}
	return pairs
}
