package memory

import (
	"syscall"
	"unsafe"
)

// AdviseHuge asks the kernel for huge pages around the memory of s, which
// lies in Go's heap: its arenas are larger than they are. It is but advice.
func AdviseHuge[T any](s []T) {
	const huge = 2 << 20
	first := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	end := first + uintptr(len(s))*unsafe.Sizeof(s[0])
	first, end = first&^(huge-1), (end+huge-1)&^(huge-1)
	syscall.Syscall(syscall.SYS_MADVISE, first, end-first, syscall.MADV_HUGEPAGE)
}
