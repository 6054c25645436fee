package sniffer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"gor/capture"
	"gor/reassembly"
)

// pcapOf is a pcap file with nanoseconds that holds the packets.
func pcapOf(packets ...capture.Packet) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	b = binary.LittleEndian.AppendUint32(b, 4<<16|2)
	b = append(b, make([]byte, 8)...)
	b = binary.LittleEndian.AppendUint32(b, 1<<18)
	b = binary.LittleEndian.AppendUint32(b, uint32(capture.LinkRaw))
	for _, p := range packets {
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Time/1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.Time%1e9))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.Data)))
		b = binary.LittleEndian.AppendUint32(b, uint32(p.WireLen))
		b = append(b, p.Data...)
	}
	return b
}

// writeFile makes a file in a folder of the test's own and returns its path.
func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// readAll returns the requests that recordings hold, and what was logged.
func readAll(t *testing.T, o ReplayOptions, stdin io.Reader) (all []Recorded, log string) {
	t.Helper()
	var said bytes.Buffer
	r, err := o.Open(stdin, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	err = r.Run(t.Context(), func(q Recorded) error {
		all = append(all, q)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, said.String()
}

// texts are what requests are.
func texts(all []Recorded) (s []string) {
	for _, q := range all {
		s = append(s, string(q.Raw))
	}
	return s
}

var began = time.Unix(1_700_000_000, 0)

// after is a number of milliseconds behind the beginning.
func after(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }

func TestRecordingOnAnyPort(t *testing.T) {
	s := stream{seq: 7}
	file := writeFile(t, "a.pcap", pcapOf(s.syn(after(0)), s.data(after(1), get(1)), s.data(after(5), get(2))))
	for _, ports := range [][]uint16{nil, {80}} {
		all, _ := readAll(t, ReplayOptions{Read: []string{file}, ServerPorts: ports}, nil)
		if got := texts(all); !slices.Equal(got, []string{get(1), get(2)}) {
			t.Fatalf("ports %v: got %q", ports, got)
		}
		if q := all[1]; q.Time != after(5).UnixNano() || q.Index != 1 || q.Conn != all[0].Conn || q.User == q.Conn || q.User != all[0].User ||
			q.Client.String() != "10.0.0.1:40000" || q.Server.String() != "10.0.0.2:80" {
			t.Errorf("got %+v", q)
		}
	}
	if all, _ := readAll(t, ReplayOptions{Read: []string{file}, ServerPorts: []uint16{81}}, nil); len(all) > 0 {
		t.Errorf("on another port: %q", texts(all))
	}
}

// TestRecordingOfAProxy: that requests went to several ports is said, since a
// proxy's recording has each of them twice.
func TestRecordingOfAProxy(t *testing.T) {
	var packets []capture.Packet
	for port := range uint16(7) {
		for i := range uint32(1 + port%3) {
			p := packet(after(int(port)), 8000+port, 1+i*uint32(len(get(1))), capture.ACK, get(1))
			p.Data[20] += byte(port)      // another client: the same one's would be copies
			p.Data[36], p.Data[37] = 0, 0 // waits for a network card
			packets = append(packets, p)
		}
	}
	file := writeFile(t, "a.pcap", pcapOf(packets...))
	all, log := readAll(t, ReplayOptions{Read: []string{file}}, nil)
	const want = `ports="8002 (3 requests), 8005 (3 requests), 8001 (2 requests), 8004 (2 requests), 8000 (1 requests), 2 more"`
	if len(all) != 13 || strings.Count(log, "\n") != 1 || !strings.Contains(log, want) {
		t.Errorf("%d requests, log %s", len(all), log)
	}
}

// What take fails with ends the reading and is what Run returns.
func TestRecordingsStop(t *testing.T) {
	s := stream{seq: 7}
	file := writeFile(t, "a.pcap", pcapOf(s.syn(after(0)), s.data(after(1), strings.Repeat(get(1), 10))))
	r, err := (&ReplayOptions{Read: []string{file}}).Open(nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	enough, taken := errors.New("enough"), 0
	err = r.Run(t.Context(), func(Recorded) error {
		if taken++; taken == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || taken != 3 {
		t.Errorf("%v after %d, want %v after 3", err, taken, enough)
	}
	if fates := r.Stats().Requests.Fates; fates[reassembly.Sent] != 2 || r.Stats().Requests.Captured != 10 {
		t.Errorf("accounts %+v", fates)
	}
}
