package udpwire

import (
	"bytes"
	"crypto/ecdh"
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

const goldenSecret = "correct horse battery staple"

// goldenPrivate are both sides' halves of the key exchange: the listener's, the replayer's.
func goldenPrivate(t testing.TB) (halves [2]*ecdh.PrivateKey) {
	for i := range halves {
		var err error
		if halves[i], err = ecdh.X25519().NewPrivateKey(bytes.Repeat([]byte{byte(1 + i)}, 32)); err != nil {
			t.Fatal(err)
		}
	}
	return halves
}

// goldenKeys are the keys of the session that the golden datagrams belong to, as the replayer makes them.
func goldenKeys(t testing.TB) [2]*sealer {
	halves := goldenPrivate(t)
	public, ours := publicOf(halves[0]), publicOf(halves[1])
	random := goldenRandom()
	both, err := keyringOf(t, goldenSecret).session(halves[1], &public, random[:], public[:], ours[:])
	if err != nil {
		t.Fatal(err)
	}
	return both
}

func goldenRandom() [32]byte { return [32]byte{0: 1, 31: 2} }

// golden are datagrams of each kind.
func golden(t testing.TB, sealed bool) map[string][]byte {
	const session = 0x1122334455667788
	var keys *keyring
	var listener, replayer outgoing
	ask := hello{random: goldenRandom(), flags: helloPatient, cookie: [16]byte{0: 3, 15: 4}}
	response := welcome{asked: ask.random, session: session, instance: 0x3132333435363738, window: 4 << 20}
	tag := 0
	listener, replayer = newOutgoing(session, nil, 0), newOutgoing(session, nil, 0)
	if sealed {
		halves, both := goldenPrivate(t), goldenKeys(t)
		keys, tag = keyringOf(t, goldenSecret), tagSize
		ask.public, response.public = publicOf(halves[0]), publicOf(halves[1])
		listener, replayer = newOutgoing(session, both[0], 0), newOutgoing(session, both[1], 0)
	}
	body := func(b []byte) []byte { return append(make([]byte, headerSize), b...) }
	data := func(number uint64, b []byte) []byte {
		d := append(body(b), make([]byte, tag)...)
		listener.finishData(d, number)
		return d
	}
	beat := heartbeat{time: 1700000000000000000, oldest: 2, highest: 4, messages: 3, bytes: 2061, dropped: 7, answer: 0x4142434445464748}
	first := begin{random: ask.random, public: ask.public, flags: helloPatient, beat: heartbeat{time: 1700000000000000000, oldest: 1}}
	rep := report{echo: 1700000000000000000, size: 1452, window: 4 << 20, load: 25, flags: reportDraining, challenge: 0x4142434445464748, next: 2,
		highest: 4, messages: 2, bytes: 61, creditMessages: 1000, creditBytes: noBound, missing: []span{{2, 1}, {5, 300}}}
	messages, pieces := goldenData()
	status := Status{Version: "1.2.3", Host: "production", Accounts: []Account{{"messages_sent", 1000}, {"queue_full", 3}}}
	all := map[string][]byte{
		"hello":           keys.finish(kindHello, body(append(ask.append(nil), make([]byte, maxControl-headerSize-helloSize-tag)...)), counting()),
		"retry":           keys.finish(kindRetry, body((&retry{asked: ask.random, cookie: ask.cookie}).append(nil)), counting()),
		"welcome":         keys.finish(kindWelcome, body(response.append(nil)), counting()),
		"unknown":         keys.finish(kindUnknown, body((&unknown{session: session, number: 5}).append(nil)), counting()),
		"begin":           listener.finishControl(kindBegin, body(first.append(nil))),
		"data_messages":   data(1, messages),
		"data_fragment_1": data(2, pieces[0]),
		"data_fragment_2": data(3, pieces[1]),
		"heartbeat":       listener.finishControl(kindHeartbeat, body(append(beat.append(nil), make([]byte, 20)...))),
		"report":          replayer.finishControl(kindReport, body(rep.append(nil))),
		"gone":            listener.finishControl(kindGone, body((&gone{numbers: []span{{2, 1}, {4, 1000}}}).append(nil))),
		"bye_of_listener": listener.finishControl(kindBye, body(beat.append(nil))),
		"bye_of_replayer": replayer.finishControl(kindBye, body(rep.append(nil))),
		"piece":           listener.finishControl(kindPiece, body((&piece{2, fragment{456, 1436, pieces[0][456:912]}}).append(nil))),
		"data_response":   data(5, goldenResponse()),
		"status":          listener.finishControl(kindStatus, body(status.append(nil))),
	}
	if sealed {
		listener.seal.advance()
		all["data_next_epoch"] = data(4, messages)
	}
	return all
}

// goldenData are the bodies of a DATA datagram with two messages and of two with one in pieces.
func goldenData() (messages []byte, pieces [2][]byte) {
	get := Message{Kind: KindRequest, Proto: 1, User: 0xFEDCBA, Conn: 0xABCDEF, Index: 5, Time: 1700000000123456789,
		Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.MustParseAddrPort("192.0.2.2:80"), Body: []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}
	six := get
	six.Kind, six.Index, six.Body = KindResponse, 6, []byte("HTTP/1.1 204 No Content\r\n\r\n")
	six.Src, six.Dst = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:db8::2]:80")
	messages = append([]byte{7: 1}, messageFrame(&get)...)
	messages = append(append(appendHead(messages, &six, 1), six.Body...), make([]byte, 20)...)
	long := get
	long.Index, long.Body = 7, bytes.Repeat([]byte("0123456789"), 200)
	frame := append(appendHead(nil, &long, 1), long.Body...)
	pieces[0] = append(appendFragmentHead([]byte{7: 3}, 1404, 0, len(frame)), frame[:1404]...)
	pieces[1] = append(appendFragmentHead([]byte{7: 3}, len(frame)-1404, 1404, len(frame)), frame[1404:]...)
	return messages, pieces
}

