package study

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// WriteFile replaces the file at path by what write produces: it goes to a temporary file in the same directory, is
// synced, and takes the name when it is complete. On an error the old file is untouched. Two concurrent writers of one
// path disturb each other.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	dir, name := filepath.Split(path)
	temp := filepath.Join(dir, temporary(name))
	defer func() {
		if err != nil {
			os.Remove(temp)
			err = fmt.Errorf("study: writing %s: %w", path, err)
		}
	}()
	file, err := os.Create(temp)
	if err != nil {
		return err
	}
	if err := writeSynced(file, write); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeSynced(file *os.File, write func(io.Writer) error) error {
	buffered := bufio.NewWriter(file)
	if err := write(buffered); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir makes a rename durable. Windows cannot sync directories and does not need to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// temporary returns the name that a file has while it is written.
func temporary(name string) string { return "." + name + ".tmp" }

// removeTemporary removes what writers left that were killed: [WriteFile], and tensor.SaveSafetensors, whose names are of the
// same kind.
func removeTemporary(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.Type().IsRegular() && strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp") {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("study: removing temporary files: %w", err)
	}
	return nil
}
