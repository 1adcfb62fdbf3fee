//go:build unix

package cli

import "syscall"

// OwnGroup keeps the terminal's signals away from a child process.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
