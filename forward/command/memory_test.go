package command

import (
	"bytes"
	"runtime/debug"
	"testing"
	"testing/fstest"

	"github.com/urfave/cli/v2"
)

// files is a file system with these texts.
func files(texts map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for name, text := range texts {
		all[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

func TestMemoryLimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"no control groups", nil, 0},
		{"version 2, no limit", map[string]string{"proc/self/cgroup": "0::/a.slice/b\n", "sys/fs/cgroup/a.slice/b/memory.max": "max\n"}, 0},
		{"version 2", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "134217728\n"}, 128 << 20},
		{"version 2, a parent's limit", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max", "sys/fs/cgroup/a/memory.max": "1048576"}, 1 << 20},
		{"version 2, a parent has less", map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "4096", "sys/fs/cgroup/a/memory.max": "1024"}, 1024},
		{"a container's own root", map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1048576"}, 1 << 20},
		{"a path that is known outside alone", map[string]string{"proc/self/cgroup": "0::/../x/y\n", "sys/fs/cgroup/memory.max": "1048576"}, 1 << 20},
		{"version 1", map[string]string{
			"proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/docker/x\n0::/\n",
			"sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "134217728\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 128 << 20},
		{"version 1, no limit", map[string]string{"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
		{"another controller", map[string]string{"proc/self/cgroup": "4:memoryx:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1024\n"}, 0},
		{"nonsense", map[string]string{"proc/self/cgroup": "x\n0:\n0::/a\n", "sys/fs/cgroup/a/memory.max": "-5", "sys/fs/cgroup/memory.max": "x"}, 0},
	} {
		if got := MemoryLimit(files(tt.files)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestFitMemory: defaults follow the limit, what was given does not.
func TestFitMemory(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	for _, tt := range []struct {
		name               string
		limit              int64
		args               []string
		large, small, said string
	}{
		{"no limit", 0, nil, "256MiB", "64MiB", "256MiB"},
		{"a high one", 16 << 30, nil, "256MiB", "64MiB", "256MiB"},
		{"a low one", 128 << 20, nil, "32MiB", "16MiB", "32MiB, as the control group is limited to 128MiB"},
		{"a tiny one", 1 << 20, nil, "1MiB", "1MiB", "1MiB, as the control group is limited to 1MiB"},
		{"given", 128 << 20, []string{"--large", "256MiB"}, "256MiB", "16MiB", "256MiB"},
	} {
		var out, errs bytes.Buffer
		var large, small, said string
		app := program(&out, &errs, nil)
		app.Commands[0].Flags = []cli.Flag{&cli.StringFlag{Name: "large", Value: "256MiB"}, &cli.StringFlag{Name: "small", Value: "64MiB"}}
		app.Commands[0].Action = func(c *cli.Context) (err error) {
			said, err = FitMemory(c, tt.limit, Share{"large", 4}, Share{"small", 8})
			large, small = c.String("large"), c.String("small")
			return err
		}
		if status := app.Run(t.Context(), append([]string{"work"}, tt.args...)); status != 0 {
			t.Fatal(errs.String())
		}
		if large != tt.large || small != tt.small || said != tt.said {
			t.Errorf("%s: %s and %s (%s), want %s and %s (%s)", tt.name, large, small, said, tt.large, tt.small, tt.said)
		}
	}
}
