package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a.txt")
	if err := os.WriteFile(name, []byte("twelve bytes"), 0o666); err != nil {
		t.Fatal(err)
	}
	link := name + ".link"
	if err := os.Symlink(name, link); err != nil {
		t.Skip(err)
	}
	for _, name := range []string{name, link} {
		if b, err := Read(name); err != nil || string(b) != "twelve bytes" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
		if b, err := read(name, 12); err != nil || len(b) != 12 {
			t.Errorf("%s: %q, %v: as long as the limit is not too long", name, b, err)
		}
		if _, err := read(name, 11); err == nil || !strings.Contains(err.Error(), name) ||
			!strings.Contains(err.Error(), "more than 11 bytes") {
			t.Errorf("%s: error %v, want the limit in it", name, err)
		}
	}
	if _, err := Read(name + ".absent"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want one that is fs.ErrNotExist", err)
	}
	if _, err := Read(filepath.Dir(name)); err == nil || !strings.Contains(err.Error(), "is a folder; expected a regular file") {
		t.Errorf("error %v, want one that says what it is", err)
	}
}
