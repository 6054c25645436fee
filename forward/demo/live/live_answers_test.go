//go:build linux

package live

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gor/capture"
)

// TestLiveAnswers pairs every answer of a real server with its request, whatever kind
// it is of, from two clients, by IPv4 and IPv6: heads alone, with bodies, and of a
// share of the connections.
func TestLiveAnswers(t *testing.T) {
	for _, tt := range []struct {
		share float64
		args  []string
	}{
		{1, []string{"--responses", "100%"}},
		{0.5, []string{"--responses", "50%"}},
		{1, []string{"--responses", "100%", "--response-body", "16KiB"}},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			t.Parallel()
			needTools(t, "curl")
			m := newMirror(t)
			truth := m.startAnswering()
			h := m.receiveHalves()
			tape := filepath.Join(t.TempDir(), "tape.pcap")
			m.listen(append(tt.args, "--write", tape)...)
			four, six := variety{m: m, host: webAddr, name: "four", workers: 6, each: 80}, variety{m: m, host: "[fd99:1::1]:80", name: "six", workers: 6, each: 80}
			four.run()
			for i := range 10 { // what curl does on one connection
				args := []string{"-sS", "-o", "/dev/null"}
				if i%3 == 0 {
					args = append(args, "-I")
				}
				for j, path := range []string{"/text", "/none", "/file", "/packed", "/huge", "/missing"} {
					args = append(args, "--compressed", fmt.Sprintf("http://10.99.1.1%s?id=curl-%d-%d", path, i, j), "-o", "/dev/null")
				}
				m.client.command("curl", args...)
			}
			six.run()
			share := capture.ShareOf(tt.share)
			inShare := func(a netip.AddrPort) bool { e := capture.EndpointOf(a); return share.Has(&e) }
			h.await(len(truth()), 1)
			m.listener.interrupt()
			h.stop()
			h.check(truth(), inShare)
			if heads := recordedHeads(t, tape); heads != len(h.responses) {
				t.Errorf("the recording has %d heads, want %d", heads, len(h.responses))
			}
			a := finalAccounts(t, m.listener)
			if t.Failed() || a.Kernel["answer_drops"] != 0 || a.Kernel["answer_packets"] == 0 || a.Responses["sent"] != uint64(len(h.responses)) {
				t.Errorf("%v %v %v %v", a.Kernel, a.Requests, a.Answers, a.Responses)
			}
		})
	}
}

// recordedHeads counts the answers' heads in a recording, each once, however often it
// was sent: those that were cut say so.
func recordedHeads(t *testing.T, name string) int {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	src, err := capture.OpenFile(f)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	type head struct {
		client capture.Endpoint
		seq    uint32
	}
	heads, cut := map[head]bool{}, 0
	d, segs := capture.NewDecoder(capture.DecoderConfig{Ports: []uint16{80}, Answers: true}), make([]capture.Segment, 64)
	for {
		n, err := src.Next(d, segs)
		for _, s := range segs[:n] {
			if s.FromServer && bytes.Contains(s.Payload, []byte("\r\nX-Id: ")) { // the file's own content begins like a head, too
				heads[head{s.Dst, s.Seq}] = true
			}
			if s.FromServer && s.Cut > 0 {
				cut++
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if cut == 0 {
		t.Error("nothing in the recording says that it was cut")
	}
	return len(heads)
}
