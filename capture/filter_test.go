package capture

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/net/bpf"
)

// ipFilter is the part of the filter that needs no kernel.
func ipFilter(t testing.TB, spec FilterSpec) *bpf.VM {
	t.Helper()
	a := &assembler{labels: map[string]int{}}
	spec.ipProgram(a, spec.Arriving)
	program, err := a.program()
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func accepts(t testing.TB, vm *bpf.VM, b []byte) bool {
	t.Helper()
	n, err := vm.Run(b)
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}

func TestFilter(t *testing.T) {
	ports := []uint16{80}
	for p := range uint16(63) {
		ports = append(ports, 10000+p)
	}
	zeroLength := ip4Bytes(6, 0, 1, tcpBytes(80, ACK, "x"))
	zeroLength[2], zeroLength[3] = 0, 0
	for _, tt := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"payload", ip4Bytes(6, 0, 1, seg), true},
		{"last port", ip4Bytes(6, 0, 1, tcpBytes(10062, ACK, "x")), true},
		{"other port", ip4Bytes(6, 0, 1, tcpBytes(81, ACK, "x")), false},
		{"bare acknowledgement", ip4Bytes(6, 0, 1, tcpBytes(80, ACK, "")), false},
		{"SYN", ip4Bytes(6, 0, 1, tcpBytes(80, SYN, "")), true},
		{"FIN", ip4Bytes(6, 0, 1, tcpBytes(80, FIN|ACK, "")), true},
		{"RST", ip4Bytes(6, 0, 1, tcpBytes(80, RST, "")), true},
		{"first fragment", ip4Bytes(6, 0x2000, 1, tcpBytes(81, ACK, "x")), true},
		{"later fragment", ip4Bytes(6, 5, 1, []byte("x")), true},
		{"total length 0", zeroLength, true},
		{"UDP", ip4Bytes(17, 0, 1, udp(80, []byte("x"))), false},
		{"UDP fragment", ip4Bytes(17, 5, 1, []byte("x")), true},
		{"ICMP", ip4Bytes(1, 0, 1, make([]byte, 30)), false},
		{"IPv6 payload", v6(6, seg), true},
		{"IPv6 other port", v6(6, tcpBytes(81, ACK, "x")), false},
		{"IPv6 bare acknowledgement", v6(6, tcpBytes(80, ACK, "")), false},
		{"IPv6 SYN", v6(6, tcpBytes(80, SYN, "")), true},
		{"IPv6 extension", v6(60, make([]byte, 40)), true},
		{"IPv6 fragment", v6(44, make([]byte, 40)), true},
		{"IPv6 UDP", v6(17, udp(53, []byte("x"))), false},
		{"neither version", make([]byte, 60), false},
		{"short", []byte{0x45}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := accepts(t, ipFilter(t, FilterSpec{Arriving: ports, Tunnels: true}), tt.b); got != tt.want {
				t.Errorf("accepted: %t, want %t", got, tt.want)
			}
		})
	}
	for _, spec := range []FilterSpec{
		{Arriving: append(ports, 1)}, {Arriving: ports, Leaving: ports, Tunnels: true, Ifaces: []int{1, 2, 3}}, {Leaving: ports}, {},
	} {
		program, err := spec.Program()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := bpf.Assemble(program); err != nil {
			t.Errorf("%d instructions: %v", len(program), err)
		}
	}
}

