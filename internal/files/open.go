package files

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Most is how many bytes [Read] takes: 1 GiB, far above any text or table of a study.
const Most = 1 << 30

// Open opens a regular file. Standard input and what a shell has opened for the program are taken as they come, under the names that
// Unix gives them: /dev/stdin, /dev/fd/3 (which <(command) stands for), /proc/self/fd/3. The error names the file and says what it is.
func Open(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.Unwrap(err)}
	}
	if err := Check(info.Mode()); err != nil && !inherited(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.Open(name)
}

// Read reads a file that Open opens, of at most [Most] bytes.
func Read(name string) ([]byte, error) { return read(name, Most) }

func read(name string, most int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	tooLong := func() error {
		return &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("more than %d bytes, which is the limit", most)}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().IsRegular() && info.Size() > most {
		return nil, tooLong()
	}
	b, err := io.ReadAll(io.LimitReader(f, most+1)) // the size may be another by now, and a pipe has none
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, tooLong()
	}
	return b, nil
}

// Check says what is not a regular file, nil if it is one.
func Check(mode fs.FileMode) error {
	const want = "; expected a regular file"
	switch {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return errors.New("is a folder" + want)
	case mode&fs.ModeNamedPipe != 0:
		return errors.New("is a named pipe" + want)
	case mode&fs.ModeSocket != 0:
		return errors.New("is a socket" + want)
	case mode&fs.ModeDevice != 0:
		return errors.New("is a device" + want)
	}
	return errors.New("is no regular file")
}

// inherited says whether a name stands for a file that the program was started with.
func inherited(name string) bool {
	name = path.Clean(filepath.ToSlash(name))
	return name == "/dev/stdin" || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}
