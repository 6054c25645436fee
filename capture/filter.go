package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
)

const (
	acceptLen     = 1 << 18 // bytes of a packet to keep: more than BIG TCP's largest
	maxFilterPort = 64      // more ports than these are sorted out by the Decoder

	flagsEnding = 0x07 // FIN, SYN, RST
)

// A FilterSpec says which packets the kernel hands over.
type FilterSpec struct {
	// Ports are TCP destination ports; none or more than 64 mean all.
	Ports []uint16

	// Tunnels lets through what may be a tunnel with such segments inside, too.
	Tunnels bool

	// Ifaces are the indexes of interfaces; none mean all.
	Ifaces []int
}

// An assembler turns instructions that jump to labels into ones that jump by
// distances. Labels are only defined behind the jumps to them: classic BPF has
// no loops.
type assembler struct {
	code   []bpf.Instruction
	fixups []fixup
	labels map[string]int
}

type fixup struct {
	at          int
	onTrue, onF string // labels; empty: the next instruction
}

func (a *assembler) emit(i ...bpf.Instruction) { a.code = append(a.code, i...) }

func (a *assembler) label(name string) { a.labels[name] = len(a.code) }

// jump adds a conditional jump on the accumulator.
func (a *assembler) jump(cond bpf.JumpTest, val uint32, onTrue, onFalse string) {
	a.fixups = append(a.fixups, fixup{len(a.code), onTrue, onFalse})
	a.emit(bpf.JumpIf{Cond: cond, Val: val})
}

// jumpX adds a conditional jump that compares the accumulator with X.
func (a *assembler) jumpX(cond bpf.JumpTest, onTrue, onFalse string) {
	a.fixups = append(a.fixups, fixup{len(a.code), onTrue, onFalse})
	a.emit(bpf.JumpIfX{Cond: cond})
}

// equal jumps to onTrue for any of vals.
func (a *assembler) equal(onTrue string, vals ...uint32) {
	for _, v := range vals {
		a.jump(bpf.JumpEqual, v, onTrue, "")
	}
}

// always jumps to a label.
func (a *assembler) always(to string) {
	a.fixups = append(a.fixups, fixup{len(a.code), to, to})
	a.emit(bpf.Jump{})
}

// program resolves the labels.
func (a *assembler) program() ([]bpf.Instruction, error) {
	for _, f := range a.fixups {
		distance := func(name string) (uint32, error) {
			if name == "" {
				return 0, nil
			}
			to, ok := a.labels[name]
			if !ok || to <= f.at {
				return 0, fmt.Errorf("filter: label %q is not ahead", name)
			}
			return uint32(to - f.at - 1), nil
		}
		yes, err := distance(f.onTrue)
		if err != nil {
			return nil, err
		}
		no, err := distance(f.onF)
		if err != nil {
			return nil, err
		}
		if _, plain := a.code[f.at].(bpf.Jump); plain {
			a.code[f.at] = bpf.Jump{Skip: yes}
			continue
		}
		if yes > 255 || no > 255 {
			return nil, fmt.Errorf("filter: a jump over %d instructions", max(yes, no))
		}
		switch i := a.code[f.at].(type) {
		case bpf.JumpIf:
			i.SkipTrue, i.SkipFalse = uint8(yes), uint8(no)
			a.code[f.at] = i
		case bpf.JumpIfX:
			i.SkipTrue, i.SkipFalse = uint8(yes), uint8(no)
			a.code[f.at] = i
		}
	}
	return a.code, nil
}

// Program is the filter for a cooked packet socket: offset 0 is the IP header,
// and the kernel's own knowledge of the packet is at hand (interface, type,
// protocol; linux/filter.h, SKF_AD_*). It lets through TCP segments to the
// ports that carry payload or begin or end a connection; bare acknowledgements
// stay out, which halves the packets to copy. What it cannot judge (fragments,
// extension headers, tags, tunnels) it leaves to the Decoder.
func (s FilterSpec) Program() ([]bpf.Instruction, error) {
	a := &assembler{labels: map[string]int{}}
	if len(s.Ifaces) > 0 {
		a.emit(bpf.LoadExtension{Num: bpf.ExtInterfaceIndex})
		for _, i := range s.Ifaces {
			a.jump(bpf.JumpEqual, uint32(i), "incoming", "")
		}
		a.emit(bpf.RetConstant{Val: 0})
		a.label("incoming")
	}
	// PACKET_IGNORE_OUTGOING keeps these away already on kernels that have it.
	const outgoing = 4
	a.emit(bpf.LoadExtension{Num: bpf.ExtType})
	a.jump(bpf.JumpNotEqual, outgoing, "protocol", "")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("protocol")
	a.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	a.equal("tagged", etherVLAN, etherQinQ, etherQinQOld, etherPPPoE, etherMPLS)
	a.jump(bpf.JumpEqual, etherIP4, "version", "")
	a.jump(bpf.JumpEqual, etherIP6, "version", "")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("tagged")
	a.emit(bpf.RetConstant{Val: acceptLen})
	a.label("version")
	s.ipProgram(a)
	return a.program()
}

