package capture

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/net/bpf"
)

// answersVM is the part of a filter for answers that needs no kernel.
func answersVM(t testing.TB, spec FilterSpec) *bpf.VM {
	t.Helper()
	vm, err := bpf.NewVM(answersPart(t, spec))
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func answersPart(t testing.TB, spec FilterSpec) []bpf.Instruction {
	t.Helper()
	a := &assembler{labels: map[string]int{}}
	spec.ipProgram(a, spec.Arriving)
	program, err := a.program()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// answerBytes is a segment from a server's port to a client, with options of a
// number of bytes.
func answerBytes(server, client uint16, flags Flags, options int, data string) []byte {
	b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, server), client)
	b = append(b, 0, 0, 0, 7, 0, 0, 0, 9, byte(20+options)<<2, byte(flags), 1, 2, 0, 0, 0, 0)
	for range options {
		b = append(b, 1)
	}
	return append(b, data...)
}

// TestAnswersFilter: what a filter for answers takes, and how much of it.
func TestAnswersFilter(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n\r\n"
	head := answerBytes(80, 40000, ACK|PSH, 12, ok)
	vxlan := func(inner []byte) []byte {
		return ip4Bytes(17, 0, 1, udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, ether(etherIP4, inner))))
	}
	for _, tt := range []struct {
		name       string
		b          []byte
		head, body bool
	}{
		{"a head", ip4Bytes(6, 0, 1, head), true, true},
		{"a head of HTTP/1.0", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 0, "HTTP/1.0 404 Not Found\r\n\r\n")), true, true},
		{"a head behind all options", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 40, ok)), true, true},
		{"the least of a head", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 0, "HTTP/1")), true, true},
		{"less than that", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 0, "HTTP/")), false, true},
		{"HTTP/2", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 0, "HTTP/2 200\r\n\r\n")), false, true},
		{"a body", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 12, "the body")), false, true},
		{"an acknowledgement", ip4Bytes(6, 0, 1, answerBytes(80, 40000, ACK, 12, "")), false, false},
		{"the beginning of a connection", ip4Bytes(6, 0, 1, answerBytes(80, 40000, SYN|ACK, 12, "")), false, false},
		{"the end of a connection", ip4Bytes(6, 0, 1, answerBytes(80, 40000, FIN|ACK, 12, "")), false, true},
		{"a reset", ip4Bytes(6, 0, 1, answerBytes(80, 40000, RST, 0, "")), false, true},
		{"another server", ip4Bytes(6, 0, 1, answerBytes(81, 40000, ACK, 12, ok)), false, false},
		{"a client's", ip4Bytes(6, 0, 1, tcpBytes(80, ACK, ok)), false, false},
		{"IPv6", v6(6, head), true, true},
		{"IPv6 body", v6(6, answerBytes(80, 40000, ACK, 12, "the body")), false, true},
		{"a fragment", ip4Bytes(6, 0x2000, 1, head), false, false},
		{"an IPv6 extension", v6(60, cat([]byte{6, 0, 0, 0, 0, 0, 0, 0}, head)), false, false},
		{"UDP", ip4Bytes(17, 0, 1, udp(80, []byte(ok))), false, false},
		{"VXLAN", vxlan(ip4Bytes(6, 0, 1, head)), true, true},
		{"IPv6 in IPv4", ip4Bytes(41, 0, 1, v6(6, head)), true, true},
		{"a tunnel in a tunnel", vxlan(ip4Bytes(4, 0, 1, ip4Bytes(6, 0, 1, head))), false, false},
		{"a VLAN in a tunnel", ip4Bytes(17, 0, 1, udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, ether(etherVLAN, make([]byte, 60))))), false, false},
		{"GTP", ip4Bytes(17, 0, 1, udp(2152, []byte("x"))), false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, body := range []int{0, 16 << 10} {
				f := AnswerFilter{Share: AllConnections, Body: body}
				want := 0
				if tt.head && body == 0 || tt.body && body > 0 {
					want = min(len(tt.b), 4096+256+body)
				}
				got, err := answersVM(t, FilterSpec{Arriving: []uint16{80}, Tunnels: true, Answers: &f}).Run(tt.b)
				if err != nil || min(got, len(tt.b)) != want {
					t.Errorf("with bodies of %d bytes %d bytes are taken, want %d (%v)", body, got, want, err)
				}
			}
		})
	}
}

// A guess is a random packet, and what a filter for answers has to make of it.
type guess struct {
	b      []byte
	client Endpoint
	server uint16
	judged bool // it is one that can be judged
	begins bool // like a head
	says   bool // anything
}

