package db

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lockFolder makes sure that only one Fairlead works on a data folder. The kernel drops the lock with the process, so a
// kill leaves nothing to clean up.
func lockFolder(dir string) (*os.File, error) {
	path := filepath.Join(dir, "fairlead.lock")
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot write to the data folder %s: %w", dir, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("the data folder %s is in use by another Fairlead; stop that one first or choose another --data", dir)
	}
	return file, nil
}
