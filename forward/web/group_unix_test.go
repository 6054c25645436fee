//go:build unix

package web

import (
	"os/exec"
	"syscall"
)

// inGroup has a command begin a group of processes, and killGroup ends all of it: a
// browser is many.
func inGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
