package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// A tunnelProgram is the part of a filter that looks into tunnels, so that a
// machine through which much other tunnelled traffic goes pays for none of it.
// It peels one tunnel: what is in a second one it leaves to the Decoder, and
// what it does not know likewise. The formats are those of tunnel.go.
//
// Throughout, X is the offset of the header at hand.
type tunnelProgram struct {
	*assembler
	keep bool // scratchIP is to say where the IP header in the tunnel is
}

// all is entered at "udp", "gre" and "inner", and goes on at "segment".
func (t tunnelProgram) all() {
	t.udp()
	t.gre()
	t.ethernet()
	t.inner()
}

// advance moves X by n.
func (t tunnelProgram) advance(n uint32) {
	t.emit(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: n}, bpf.TAX{})
}

func (t tunnelProgram) udp() {
	t.label("udp")
	t.emit(bpf.LoadIndirect{Off: 2, Size: 2})
	t.equal("vxlan", portVXLAN, portVXLANOld)
	t.equal("geneve", portGENEVE)
	t.equal("gre in udp", portGREInUDP)
	t.equal("accept", portGTP)
	t.always("drop")

	t.label("vxlan")
	t.emit(bpf.LoadIndirect{Off: 8, Size: 1})
	t.jump(bpf.JumpBitsSet, 0x08, "", "drop")
	t.advance(8 + 8)
	t.always("ethernet")

	t.label("geneve")
	t.emit(bpf.LoadIndirect{Off: 8 + 2, Size: 2}, bpf.StoreScratch{Src: bpf.RegA, N: scratchKind},
		bpf.LoadIndirect{Off: 8, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3f}, // words of options
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 8 + 8},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
	t.always("kind")

	t.label("gre in udp")
	t.advance(8)
	t.always("gre")
}

// The words of the scratch memory besides scratchEnd.
const (
	scratchKind = 1 // the EtherType of what is in the tunnel
	scratchNext = 2 // its offset
)

func (t tunnelProgram) gre() {
	t.label("gre")
	const notPlain = 0x4000 | 7 // a source route, or another version: the Decoder's
	t.emit(bpf.LoadIndirect{Off: 2, Size: 2}, bpf.StoreScratch{Src: bpf.RegA, N: scratchKind},
		bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 4}, bpf.StoreScratch{Src: bpf.RegA, N: scratchNext},
		bpf.LoadIndirect{Off: 0, Size: 2})
	t.jump(bpf.JumpBitsSet, notPlain, "accept", "")
	for _, field := range []uint32{0x8000, 0x2000, 0x1000} { // a checksum, a key, a sequence number: 4 bytes each
		behind := fmt.Sprintf("behind field %#x", field)
		t.emit(bpf.LoadIndirect{Off: 0, Size: 2})
		t.jump(bpf.JumpBitsSet, field, "", behind)
		t.emit(bpf.LoadScratch{Dst: bpf.RegA, N: scratchNext},
			bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 4},
			bpf.StoreScratch{Src: bpf.RegA, N: scratchNext})
		t.label(behind)
	}
	t.emit(bpf.LoadScratch{Dst: bpf.RegX, N: scratchNext})

	t.label("kind")
	t.emit(bpf.LoadScratch{Dst: bpf.RegA, N: scratchKind})
	t.equal("inner", etherIP4, etherIP6)
	t.jump(bpf.JumpEqual, etherBridged, "", "accept")
}

func (t tunnelProgram) ethernet() {
	const arp = 0x0806
	t.label("ethernet")
	t.emit(bpf.LoadIndirect{Off: 12, Size: 2})
	t.equal("frame", etherIP4, etherIP6)
	t.jump(bpf.JumpEqual, arp, "drop", "accept")
	t.label("frame")
	t.advance(14)
}

// inner judges the IP packet in a tunnel.
func (t tunnelProgram) inner() {
	t.label("inner")
	if t.keep {
		t.emit(bpf.StoreScratch{Src: bpf.RegX, N: scratchIP})
	}
	t.emit(bpf.LoadIndirect{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	t.jump(bpf.JumpEqual, 6, "inner6", "")
	t.jump(bpf.JumpEqual, 4, "", "drop")
	t.inner4()
	t.inner6()
}

func (t tunnelProgram) inner4() {
	t.emit(bpf.LoadIndirect{Off: 9, Size: 1})
	t.equal("inner tcp4", protocolTCP)
	t.equal("accept", protocolGRE, protocolIP4, protocolIP6)
	t.jump(bpf.JumpEqual, protocolUDP, "", "drop")
	t.emit(bpf.LoadIndirect{Off: 6, Size: 2})
	t.jump(bpf.JumpBitsSet, fragmentBits, "accept", "")
	t.behindIP4()
	t.always("inner udp")

	t.label("inner tcp4")
	t.emit(bpf.LoadIndirect{Off: 6, Size: 2})
	t.jump(bpf.JumpBitsSet, fragmentBits, "accept", "")
	t.emit(bpf.LoadIndirect{Off: 2, Size: 2})
	t.jump(bpf.JumpEqual, 0, "inner end4", "")
	t.emit(bpf.ALUOpX{Op: bpf.ALUOpAdd})
	t.label("inner end4")
	t.emit(bpf.StoreScratch{Src: bpf.RegA, N: scratchEnd})
	t.behindIP4()
	t.always("segment")
}

// inner6 has the UDP header of either version, too, and ends where a segment is
// judged.
func (t tunnelProgram) inner6() {
	t.label("inner6")
	t.emit(bpf.LoadIndirect{Off: 6, Size: 1})
	t.equal("inner tcp6", protocolTCP)
	extensionProgram(t.assembler)
	t.equal("accept", protocolGRE, protocolIP4, protocolIP6)
	t.jump(bpf.JumpEqual, protocolUDP, "", "drop")
	t.advance(ip6Header)

	t.label("inner udp")
	t.emit(bpf.LoadIndirect{Off: 2, Size: 2})
	t.equal("accept", portVXLAN, portVXLANOld, portGENEVE, portGREInUDP, portGTP)
	t.always("drop")

	t.label("inner tcp6")
	t.emit(bpf.LoadIndirect{Off: 4, Size: 2})
	t.jump(bpf.JumpEqual, 0, "inner end6", "")
	t.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: ip6Header}, bpf.ALUOpX{Op: bpf.ALUOpAdd})
	t.label("inner end6")
	t.emit(bpf.StoreScratch{Src: bpf.RegA, N: scratchEnd})
	t.advance(ip6Header)
}

// behindIP4 moves X behind the IPv4 header that it is at.
func (t tunnelProgram) behindIP4() {
	t.emit(bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
}
