package truth

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"

	"github.com/oneshot-nas/oneshot/internal/files"
)

// source is an open table: buffered, and unpacked if the file is compressed.
type source struct {
	*bufio.Reader
	file *os.File
}

// open opens a table; want says in an error what kind of file was looked for. Compression is told by the first bytes of the
// file, not by its name.
func open(path, want string) (*source, error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, fmt.Errorf("truth: %w (want %s)", err, want)
	}
	s := &source{bufio.NewReader(f), f}
	if magic, _ := s.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(s.Reader)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("truth: %s: %w", path, err)
		}
		s.Reader = bufio.NewReader(z)
	}
	if _, err := s.Peek(1); err != nil {
		f.Close()
		if err == io.EOF {
			return nil, fmt.Errorf("truth: %s is empty, want %s", path, want)
		}
		return nil, fmt.Errorf("truth: %s: %w (want %s)", path, err, want)
	}
	return s, nil
}

func (s *source) Close() error { return s.file.Close() }
