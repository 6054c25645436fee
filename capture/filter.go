package capture

import "golang.org/x/net/bpf"

const (
	acceptLen     = 1 << 18 // bytes of a packet to keep: more than BIG TCP's largest
	maxFilterPort = 64      // more ports than these are sorted out by the Decoder

	flagsEnding = 0x07 // FIN, SYN, RST
)

// What the kernel says of a packet's way (linux/if_packet.h) and of the kind of
// its device (linux/if_arp.h).
const (
	packetOtherHost = 3
	packetOutgoing  = 4
	deviceLoopback  = 772
)

// A FilterSpec says which packets the kernel hands over.
type FilterSpec struct {
	// Arriving and Leaving are the TCP destination ports that are wanted of what
	// comes to this machine or through it, and of what it sends. None mean
	// nothing of that direction; more than 64 mean all ports. What leaves by
	// loopback arrives there, too, and is never wanted twice.
	Arriving, Leaving []uint16

	// Tunnels lets through tunnels with such segments inside, too.
	Tunnels bool

	// OtherHosts lets through frames with another machine's address, which an
	// interface in promiscuous mode gets.
	OtherHosts bool

	// Ifaces are the indexes of interfaces; none mean all.
	Ifaces []int

	// Answers has the filter let through what answers such segments instead of them.
	// nil: it is about the segments themselves.
	Answers *AnswerFilter
}

// Program is the filter for a cooked packet socket: offset 0 is the IP header,
// and the kernel's own knowledge of the packet is at hand (interface, type,
// protocol; linux/filter.h, SKF_AD_*). It lets through TCP segments to the
// ports that carry payload or begin or end a connection; bare acknowledgements
// stay out, which halves the packets to copy. What it cannot judge (fragments,
// extension headers, tags, tunnels in tunnels) it leaves to the Decoder.
func (s FilterSpec) Program() ([]bpf.Instruction, error) {
	a := &assembler{labels: map[string]int{}}
	if len(s.Ifaces) > 0 {
		a.emit(bpf.LoadExtension{Num: bpf.ExtInterfaceIndex})
		for _, i := range s.Ifaces {
			a.jump(bpf.JumpEqual, uint32(i), "type", "")
		}
		a.emit(bpf.RetConstant{Val: 0})
		a.label("type")
	}
	if s.Answers != nil {
		s.answersProgram(a)
		return a.program()
	}
	a.emit(bpf.LoadExtension{Num: bpf.ExtType})
	a.jump(bpf.JumpEqual, packetOutgoing, "leaving", "")
	if !s.OtherHosts {
		a.jump(bpf.JumpEqual, packetOtherHost, "drop", "")
	}
	a.scope = "arriving: "
	s.packetProgram(a, s.Arriving)
	a.scope = ""
	a.label("leaving")
	// PACKET_IGNORE_OUTGOING keeps these away already where none are wanted, on
	// kernels that have it.
	a.emit(bpf.LoadExtension{Num: bpf.ExtLinkLayerType})
	a.jump(bpf.JumpEqual, deviceLoopback, "drop", "")
	a.scope = "leaving: "
	s.packetProgram(a, s.Leaving)
	a.scope = ""
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	return a.program()
}

// packetProgram judges the packets of one direction.
func (s FilterSpec) packetProgram(a *assembler, ports []uint16) {
	if len(ports) == 0 {
		a.emit(bpf.RetConstant{Val: 0})
		return
	}
	a.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	a.equal("version", etherIP4, etherIP6)
	a.equal("accept", etherVLAN, etherQinQ, etherQinQOld, etherPPPoE, etherMPLS)
	a.emit(bpf.RetConstant{Val: 0})
	a.label("version")
	s.ipProgram(a, ports)
}

