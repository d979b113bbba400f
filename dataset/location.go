package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// location is where files lie, and what comes before their names in messages.
type location struct {
	fs.FS
	root string // "" where the file system has no name
}

// onDisk is the location of a directory.
func onDisk(dir string) location { return location{os.DirFS(dir), dir} }

// path of a file, for a message.
func (p location) path(file string) string { return filepath.Join(p.root, filepath.FromSlash(file)) }

// sub is the location of a directory within.
func (p location) sub(dir string) (location, error) {
	inner, err := fs.Sub(p.FS, dir)
	return location{inner, p.path(dir)}, err
}

// has says whether there is a file or directory of that name.
func (p location) has(file string) bool {
	_, err := fs.Stat(p.FS, file)
	return err == nil
}

// readRegular reads a regular file: opening a named pipe waits for somebody to write to it. Its size must please check before anything is
// read.
func readRegular(fsys fs.FS, file string, check func(size int64) error) ([]byte, error) {
	info, err := fs.Stat(fsys, file)
	if err != nil {
		return nil, err
	}
	if err := files.Check(info.Mode()); err != nil {
		return nil, err
	}
	if err := check(info.Size()); err != nil {
		return nil, err
	}
	return fs.ReadFile(fsys, file)
}

// bare is an error without the name of a file, for a message that has it.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
