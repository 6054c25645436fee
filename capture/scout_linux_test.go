package capture

import (
	"slices"
	"testing"

	"golang.org/x/net/bpf"
)

// TestElsewhere: of other ports only what begins like something of the web is looked
// at, and of the wanted ones nothing.
func TestElsewhere(t *testing.T) {
	program, err := elsewhereProgram([]uint16{80, 81})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bpf.Assemble(program); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		port    uint16
		payload string
		want    bool
	}{
		{8080, "GET / HTTP/1.1", true}, {8080, "POST /", true}, {8080, "PRI * HTTP/2.0", true}, {443, "\x16\x03\x01\x02\x00\x01", true},
		{80, "GET / HTTP/1.1", false}, {81, "GET / HTTP/1.1", false}, {8080, "hello world", false}, {443, "\x17\x03\x03\x00\x10\x00", false},
		{8080, "GE", false}, {8080, "", false},
	} {
		four, six := ip4Bytes(6, 0, 1, tcpBytes(tt.port, ACK, tt.payload)), v6(6, tcpBytes(tt.port, ACK, tt.payload))
		for _, kind := range []uint32{0, packetOtherHost, packetOutgoing} {
			if got := accepts(t, withKernel(program, kind, 1, etherIP4), four); got != tt.want {
				t.Errorf("%q to port %d, way %d: %v", tt.payload, tt.port, kind, got)
			}
			if got := accepts(t, withKernel(program, kind, 1, etherIP6), six); got != tt.want {
				t.Errorf("%q to port %d by IPv6, way %d: %v", tt.payload, tt.port, kind, got)
			}
		}
		if got := accepts(t, withKernel(program, packetOutgoing, deviceLoopback, etherIP4), four); got {
			t.Errorf("%q leaves by loopback, where it arrives, too", tt.payload)
		}
	}
}

// withKernel replaces what only the kernel knows of a packet by constants.
func withKernel(program []bpf.Instruction, kind, device, proto uint32) *bpf.VM {
	known := map[bpf.Extension]uint32{bpf.ExtType: kind, bpf.ExtLinkLayerType: device, bpf.ExtProto: proto}
	replaced := slices.Clone(program)
	for i, instruction := range replaced {
		if ext, ok := instruction.(bpf.LoadExtension); ok {
			replaced[i] = bpf.LoadConstant{Dst: bpf.RegA, Val: known[ext.Num]}
		}
	}
	vm, err := bpf.NewVM(replaced)
	if err != nil {
		panic(err)
	}
	return vm
}
