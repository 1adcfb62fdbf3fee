package cli

import "syscall"

// OwnGroup keeps the terminal's signals away from a child process.
func OwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
