package study

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// WriteFile replaces the file at path by what write produces: it goes to a new file in the same folder, is synced, and takes the name
// when it is complete. On an error the old file is untouched; if it has these contents already, as in a folder that may only be read, that
// is no error. A symbolic link at path is replaced, not followed.
func WriteFile(path string, write func(io.Writer) error) error {
	err := files.Write(path, write)
	if err == nil || holds(path, write) {
		return nil
	}
	return fmt.Errorf("study: %w", err)
}

// Remove removes the file at path, if it is there. In a folder that may only be read it stays, and that is no error: nothing can be
// written in its place.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) && Writable(filepath.Dir(path)) {
		return fmt.Errorf("study: %w", err)
	}
	return nil
}

// Writable says whether files can be made in a folder.
func Writable(dir string) bool {
	file, err := os.CreateTemp(dir, ".*")
	if err != nil {
		return false
	}
	file.Close()
	os.Remove(file.Name())
	return true
}

// holds says whether the file at path is what write produces.
func holds(path string, write func(io.Writer) error) bool {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return false
	}
	held, err := files.Read(path)
	return err == nil && bytes.Equal(held, b.Bytes())
}

// makeFolder makes a folder of the study and those on the way to it, durably. The study's own must be there: if somebody has removed it
// while the study is open, what is written now would be lost.
func (s *Study) makeFolder(name string) error {
	path := filepath.Join(s.dir, name)
	if info, err := os.Stat(path); name == "." || err == nil && info.IsDir() {
		return nil
	}
	if err := s.makeFolder(filepath.Dir(name)); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o777); err != nil {
		return fmt.Errorf("study: making the folder: %w", err)
	}
	if err := files.SyncFolder(filepath.Dir(path)); err != nil {
		return fmt.Errorf("study: making the folder: %w", err)
	}
	return nil
}
