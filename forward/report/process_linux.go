package report

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readProcess asks the kernel; false: it does not say, as where there is no /proc.
func readProcess() (p process, ok bool) {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return process{}, false
	}
	p.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return process{}, false
	}
	var size uint64
	if _, err := fmt.Sscan(string(statm), &size, &p.resident); err != nil {
		return process{}, false
	}
	p.resident *= uint64(os.Getpagesize())
	files, err := os.ReadDir("/proc/self/fd")
	p.files = uint64(max(len(files)-1, 0)) // without the folder's own
	return p, err == nil
}
