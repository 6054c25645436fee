package capture

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// headSnap is how much of a packet is kept, from its IP header on, beside what
// belongs to a body: the headers of IP and TCP, those of a tunnel, and 4 KiB of an
// answer's head.
const headSnap = 4096 + 256

// An AnswerFilter says which of the servers' packets the kernel hands over: what
// answers the requests that the FilterSpec's packets hold.
type AnswerFilter struct {
	// Share is the part of the connections whose answers are wanted.
	Share Share

	// Body is how many bytes of an answer's body are wanted. 0: heads alone are, of
	// which each begins a segment, as long as requests do not come before the answer
	// to the one before.
	Body int
}

// answersProgram is Program for answers. They go the other way: where requests
// arrive they leave, and the other way round; on loopback, where everything is
// shown twice, they arrive like the requests; and frames for other machines have no
// way at all. What Program leaves to the Decoder is refused here, since it could not be
// told whose it is: fragments, IPv6 extension headers, a second VLAN tag, PPPoE,
// MPLS, tunnels in tunnels and those of an unknown form.
func (s FilterSpec) answersProgram(a *assembler) {
	a.emit(bpf.LoadExtension{Num: bpf.ExtType})
	a.jump(bpf.JumpEqual, packetOutgoing, "leaving", "")
	foreign := "drop"
	if s.OtherHosts {
		foreign = "to arrived"
	}
	a.jump(bpf.JumpEqual, packetOtherHost, foreign, "")
	a.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	a.jump(bpf.JumpEqual, deviceLoopback, "to arrived", "")
	a.scope = "to left: "
	s.packetProgram(a, s.Leaving)
	a.scope = ""
	a.label("leaving")
	a.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	a.jump(bpf.JumpEqual, deviceLoopback, "drop", "")
	a.label("to arrived")
	a.scope = "to arrived: "
	s.packetProgram(a, s.Arriving)
	a.scope = ""
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
}

// The words of the scratch memory that only a filter for answers uses.
const (
	scratchIP   = 3 // the offset of the IP header around the segment
	scratchTCP  = 4 // the offset of the TCP header
	scratchHash = 5 // of the client so far
)

// program judges the TCP header at X of a packet that ends at scratchEnd.
func (f *AnswerFilter) program(a *assembler, ports []uint16) {
	a.label("segment")
	if len(ports) <= maxFilterPort {
		a.emit(bpf.LoadIndirect{Off: 0, Size: 2})
		for _, p := range ports {
			a.jump(bpf.JumpEqual, uint32(p), "a server's", "")
		}
		a.always("drop")
		a.label("a server's")
	}
	if f.Body > 0 {
		f.anything(a)
	} else {
		f.head(a)
	}
	if f.Share < AllConnections {
		f.hashProgram(a)
		a.jump(bpf.JumpGreaterOrEqual, uint32(f.Share), "drop", "")
	}
	a.emit(bpf.RetConstant{Val: f.snap()})
}

// snap is how many bytes of a packet are kept.
func (f *AnswerFilter) snap() uint32 { return min(headSnap+uint32(max(f.Body, 0)), acceptLen) }

// head goes on where the payload begins like a status line (RFC 9112 section 4). It
// leaves the offset of the TCP header in scratchTCP.
func (f *AnswerFilter) head(a *assembler) {
	f.behindHeader(a)
	a.emit(bpf.TAX{}, bpf.LoadIndirect{Off: 0, Size: 4})
	a.jump(bpf.JumpEqual, binary.BigEndian.Uint32([]byte("HTTP")), "", "drop")
	a.emit(bpf.LoadIndirect{Off: 4, Size: 2})
	a.jump(bpf.JumpEqual, uint32(binary.BigEndian.Uint16([]byte("/1"))), "", "drop")
}

// anything goes on where there is a payload, or where the connection ends, which is
// the end of some bodies. It leaves the offset of the TCP header in scratchTCP.
func (f *AnswerFilter) anything(a *assembler) {
	f.behindHeader(a)
	a.emit(bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: scratchEnd})
	a.jump(bpf.JumpEqual, 0, "says something", "")
	a.jumpX(bpf.JumpGreaterThan, "says something", "")
	a.emit(bpf.LoadScratch{Dst: bpf.RegX, N: scratchTCP}, bpf.LoadIndirect{Off: 13, Size: 1})
	a.jump(bpf.JumpBitsSet, uint32(FIN|RST), "", "drop")
	a.label("says something")
}

// behindHeader puts the offset of what is behind the TCP header at X into the
// accumulator.
func (f *AnswerFilter) behindHeader(a *assembler) {
	a.emit(bpf.StoreScratch{Src: bpf.RegX, N: scratchTCP},
		bpf.LoadIndirect{Off: 12, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd})
}

// hashProgram puts clientHash of the packet's destination into the accumulator.
func (f *AnswerFilter) hashProgram(a *assembler) {
	const to4, to6 = 16, 24 // where the destination stands in an IP header
	var mapped uint32 = mappedWord
	mapped *= foldFactor
	fold := bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: foldFactor}
	a.emit(bpf.LoadScratch{Dst: bpf.RegX, N: scratchIP},
		bpf.LoadIndirect{Off: 0, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	a.jump(bpf.JumpEqual, 6, "client6", "")
	a.emit(bpf.LoadIndirect{Off: to4, Size: 4},
		bpf.ALUOpConstant{Op: bpf.ALUOpXor, Val: mapped},
		bpf.StoreScratch{Src: bpf.RegA, N: scratchHash})
	a.always("client's port")
	a.label("client6")
	a.emit(bpf.LoadIndirect{Off: to6, Size: 4}, bpf.StoreScratch{Src: bpf.RegA, N: scratchHash})
	for i := uint32(1); i < wordsOfIPv6; i++ {
		a.emit(bpf.LoadScratch{Dst: bpf.RegX, N: scratchIP}, bpf.LoadIndirect{Off: to6 + 4*i, Size: 4}, bpf.TAX{},
			bpf.LoadScratch{Dst: bpf.RegA, N: scratchHash}, fold, bpf.ALUOpX{Op: bpf.ALUOpXor},
			bpf.StoreScratch{Src: bpf.RegA, N: scratchHash})
	}
	a.label("client's port")
	a.emit(bpf.LoadScratch{Dst: bpf.RegX, N: scratchTCP}, bpf.LoadIndirect{Off: 2, Size: 2}, bpf.TAX{},
		bpf.LoadScratch{Dst: bpf.RegA, N: scratchHash}, fold, bpf.ALUOpX{Op: bpf.ALUOpXor})
	for _, step := range []struct{ shift, factor uint32 }{{mixShift1, mixFactor1}, {mixShift2, mixFactor2}} {
		a.emit(bpf.TAX{}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: step.shift},
			bpf.ALUOpX{Op: bpf.ALUOpXor}, bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: step.factor})
	}
}
