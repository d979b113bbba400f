package files

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
)

// Write replaces the file at path by what write produces: it goes to a new file of a random name in the same folder, which is
// synced and takes the name when it is complete; then the folder is synced. On an error, which names path, the old file is as
// it was and nothing else is left. The folder must be there. A symbolic link at path is replaced, not followed; a device or
// pipe is written to as it is. Permissions are those that the umask leaves of 0666.
//
// A process that is killed meanwhile leaves the file of a random name behind: see [RemoveLeftovers].
func Write(path string, write func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("writing %s: %w", path, err)
		}
	}()
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return writeThrough(path, write)
	}
	file, err := create(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	if err := fill(file, write); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// writeThrough writes to what has no contents to replace.
func writeThrough(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	return errors.Join(err, file.Close())
}

// create makes a new file beside path. It never opens one that is there, nor what a link leads to.
func create(path string) (*os.File, error) {
	dir, name := filepath.Split(path)
	for {
		file, err := os.OpenFile(filepath.Join(dir, leftover(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return file, err
		}
	}
}

func fill(file *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(file)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// SyncFolder makes durable what was renamed or removed in a folder. Windows does not need it, and some file systems cannot do it; a
// folder that may be written and not be read cannot be opened for it.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// leftover returns a name for a file while it is written.
func leftover(name string) string { return fmt.Sprintf(".%s.%016x.tmp", name, rand.Uint64()) }

var leftovers = regexp.MustCompile(`^\..+\.[0-9a-f]{16}\.tmp$`)

// IsLeftover says whether a file's name, without its folder, is one that [Write] gives a file that is not complete.
func IsLeftover(name string) bool { return leftovers.MatchString(name) }

// RemoveLeftovers removes what calls of [Write] that were killed have left in a folder and in those below it, but for those that
// skip names. The caller makes sure that nobody writes there. dir itself may be a symbolic link; links below it are not
// followed.
func RemoveLeftovers(dir string, skip func(folder string) bool) error {
	root, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody else has removed it
			return nil
		case err != nil:
			return err
		case entry.IsDir() && path != root && skip(path):
			return filepath.SkipDir
		case entry.Type().IsRegular() && IsLeftover(entry.Name()):
			return os.Remove(path)
		}
		return nil
	})
}
