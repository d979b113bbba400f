//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package study

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the exclusive lock of an open file, or returns errLocked at once. The lock belongs to this opening of
// the file, so that it also keeps out a second one in the same process.
func lockFile(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
}

// lockFolder takes the same lock of a directory, which nobody can delete while there is a study in it. Network file systems that lock
// only what is open for writing have no such lock.
func lockFolder(dir string) (*os.File, error) {
	folder, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := lockFile(folder); err != nil {
		folder.Close()
		if errors.Is(err, errLocked) {
			return nil, err
		}
		return nil, nil
	}
	return folder, nil
}