// randomAnswer makes one up.
func randomAnswer(random *rand.Rand) guess {
	g := guess{client: randomClient(random), server: []uint16{80, 8080, 81}[random.IntN(3)], judged: true}
	flags := Flags(random.IntN(64))
	payloads := []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1", "HTTP/", "HTTP/2 200", "HTTX/1.1 200", "", "", "some of a body", "http/1.1 200 OK"}
	payload := payloads[random.IntN(len(payloads))]
	g.begins = len(payload) >= 6 && payload[:6] == "HTTP/1"
	g.says = payload != "" || flags&(FIN|RST) != 0
	b := answerBytes(g.server, g.client.Port, flags, 4*random.IntN(11), payload)
	version := 6
	if g.client.isMapped() {
		version = 4
	}
	switch random.IntN(8) {
	case 0: // a bare header in the largest options that there are
		g.b = ipAround(&g.client, 40, b)
	case 1:
		g.b = cat(ipAround(&g.client, 0, b), make([]byte, 6)) // a short frame is padded
	case 2:
		g.b = ip4Bytes(17, 0, 1, udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, ether(map[int]uint16{4: etherIP4, 6: etherIP6}[version], ipAround(&g.client, 4, b)))))
	case 3:
		g.b = v6(map[int]byte{4: protocolIP4, 6: protocolIP6}[version], ipAround(&g.client, 8, b))
	case 4:
		g.b, g.judged = ip4Bytes(6, uint16(1+random.IntN(0x3fff)), 1, b), false
	default:
		g.b = ipAround(&g.client, 4*random.IntN(3), b)
	}
	return g
}

// ipAround is an IP packet to a client, in IPv4 with options.
func ipAround(client *Endpoint, options int, b []byte) []byte {
	if !client.isMapped() {
		h := v6(6, b)
		copy(h[24:40], client.Addr[:])
		return h
	}
	h := []byte{byte(0x45 + options/4), 0}
	h = binary.BigEndian.AppendUint16(h, uint16(20+options+len(b)))
	h = append(h, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1)
	h = append(append(h, client.Addr[12:]...), make([]byte, options)...)
	return append(h, b...)
}

// wanted is whether a filter takes it.
func (g *guess) wanted(f *AnswerFilter, ports []uint16) bool {
	set := portsOf(ports)
	return g.judged && set.has(g.server) && f.Share.Has(&g.client) && (g.begins || f.Body > 0 && g.says)
}

// answerFilters are those that random packets are judged by.
func answerFilters() map[string]FilterSpec {
	all := map[string]FilterSpec{}
	for _, fraction := range []float64{0, 0.1, 0.5, 0.99, 1} {
		for _, body := range []int{0, 1 << 10} {
			all[fmt.Sprintf("%g with %d bytes", fraction, body)] = FilterSpec{
				Arriving: []uint16{80, 8080}, Tunnels: true, Answers: &AnswerFilter{Share: ShareOf(fraction), Body: body},
			}
		}
	}
	return all
}

// TestAnswersFilterRandom: of random packets the program takes those that Share.Has
// and a plain look at the packet take.
func TestAnswersFilterRandom(t *testing.T) {
	for name, spec := range answerFilters() {
		t.Run(name, func(t *testing.T) {
			random, vm, took := rand.New(rand.NewPCG(3, 4)), answersVM(t, spec), 0
			for range 20000 {
				g := randomAnswer(random)
				want := g.wanted(spec.Answers, spec.Arriving)
				if accepts(t, vm, g.b) != want {
					t.Fatalf("%v, port %d, wanted %t: %x", g.client, g.server, want, g.b)
				}
				if want {
					took++
				}
			}
			if took == 0 && spec.Answers.Share > 0 {
				t.Error("nothing was wanted")
			}
		})
	}
}

// TestAnswersFilterFits: the whole program is one that the kernel takes, however many
// ports and interfaces there are.
func TestAnswersFilterFits(t *testing.T) {
	var ports []uint16
	for p := range uint16(65) {
		ports = append(ports, 10000+p)
		for _, spec := range []FilterSpec{
			{Arriving: ports, Leaving: ports, Tunnels: true, Ifaces: []int{1, 2, 3}, OtherHosts: true}, {Leaving: ports}, {Arriving: ports}, {},
		} {
			for _, body := range []int{0, 100} {
				spec.Answers = &AnswerFilter{Share: ShareOf(0.1), Body: body}
				program, err := spec.Program()
				if err != nil {
					t.Fatal(err)
				}
				const most = 4096 // BPF_MAXINSNS
				if code, err := bpf.Assemble(program); err != nil || len(code) > most {
					t.Fatalf("%d instructions: %v", len(code), err)
				}
			}
		}
	}
}