// ipProgram judges a packet by its IP header alone, without the kernel's knowledge.
func (s FilterSpec) ipProgram(a *assembler) {
	a.emit(bpf.LoadAbsolute{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	a.jump(bpf.JumpEqual, 6, "ip6", "")
	a.jump(bpf.JumpEqual, 4, "ip4", "drop")
	a.label("ip4")
	s.ip4Program(a)
	a.label("ip6")
	s.ip6Program(a)
	a.label("drop")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("accept")
	a.emit(bpf.RetConstant{Val: acceptLen})
}

func (s FilterSpec) ip4Program(a *assembler) {
	a.emit(bpf.LoadAbsolute{Off: 9, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "tcp4", "")
	if s.Tunnels {
		a.jump(bpf.JumpEqual, protocolUDP, "udp4", "")
		a.equal("drop4accept", protocolGRE, protocolIP4, protocolIP6)
	}
	a.emit(bpf.RetConstant{Val: 0})
	if s.Tunnels {
		a.label("drop4accept")
		a.emit(bpf.RetConstant{Val: acceptLen})
		a.label("udp4")
		// A later fragment has no ports; the first one is let through as well.
		a.emit(bpf.LoadAbsolute{Off: 6, Size: 2})
		a.jump(bpf.JumpBitsSet, 0x3fff, "udp4accept", "")
		a.emit(bpf.LoadMemShift{Off: 0}, bpf.LoadIndirect{Off: 2, Size: 2})
		a.equal("udp4accept", portVXLAN, portVXLANOld, portGENEVE, portGREInUDP, portGTP)
		a.emit(bpf.RetConstant{Val: 0})
		a.label("udp4accept")
		a.emit(bpf.RetConstant{Val: acceptLen})
	}
	a.label("tcp4")
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 2})
	a.jump(bpf.JumpBitsSet, 0x3fff, "tcp4accept", "")
	a.emit(bpf.LoadMemShift{Off: 0}, bpf.LoadIndirect{Off: 2, Size: 2})
	s.ports(a, "port4")
	a.label("port4")
	a.emit(bpf.LoadIndirect{Off: 13, Size: 1})
	a.jump(bpf.JumpBitsSet, flagsEnding, "tcp4accept", "")
	// Payload is what the total length leaves behind both headers; a length of
	// zero stands for more than 65,535.
	a.emit(bpf.LoadIndirect{Off: 12, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
		bpf.LoadAbsolute{Off: 2, Size: 2})
	a.jump(bpf.JumpEqual, 0, "tcp4accept", "")
	a.jumpX(bpf.JumpGreaterThan, "tcp4accept", "")
	a.emit(bpf.RetConstant{Val: 0})
	a.label("tcp4accept")
	a.emit(bpf.RetConstant{Val: acceptLen})
}

func (s FilterSpec) ip6Program(a *assembler) {
	a.emit(bpf.LoadAbsolute{Off: 6, Size: 1})
	a.jump(bpf.JumpEqual, protocolTCP, "tcp6", "")
	a.equal("ip6accept", extHopByHop, extRouting, extFragment, extAuthentication, extDestination, extMobility, extHIP, extShim6)
	if s.Tunnels {
		a.equal("ip6accept", protocolGRE, protocolIP4, protocolIP6)
		a.jump(bpf.JumpNotEqual, protocolUDP, "drop", "")
		a.emit(bpf.LoadAbsolute{Off: 42, Size: 2})
		a.equal("ip6accept", portVXLAN, portVXLANOld, portGENEVE, portGREInUDP, portGTP)
	}
	a.emit(bpf.RetConstant{Val: 0})
	a.label("ip6accept")
	a.emit(bpf.RetConstant{Val: acceptLen})
	a.label("tcp6")
	a.emit(bpf.LoadAbsolute{Off: 42, Size: 2})
	s.ports(a, "port6")
	a.label("port6")
	a.emit(bpf.LoadAbsolute{Off: 53, Size: 1})
	a.jump(bpf.JumpBitsSet, flagsEnding, "accept", "")
	a.emit(bpf.LoadAbsolute{Off: 52, Size: 1},
		bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xf0},
		bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 2},
		bpf.TAX{},
		bpf.LoadAbsolute{Off: 4, Size: 2})
	a.jump(bpf.JumpEqual, 0, "accept", "")
	a.jumpX(bpf.JumpGreaterThan, "accept", "drop")
}

// ports goes on at label for a wanted port in the accumulator, else refuses.
func (s FilterSpec) ports(a *assembler, label string) {
	if len(s.Ports) == 0 || len(s.Ports) > maxFilterPort {
		a.always(label)
		return
	}
	for _, p := range s.Ports {
		a.jump(bpf.JumpEqual, uint32(p), label, "")
	}
	a.emit(bpf.RetConstant{Val: 0})
}
