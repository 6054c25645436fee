package capture

import (
	"encoding/binary"
	"strings"
	"testing"
)

// A step of a connection, as a witness sees it.
type step struct {
	who   string // "right" and "wrong" are the client's sums; "ack" is the server
	seq   uint32
	count int
}

// TestWitness: what was acknowledged though only wrong sums had come was read;
// what came again was not.
func TestWitness(t *testing.T) {
	const top = 0xffffff00 // numbers wrap soon
	for _, tt := range []struct {
		name               string
		steps              []step
		believed, replaced int
	}{
		{"acknowledged", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"ack", 150, 0}}, 1, 0},
		{"acknowledged across the end of the numbers", []step{{"right", top, 1}, {"wrong", top + 1, 500}, {"ack", 501 - 256, 0}}, 1, 0},
		{"joined in the middle", []step{{"wrong", 100, 50}, {"ack", 150, 0}}, 1, 0},
		{"acknowledged in part", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"ack", 120, 0}}, 0, 0},
		{"sent again", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"right", 100, 50}, {"ack", 150, 0}}, 0, 1},
		{"sent again in part", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"right", 90, 11}, {"ack", 150, 0}}, 0, 1},
		{"followed by other data", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"right", 150, 50}, {"ack", 200, 0}}, 1, 0},
		{"a damaged repetition", []step{{"right", 99, 1}, {"right", 100, 50}, {"wrong", 100, 50}, {"ack", 150, 0}}, 0, 0},
		{"acknowledged before", []step{{"ack", 150, 0}, {"wrong", 100, 50}, {"ack", 150, 0}}, 0, 0},
		{"never acknowledged", []step{{"right", 99, 1}, {"wrong", 100, 50}, {"ack", 100, 0}, {"ack", 100, 0}}, 0, 0},
		{"nothing in it", []step{{"right", 99, 1}, {"wrong", 100, 0}, {"ack", 100, 0}}, 0, 0},
		{"two of one connection", []step{{"wrong", 100, 50}, {"wrong", 150, 50}, {"ack", 200, 0}, {"wrong", 200, 5}, {"ack", 205, 0}}, 2, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &witness{watched: map[connection]*watched{}}
			for _, s := range tt.steps {
				if s.who == "ack" {
					w.acknowledged(connection{}, s.seq)
				} else {
					w.sent(connection{}, s.seq, s.count, s.who == "right")
				}
			}
			if w.believed != tt.believed || w.replaced != tt.replaced {
				t.Errorf("believed %d, replaced %d, want %d and %d", w.believed, w.replaced, tt.believed, tt.replaced)
			}
		})
	}
}

// TestWitnessLimit: connections beyond the limit are not watched.
func TestWitnessLimit(t *testing.T) {
	w := &witness{watched: map[connection]*watched{}}
	for i := range 2 * maxWatched {
		c := connection{client: Endpoint{Addr: [16]byte{byte(i), byte(i >> 8)}}}
		w.sent(c, 100, 50, false)
		w.acknowledged(c, 150)
	}
	if len(w.watched) != maxWatched || w.believed != maxWatched {
		t.Errorf("%d watched, %d believed", len(w.watched), w.believed)
	}
}

// talk is a packet of a conversation whose checksum is right or not: from the
// client 10.0.0.1:40000 to 10.0.0.2:80, or back.
func talk(fromClient bool, seq, ack uint32, flags Flags, data string, right bool) []byte {
	tcp := tcpBytes(80, flags, data)
	if !fromClient {
		binary.BigEndian.PutUint16(tcp, 80)
		binary.BigEndian.PutUint16(tcp[2:], 40000)
	}
	binary.BigEndian.PutUint32(tcp[4:], seq)
	binary.BigEndian.PutUint32(tcp[8:], ack)
	b := ip4Bytes(6, 0, 1, tcp)
	if !fromClient {
		copy(b[12:], []byte{10, 0, 0, 2, 10, 0, 0, 1})
		b = cat(b[:24], tcpSum(b[24:], b[12:20]))
	}
	if !right {
		b[24+16] ^= 8
	}
	return b
}

// TestFileWitness: by what the server acknowledges a file shows whether its one
// wrong sum is damage, although all others are right.
func TestFileWitness(t *testing.T) {
	good, bad := "POST / HTTP/1.1\r\n\r\namount=100", "POST / HTTP/1.1\r\n\r\namount=900"
	n := uint32(len(good))
	start := [][]byte{
		talk(true, 999, 0, SYN, "", true), talk(false, 4999, 1000, SYN|ACK, "", true),
		talk(true, 1000, 5000, ACK, "", true), talk(true, 1000, 5000, ACK|PSH, bad, false),
	}
	again := talk(true, 1000, 5000, ACK|PSH, good, true)
	read := talk(false, 5000, 1000+n, ACK, "", true)
	end := talk(true, 1000+n, 5000, FIN|ACK, "", true)
	for _, tt := range []struct {
		name         string
		rest         [][]byte
		bad, ignored uint64
	}{
		{"sent again", [][]byte{again, read, end}, 1, 0},
		{"acknowledged", [][]byte{read, end}, 0, 1},
		{"neither", [][]byte{end}, 1, 0},
	} {
		packets := append(append([][]byte{}, start...), tt.rest...)
		if st := decodeFile(t, pcapOf(packets...), true); st.BadChecksum != tt.bad || st.ChecksumIgnored != tt.ignored {
			t.Errorf("%s: %+v", tt.name, st)
		}
		// Behind the first megabyte nobody looks ahead.
		filler := talk(true, 1, 5000, ACK, strings.Repeat("x", 60_000), true)
		late := append([][]byte{}, start[:1]...)
		for range 20 {
			late = append(late, filler)
		}
		if st := decodeFile(t, pcapOf(append(late, packets...)...), true); st.BadChecksum != 1 || st.ChecksumIgnored != 0 {
			t.Errorf("%s, late in the file: %+v", tt.name, st)
		}
	}
}