// ipProgram judges a packet by its IP header alone, without the kernel's knowledge.
func (s FilterSpec) ipProgram(a *assembler, ports []uint16) {
	if s.Answers != nil {
		a.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, bpf.StoreScratch{Src: bpf.RegA, N: scratchIP})
	}
	a.emit(bpf.LoadAbsolute{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	a.jump(bpf.JumpEqual, 6, "ip6", "")
	a.jump(bpf.JumpEqual, 4, "", "drop")
	s.ip4Program(a)
	a.label("ip6")
	s.ip6Program(a)
	if s.Tunnels {
		tunnelProgram{a, s.Answers != nil}.all()
	}
	if s.Answers != nil {
		s.Answers.program(a, ports)
		a.label("accept") // it is the Decoder's to judge: refused
		a.label("drop")
		a.emit(bpf.RetConstant{Val: 0})
		return
	}
	segmentProgram(a, ports)
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("accept")
	a.emit(bpf.RetConstant{Val: acceptLen})
}

// fragmentBits are those of the word at offset 6 of an IPv4 header that are set
// in a fragment. Fragments other than the first have no ports to look at.
const fragmentBits = 0x3fff

// scratchEnd is where a packet's end is remembered, as an offset; 0: not known.
const scratchEnd = 0

func (s FilterSpec) ip4Program(a *assembler) {
	a.emit(bpf.LoadAbsolute{Off: 9, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "tcp4", "")
	if s.Tunnels {
		a.equal("tunnel4", protocolUDP, protocolGRE, protocolIP4, protocolIP6)
	}
	a.always("drop")
	if s.Tunnels {
		a.label("tunnel4")
		a.emit(bpf.LoadAbsolute{Off: 6, Size: 2})
		a.jump(bpf.JumpBitsSet, fragmentBits, "accept", "")
		a.emit(bpf.LoadMemShift{Off: 0}, bpf.LoadAbsolute{Off: 9, Size: 1})
		a.equal("udp", protocolUDP)
		a.jump(bpf.JumpEqual, protocolGRE, "gre", "inner")
	}
	a.label("tcp4")
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 2})
	a.jump(bpf.JumpBitsSet, fragmentBits, "accept", "")
	// A total length of zero stands for more than 65,535.
	a.emit(bpf.LoadAbsolute{Off: 2, Size: 2}, bpf.StoreScratch{Src: bpf.RegA, N: scratchEnd}, bpf.LoadMemShift{Off: 0})
	a.always("segment")
}

func (s FilterSpec) ip6Program(a *assembler) {
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "tcp6", "")
	extensionProgram(a)
	if s.Tunnels {
		a.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: ip6Header})
		a.equal("udp", protocolUDP)
		a.equal("gre", protocolGRE)
		a.equal("inner", protocolIP4, protocolIP6)
	}
	a.always("drop")
	a.label("tcp6")
	a.emit(bpf.LoadAbsolute{Off: 4, Size: 2})
	a.jump(bpf.JumpEqual, 0, "end6", "")
	a.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: ip6Header})
	a.label("end6")
	a.emit(bpf.StoreScratch{Src: bpf.RegA, N: scratchEnd}, bpf.LoadConstant{Dst: bpf.RegX, Val: ip6Header})
	a.always("segment")
}

const ip6Header = 40 // bytes of an IPv6 header

// extensionProgram accepts a packet with an IPv6 extension header, whose type is
// in the accumulator.
func extensionProgram(a *assembler) {
	a.equal("accept", extHopByHop, extRouting, extFragment, extAuthentication, extDestination, extMobility, extHIP, extShim6)
}

// segmentProgram judges the TCP header at X in a packet that ends at scratchEnd.
func segmentProgram(a *assembler, ports []uint16) {
	a.label("segment")
	if len(ports) <= maxFilterPort {
		a.emit(bpf.LoadIndirect{Off: 2, Size: 2})
		for _, p := range ports {
			a.jump(bpf.JumpEqual, uint32(p), "wanted", "")
		}
		a.always("drop")
		a.label("wanted")
	}
	a.emit(bpf.LoadIndirect{Off: 13, Size: 1})
	a.jump(bpf.JumpBitsSet, flagsEnding, "accept", "")
	// Payload is what the packet has behind its headers.
	a.emit(bpf.LoadIndirect{Off: 12, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
		bpf.LoadScratch{Dst: bpf.RegA, N: scratchEnd})
	a.jump(bpf.JumpEqual, 0, "accept", "")
	a.jumpX(bpf.JumpGreaterThan, "accept", "drop")
}
