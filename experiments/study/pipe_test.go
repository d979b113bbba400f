//go:build unix

package study

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A named pipe in the place of a file is an error: who opens one waits until somebody writes to it, also through Ctrl-C.
func TestNamedPipes(t *testing.T) {
	for name, use := range map[string]func(dir string) error{
		ConfigName: func(dir string) error {
			_, err := Open(dir, published())
			return err
		},
		"scores.csv": func(dir string) error {
			s, err := Open(dir, published())
			if err != nil {
				return err
			}
			defer s.Close()
			_, err = s.Table("scores.csv", columns...)
			return err
		},
	} {
		dir := t.TempDir()
		if name != ConfigName {
			open(t, dir, published()).Close()
		}
		if err := unix.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Skip(err)
		}
		if err := use(dir); err == nil || !strings.Contains(err.Error(), filepath.Join(dir, name)+": is a named pipe") {
			t.Errorf("%s: error %v, want one that says what it is", name, err)
		}
	}
}