// goldenResponse is the body of a DATA datagram with a request and production's response to it.
func goldenResponse() []byte {
	get := Message{Kind: KindRequest, User: 0xFEDCBA, Crowd: true, Answered: true, Conn: 0xABCDEF, Index: 8, Time: 1700000000123456789,
		Src: netip.MustParseAddrPort("192.0.2.1:40000"), Dst: netip.MustParseAddrPort("192.0.2.2:80"), Body: []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n")}
	answer := Response{Head: []byte("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), Body: []byte("01234567"), BodyLen: 10, Hash: 0x5152535455565758}
	response := get
	response.Kind, response.Answered, response.Time, response.Body = KindResponse, false, get.Time+5_000_000, answer.AppendTo(nil)
	b := append(appendHead([]byte{7: 4}, &get, 0), get.Body...)
	return append(appendHead(b, &response, 1), response.Body...)
}

// TestGolden holds the format: a datagram of each kind, plain and sealed, must never change within a version.
func TestGolden(t *testing.T) {
	plain := golden(t, false)
	plain["data_next_epoch"] = plain["data_messages"]
	for _, sealed := range []bool{false, true} {
		for name, d := range golden(t, sealed) {
			if sealed {
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
					openGolden(t, want, plain[strings.TrimSuffix(name, "_sealed")])
				}
			})
		}
	}
}

// openGolden checks that the recorded datagram opens to what the plain one says, and not after any change.
func openGolden(t *testing.T, d, plain []byte) {
	keys, both := keyringOf(t, goldenSecret), goldenKeys(t)
	open := func(d []byte) ([]byte, bool) {
		h, _, _ := parseHeader(d)
		switch h.kind {
		case kindHello, kindRetry, kindWelcome, kindUnknown:
			return keys.open(h, d)
		case kindReport:
			return both[1].open(d)
		}
		if body, ok := both[0].open(bytes.Clone(d)); ok {
			return body, true
		}
		return both[1].open(d) // a replayer's BYE
	}
	for i := 0; i < len(d)*8; i += 37 {
		changed := bytes.Clone(d)
		if changed[i/8] ^= 1 << (i % 8); bytes.Equal(changed[:4], d[:4]) {
			if _, ok := open(changed); ok {
				t.Errorf("opens with bit %d changed", i)
			}
		}
	}
	body, ok := open(bytes.Clone(d))
	want := plain[headerSize:]
	switch kind(d[4]) {
	case kindHello:
		want = want[:len(body)] // as much shorter as the tag is long
		fallthrough
	case kindBegin, kindWelcome:
		copy(want[32:64], body[32:64]) // public
	}
	if !ok || !bytes.Equal(body, want) {
		t.Errorf("does not open to what was sealed (%t)\n%s\n%s", ok, dump(body), dump(want))
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
