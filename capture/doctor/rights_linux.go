package doctor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"gor/capture"
)

// rightsOf are those of this thread, as /proc has them; opened is the error of opening
// packet sockets.
func rightsOf(opened error) Rights {
	r := Rights{UID: os.Geteuid(), Forbidden: errors.Is(opened, capture.ErrPermission)}
	if opened != nil && !r.Forbidden {
		r.Other = opened
	}
	status, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		return r // what is not known is not said
	}
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "CapEff":
			caps, _ := strconv.ParseUint(value, 16, 64)
			r.NetRaw = caps>>unix.CAP_NET_RAW&1 != 0
			r.Privileged = caps>>unix.CAP_SYS_PTRACE&1 != 0
		case "Seccomp":
			r.Seccomp = value == "2" // SECCOMP_MODE_FILTER
		}
	}
	return r
}

// inodeOf is a file's number.
func inodeOf(info fs.FileInfo) string {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return strconv.FormatUint(st.Ino, 10)
	}
	return ""
}

// native turns a word from this machine's byte order into the network's.
func native(word []byte) {
	binary.BigEndian.PutUint32(word, binary.NativeEndian.Uint32(word))
}
