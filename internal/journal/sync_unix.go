//go:build !windows

package journal

import (
	"errors"
	"os"
	"syscall"
)

// syncFolder brings the names in a folder to disk. Some network and user-space file systems can't: there a new name is
// as safe as they make it by themselves.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the user's folder
	if err != nil {
		return err
	}
	defer folder.Close() //nolint:errcheck // it was only read
	err = folder.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}
