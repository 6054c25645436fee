package capture

import (
	"fmt"

	"golang.org/x/net/bpf"
)

// An assembler turns instructions that jump to labels into ones that jump by
// distances. Labels are only defined behind the jumps to them: classic BPF has
// no loops.
type assembler struct {
	ops    []op
	labels map[string]int // where each is, as an index of ops
	scope  string         // is put before each label
}

// An op is an instruction, and the labels that it goes on at; an empty one means
// the next instruction. A conditional jump reaches no further than maxSkip: a
// far one becomes three instructions, of which the last two jump anywhere.
type op struct {
	ins             bpf.Instruction
	onTrue, onFalse string
	far             bool
}

const maxSkip = 255

func (a *assembler) emit(ins ...bpf.Instruction) {
	for _, i := range ins {
		a.ops = append(a.ops, op{ins: i})
	}
}

func (a *assembler) label(name string) { a.labels[a.scope+name] = len(a.ops) }

// jump adds a conditional jump on the accumulator.
func (a *assembler) jump(cond bpf.JumpTest, val uint32, onTrue, onFalse string) {
	a.add(bpf.JumpIf{Cond: cond, Val: val}, onTrue, onFalse)
}

// jumpX adds a conditional jump that compares the accumulator with X.
func (a *assembler) jumpX(cond bpf.JumpTest, onTrue, onFalse string) {
	a.add(bpf.JumpIfX{Cond: cond}, onTrue, onFalse)
}

// equal jumps to onTrue for any of vals.
func (a *assembler) equal(onTrue string, vals ...uint32) {
	for _, v := range vals {
		a.jump(bpf.JumpEqual, v, onTrue, "")
	}
}

// always jumps to a label.
func (a *assembler) always(to string) { a.add(bpf.Jump{}, to, to) }

func (a *assembler) add(ins bpf.Instruction, onTrue, onFalse string) {
	scoped := func(name string) string {
		if name == "" {
			return ""
		}
		return a.scope + name
	}
	a.ops = append(a.ops, op{ins: ins, onTrue: scoped(onTrue), onFalse: scoped(onFalse)})
}

// program resolves the labels. Making one jump far moves what is behind it, and
// may so make others far.
func (a *assembler) program() ([]bpf.Instruction, error) {
	for {
		code, again, err := a.resolve()
		if err != nil || !again {
			return code, err
		}
	}
}

// resolve makes the instructions; again says that there are more far jumps than
// were known.
func (a *assembler) resolve() (code []bpf.Instruction, again bool, err error) {
	at := make([]int, len(a.ops)+1)
	for i, o := range a.ops {
		at[i+1] = at[i] + 1
		if o.far {
			at[i+1] += 2
		}
	}
	for i := range a.ops {
		o := &a.ops[i]
		yes, err := a.target(o.onTrue, i, at)
		if err != nil {
			return nil, false, err
		}
		no, err := a.target(o.onFalse, i, at)
		if err != nil {
			return nil, false, err
		}
		next := at[i] + 1
		switch ins := o.ins.(type) {
		case bpf.Jump:
			code = append(code, bpf.Jump{Skip: uint32(yes - next)})
			continue
		case bpf.JumpIf, bpf.JumpIfX:
			if o.far {
				code = append(code, skipping(ins, 0, 1), bpf.Jump{Skip: uint32(yes - next - 1)}, bpf.Jump{Skip: uint32(no - next - 2)})
				continue
			}
			if yes-next > maxSkip || no-next > maxSkip {
				o.far, again = true, true
			}
			code = append(code, skipping(ins, uint8(yes-next), uint8(no-next)))
		default:
			code = append(code, ins)
		}
	}
	return code, again, nil
}

// target is where in the program a jump of op i to a label leads.
func (a *assembler) target(name string, i int, at []int) (int, error) {
	if name == "" {
		return at[i+1], nil
	}
	to, ok := a.labels[name]
	if !ok || to <= i {
		return 0, fmt.Errorf("filter: label %q is not ahead", name)
	}
	return at[to], nil
}

// skipping is a conditional jump by these distances.
func skipping(ins bpf.Instruction, yes, no uint8) bpf.Instruction {
	switch i := ins.(type) {
	case bpf.JumpIf:
		i.SkipTrue, i.SkipFalse = yes, no
		return i
	case bpf.JumpIfX:
		i.SkipTrue, i.SkipFalse = yes, no
		return i
	}
	return ins
}
