package study

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// lock is held on the file .lock and, as far as the system can, on the directory itself, so that it keeps others out even when somebody
// deletes the file.
type lock struct {
	dir    string
	file   *os.File
	folder *os.File // nil where folders have no locks
}

// takeLock locks the directory until the lock is released or the process ends.
func takeLock(dir string) (*lock, error) {
	file, err := lockIn(dir)
	if err != nil {
		return nil, err
	}
	folder, err := lockFolder(dir)
	if err != nil {
		file.Close()
		if errors.Is(err, errLocked) {
			return nil, &LockedError{Dir: dir, Holder: "a process whose " + lockName + " was deleted"}
		}
		return nil, fmt.Errorf("study: locking %s: %w", dir, err)
	}
	return &lock{dir, file, folder}, nil
}

// lockIn locks the file .lock in a directory, making it if necessary.
func lockIn(dir string) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	for {
		if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
			return nil, fmt.Errorf("study: %s is no regular file (%v); delete it", path, info.Mode().Type())
		}
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
		if !isAt(file, path) { // it was deleted before it was locked, and its lock means nothing
			file.Close()
			continue
		}
		signLock(file)
		return file, nil
	}
}

// isAt says whether an open file is still the one of that name.
func isAt(file *os.File, path string) bool {
	held, err := file.Stat()
	if err != nil {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && os.SameFile(held, info)
}

// check makes sure that the lock still keeps others out. Where .lock has been deleted it is made again; it is an error if the directory
// has been removed, or if somebody else was faster.
func (l *lock) check() error {
	path := filepath.Join(l.dir, lockName)
	if isAt(l.file, path) {
		return nil
	}
	if _, err := os.Stat(l.dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("study: %s was removed while it was in use", l.dir)
	}
	file, err := lockIn(l.dir)
	if err != nil {
		return fmt.Errorf("%w (%s was deleted while this process had it)", err, path)
	}
	l.file.Close()
	l.file = file
	return nil
}

func (l *lock) release() error {
	err := l.file.Close() // which releases it
	if l.folder != nil {
		err = errors.Join(err, l.folder.Close())
	}
	return err
}

// signLock leaves word for whoever finds the study locked. The lock is as good without it, as on a full disk.
func signLock(file *os.File) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	if file.Truncate(0) == nil {
		fmt.Fprintf(file, "process %d on %s since %s\n", os.Getpid(), host, time.Now().Format(time.DateTime))
	}
}
