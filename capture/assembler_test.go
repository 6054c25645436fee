package capture

import (
	"fmt"
	"testing"

	"golang.org/x/net/bpf"
)

// TestFarJumps: a conditional jump over any number of instructions leads to its
// labels, also where making one far makes others far.
func TestFarJumps(t *testing.T) {
	for _, between := range []int{0, 1, 250, 253, 254, 255, 256, 257, 300, 1000} {
		for in, want := range map[byte]int{7: 1, 8: 2, 9: 3} {
			a := &assembler{labels: map[string]int{}, scope: "a: "}
			a.emit(bpf.LoadAbsolute{Off: 0, Size: 1})
			a.jump(bpf.JumpEqual, 7, "seven", "")
			a.jump(bpf.JumpNotEqual, 8, "other", "eight")
			for range between {
				a.emit(bpf.RetConstant{Val: 99})
			}
			a.label("seven")
			a.emit(bpf.RetConstant{Val: 1})
			a.label("eight")
			a.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 8})
			a.jumpX(bpf.JumpEqual, "end", "other")
			for range between {
				a.emit(bpf.RetConstant{Val: 98})
			}
			a.label("end")
			a.emit(bpf.RetConstant{Val: 2})
			a.label("other")
			a.emit(bpf.RetConstant{Val: 3})
			program, err := a.program()
			if err != nil {
				t.Fatal(err)
			}
			vm, err := bpf.NewVM(program)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := vm.Run([]byte{in}); err != nil || got != want {
				t.Errorf("%d between, %d: %d, want %d (%v)", between, in, got, want, err)
			}
		}
	}
}

// TestLabels: a jump back or nowhere is an error.
func TestLabels(t *testing.T) {
	for _, name := range []string{"behind", "nowhere"} {
		a := &assembler{labels: map[string]int{}}
		a.label("behind")
		a.emit(bpf.RetConstant{Val: 1})
		a.always(name)
		if program, err := a.program(); err == nil {
			t.Error(fmt.Sprint(name, ": ", program))
		}
	}
}
