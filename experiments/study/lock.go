package study

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// LockedError says that a study is open already.
type LockedError struct {
	Dir    string
	Holder string // who holds it: process, host, since when; empty if unknown
}

func (e *LockedError) Error() string {
	holder := e.Holder
	if holder == "" {
		holder = "another process"
	}
	return fmt.Sprintf("study: %s is in use by %s: wait for it, stop it, or use another directory", e.Dir, holder)
}

// errLocked is what lockFile returns when somebody else has the lock.
var errLocked = errors.New("locked")

// takeLock locks the directory until the file returned is closed or the process ends.
func takeLock(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("study: %w", err)
	}
	if err := lockFile(file); err != nil {
		defer file.Close()
		if errors.Is(err, errLocked) {
			holder, _ := io.ReadAll(io.LimitReader(file, 1000)) // only for the message
			return nil, &LockedError{Dir: dir, Holder: strings.TrimSpace(string(holder))}
		}
		return nil, fmt.Errorf("study: locking %s: %w", path, err)
	}
	if err := signLock(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("study: writing %s: %w", path, err)
	}
	return file, nil
}

// signLock leaves word for whoever finds the study locked.
func signLock(file *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime))
	return err
}
