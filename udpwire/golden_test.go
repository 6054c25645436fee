package udpwire

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden datagrams anew")

// golden are datagrams of each kind, as bytes to be sealed: header, body and, when there is a secret, a tag's room.
func golden(sealed bool) map[string][]byte {
	tag, flags := 0, uint8(0)
	if sealed {
		tag, flags = tagSize, flagSealed
	}
	datagram := func(k kind, session, number uint64, body []byte) []byte {
		d := make([]byte, headerSize, headerSize+len(body)+tag)
		header{kind: k, flags: flags, session: session, number: number}.put(d)
		return append(append(d, body...), make([]byte, tag)...)
	}
	ask := hello{random: goldenListener}
	answer := welcome{asked: goldenListener, public: goldenReplayer, session: 0x1122334455667788, instance: 0x3132333435363738, window: 4 << 20}
	beat := heartbeat{time: 1700000000000000000, oldest: 2, highest: 4, messages: 3, bytes: 2061, dropped: 7, answer: 0x4142434445464748}
	rep := report{echo: 1700000000000000000, size: 1452, challenge: 0x4142434445464748, creditMessages: 1000, creditBytes: noBound, next: 2, highest: 4, window: 4 << 20, load: 25, messages: 2, bytes: 61,
		missing: []span{{2, 1}, {5, 3}}}
	get := Message{Kind: 1, Proto: 1, User: 0xFEDCBA, Conn: 0xABCDEF, Index: 5, Time: 1700000000123456789,
		Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.MustParseAddrPort("192.0.2.2:80"), Body: []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}
	six := get
	six.Src, six.Dst = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:80")
	six.Index, six.Body = 6, []byte("PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n")
	data := []byte{0, 0, 0, 0, 0, 0, 0, 1}
	data = append(appendHead(data, &get, 0), get.Body...)
	data = append(appendHead(data, &six, 1), six.Body...)
	data = append(data, make([]byte, 20)...) // padding
	long := get
	long.Index, long.Body = 7, bytes.Repeat([]byte("0123456789"), 200)
	frame := append(appendHead(nil, &long, 1), long.Body...)
	first := append(appendFragmentHead([]byte{0, 0, 0, 0, 0, 0, 0, 3}, 1404, 0, len(frame)), frame[:1404]...)
	second := append(appendFragmentHead([]byte{0, 0, 0, 0, 0, 0, 0, 3}, len(frame)-1404, 1404, len(frame)), frame[1404:]...)
	const session = 0x1122334455667788
	return map[string][]byte{
		"hello":           datagram(kindHello, 0x0102030405060708, 0x1112131415161718, append(ask.append(nil), make([]byte, maxControl-headerSize-helloSize-tag)...)),
		"welcome":         datagram(kindWelcome, 0x0102030405060708, 0x2122232425262728, answer.append(nil)),
		"data_messages":   datagram(kindData, session, 1, data),
		"data_fragment_1": datagram(kindData, session, 2, first),
		"data_fragment_2": datagram(kindData, session, 3, second),
		"heartbeat":       datagram(kindHeartbeat, session, 1, beat.append(nil)),
		"report":          datagram(kindReport, session, 1, rep.append(nil)),
		"gone":            datagram(kindGone, session, 2, (&gone{numbers: []span{{2, 1}}}).append(nil)),
		"bye_of_listener": datagram(kindBye, session, 3, beat.append(nil)),
		"bye_of_replayer": datagram(kindBye, session, 2, rep.append(nil)),
		"data_new_key":    datagram(kindData, session, 1<<epochBits, data),
	}
}

const goldenSecret = "correct horse battery staple"

var (
	goldenListener = [32]byte{0: 1, 31: 2}
	goldenReplayer = [32]byte{0: 3, 31: 4}
)

// sealGolden seals a golden datagram as its sender would.
func sealGolden(t *testing.T, d []byte, name string) {
	keys := keyringOf(t, goldenSecret)
	if k := kind(d[4]); k == kindHello || k == kindWelcome {
		keys.sealHandshake(d)
		return
	}
	both := goldenKeys(t)
	if k := kind(d[4]); k == kindReport || name == "bye_of_replayer" {
		both[1].seal(d)
		return
	}
	both[0].data.highest = 0
	if strings.HasSuffix(name, "new_key") {
		both[0].data.highest = 1
	}
	both[0].seal(d)
}

func goldenKeys(t *testing.T) [2]*sealer {
	both, err := keyringOf(t, goldenSecret).session(goldenListener, goldenReplayer)
	if err != nil {
		t.Fatal(err)
	}
	return both
}

// TestGolden holds the format: a datagram of each kind, plain and sealed, must never change within a version.
func TestGolden(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		for name, d := range golden(sealed) {
			plain := bytes.Clone(d)
			if sealed {
				sealGolden(t, d, name)
				name += "_sealed"
			}
			t.Run(name, func(t *testing.T) {
				path := filepath.Join("..", "testdata", "wire", name+".hex")
				if *update {
					if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, []byte(dump(d)), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				want := undump(t, string(text))
				if !bytes.Equal(d, want) {
					t.Fatalf("encoded as\n%swant\n%s", dump(d), text)
				}
				if sealed {
					openGolden(t, want, plain, strings.TrimSuffix(name, "_sealed"))
				}
			})
		}
	}
}

// openGolden checks that the recorded datagram opens to the plain one, and not after any change.
func openGolden(t *testing.T, d, plain []byte, name string) {
	open := func(d []byte) ([]byte, bool) {
		switch k := kind(d[4]); {
		case k == kindHello || k == kindWelcome:
			return keyringOf(t, goldenSecret).openHandshake(d)
		case k == kindReport || name == "bye_of_replayer":
			return goldenKeys(t)[1].open(d)
		}
		return goldenKeys(t)[0].open(d)
	}
	for i := 0; i < len(d)*8; i += 37 {
		if i/8 == 4 {
			continue // the kind says which key it is; whoever gets it decides by it
		}
		changed := bytes.Clone(d)
		changed[i/8] ^= 1 << (i % 8)
		if _, ok := open(changed); ok {
			t.Errorf("opens with bit %d changed", i)
		}
	}
	body, ok := open(bytes.Clone(d))
	if !ok || !bytes.Equal(body, plain[headerSize:len(plain)-tagSize]) {
		t.Errorf("does not open to what was sealed (%t)", ok)
	}
}

// dump writes bytes as hexadecimal, 32 in a line.
func dump(d []byte) string {
	var b strings.Builder
	for i := 0; i < len(d); i += 32 {
		fmt.Fprintf(&b, "%x\n", d[i:min(i+32, len(d))])
	}
	return b.String()
}

func undump(t *testing.T, text string) []byte {
	d, err := hex.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return d
}
