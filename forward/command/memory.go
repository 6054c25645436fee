package command

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// A Share is a flag for an amount of memory, and which part of a limit its default
// may be: 4 is a quarter.
type Share struct {
	Flag string
	Part int64
}

// FitMemory lowers the defaults of flags to parts of the limit that the process's
// control group has, and has the garbage collector keep away from the limit: a
// process that reaches it is killed. What was given on the command line stays. It
// says what the first of the flags has come to, and why.
func FitMemory(c *cli.Context, limit int64, shares ...Share) (said string, err error) {
	for i, share := range shares {
		fitted := ""
		if part := limit / share.Part >> 20; limit > 0 && !c.IsSet(share.Flag) && part<<20 < defaultSize(c, share.Flag) {
			fitted = fmt.Sprint(max(part, 1), "MiB")
			if err := c.Set(share.Flag, fitted); err != nil {
				return "", fmt.Errorf("--%s: %w", share.Flag, err)
			}
		}
		if i == 0 {
			said = c.String(share.Flag)
			if fitted != "" {
				said += fmt.Sprintf(", as the control group is limited to %dMiB", limit>>20)
			}
		}
	}
	if limit > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit / 10 * 8) // besides the heap there are stacks, code and the kernel's buffers
	}
	return said, nil
}

// defaultSize is a flag's value in bytes, which is in MiB.
func defaultSize(c *cli.Context, flag string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(c.String(flag), "MiB"), 10, 32)
	if err != nil {
		return math.MaxInt64
	}
	return n << 20
}

// noLimit is more than any limit that is meant: version 1 of control groups
// writes the largest number of pages where there is none.
const noLimit = 1 << 50

// MemoryLimit is the least limit of memory among the control groups that this
// process is in, of either version (cgroups(7)); 0: there is none. root has /proc
// and /sys.
func MemoryLimit(root fs.FS) int64 {
	list, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0 // not a system with control groups
	}
	least := int64(noLimit)
	for line := range strings.Lines(string(list)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) < 3 {
			continue
		}
		mount, file := "", ""
		switch {
		case parts[0] == "0":
			mount, file = "sys/fs/cgroup", "memory.max"
		case strings.Contains(","+parts[1]+",", ",memory,"):
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		default:
			continue
		}
		// In a container the group may be mounted as the root, and its path be known
		// outside alone; and a parent's limit is a limit as well.
		for group := path.Clean("/" + parts[2]); ; group = path.Dir(group) {
			if n, err := readLimit(root, path.Join(mount, group, file)); err == nil {
				least = min(least, n)
			}
			if group == "/" {
				break
			}
		}
	}
	if least >= noLimit {
		return 0
	}
	return least
}

// errNoLimit: a group has no limit.
var errNoLimit = errors.New("no limit")

func readLimit(root fs.FS, name string) (int64, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, err
	}
	word := strings.TrimSpace(string(text))
	if word == "max" {
		return 0, errNoLimit
	}
	n, err := strconv.ParseInt(word, 10, 64)
	if err == nil && n <= 0 {
		err = errNoLimit
	}
	return n, err
}