// TestFilterTunnels: of what is in a tunnel only segments to the wanted ports
// that say anything are let through, and what may hold one.
func TestFilterTunnels(t *testing.T) {
	vxlan := func(frame []byte) []byte { return udp(4789, cat([]byte{8, 0, 0, 0, 0, 0, 5, 0}, frame)) }
	geneve := func(kind uint16, options, inside []byte) []byte {
		head := []byte{byte(len(options) / 4), 0, byte(kind >> 8), byte(kind), 0, 0, 5, 0}
		return udp(6081, cat(head, options, inside))
	}
	gre := func(flags, kind uint16, inside []byte) []byte {
		b := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, flags), kind)
		for _, field := range []uint16{0x8000, 0x2000, 0x1000} {
			if flags&field != 0 {
				b = append(b, 1, 2, 3, 4)
			}
		}
		return append(b, inside...)
	}
	inner := []struct {
		name   string
		kind   uint16
		packet []byte
		want   bool
	}{
		{"payload", etherIP4, ip4Bytes(6, 0, 1, seg), true},
		{"SYN", etherIP4, ip4Bytes(6, 0, 1, tcpBytes(80, SYN, "")), true},
		{"other port", etherIP4, ip4Bytes(6, 0, 1, tcpBytes(81, ACK, "x")), false},
		{"bare acknowledgement", etherIP4, ip4Bytes(6, 0, 1, tcpBytes(80, ACK, "")), false},
		{"first fragment", etherIP4, ip4Bytes(6, 0x2000, 1, tcpBytes(81, ACK, "x")), true},
		{"UDP", etherIP4, ip4Bytes(17, 0, 1, udp(53, []byte("x"))), false},
		{"UDP fragment", etherIP4, ip4Bytes(17, 5, 1, []byte("x")), true},
		{"a tunnel", etherIP4, ip4Bytes(17, 0, 1, udp(4789, []byte("x"))), true},
		{"GRE", etherIP4, ip4Bytes(47, 0, 1, []byte("x")), true},
		{"ICMP", etherIP4, ip4Bytes(1, 0, 1, make([]byte, 30)), false},
		{"IPv6 payload", etherIP6, v6(6, seg), true},
		{"IPv6 other port", etherIP6, v6(6, tcpBytes(81, ACK, "x")), false},
		{"IPv6 bare acknowledgement", etherIP6, v6(6, tcpBytes(80, ACK, "")), false},
		{"IPv6 extension", etherIP6, v6(60, make([]byte, 40)), true},
		{"IPv6 UDP", etherIP6, v6(17, udp(53, []byte("x"))), false},
		{"IPv6 tunnel", etherIP6, v6(17, udp(6081, []byte("x"))), true},
		{"IPv6 ICMP", etherIP6, v6(58, make([]byte, 40)), false},
	}
	filter := ipFilter(t, FilterSpec{Arriving: []uint16{80}, Tunnels: true})
	check := func(name string, b []byte, want bool) {
		t.Helper()
		if got := accepts(t, filter, b); got != want {
			t.Errorf("%s: accepted: %t, want %t", name, got, want)
		}
	}
	for _, in := range inner {
		for name, body := range map[string][]byte{
			"VXLAN": vxlan(ether(in.kind, in.packet)), "GENEVE": geneve(etherBridged, nil, ether(in.kind, in.packet)),
			"GENEVE with options": geneve(in.kind, make([]byte, 12), in.packet), "GRE in UDP": udp(4754, gre(0x2000, in.kind, in.packet)),
		} {
			check(name+", "+in.name, ip4Bytes(17, 0, 1, body), in.want)
			check(name+" over IPv6, "+in.name, v6(17, body), in.want)
		}
		for _, flags := range []uint16{0, 0x8000, 0x2000, 0x1000, 0xb000} {
			check(fmt.Sprintf("GRE %#x, %s", flags, in.name), ip4Bytes(47, 0, 1, gre(flags, in.kind, in.packet)), in.want)
			check(fmt.Sprintf("GRE %#x with Ethernet over IPv6, %s", flags, in.name), v6(47, gre(flags, etherBridged, ether(in.kind, in.packet))), in.want)
		}
		protocol := byte(protocolIP4)
		if in.kind == etherIP6 {
			protocol = protocolIP6
		}
		check("IP in IPv4, "+in.name, ip4Bytes(protocol, 0, 1, in.packet), in.want)
		check("IP in IPv6, "+in.name, v6(protocol, in.packet), in.want)
	}
	check("no VXLAN", ip4Bytes(17, 0, 1, udp(4789, cat(make([]byte, 8), ether(etherIP4, ip4Bytes(6, 0, 1, seg))))), false)
	check("ARP", ip4Bytes(17, 0, 1, vxlan(ether(0x0806, make([]byte, 28)))), false)
	check("a VLAN", ip4Bytes(17, 0, 1, vxlan(ether(etherVLAN, make([]byte, 40)))), true)
	check("GTP", ip4Bytes(17, 0, 1, udp(2152, []byte("x"))), true)
	check("GRE of another version", ip4Bytes(47, 0, 1, gre(1, etherPPP, make([]byte, 40))), true)
	check("a fragment of GRE", ip4Bytes(47, 7, 1, make([]byte, 40)), true)
	check("cut short", ip4Bytes(17, 0, 1, udp(4789, []byte("x"))), false)
}
