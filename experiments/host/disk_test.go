package host

import (
	"path/filepath"
	"testing"
)

func TestDisk(t *testing.T) {
	if bytes, known := Disk(t.TempDir()); known && bytes <= 0 {
		t.Errorf("%d bytes are free, and tests can be built", bytes)
	}
	if bytes, known := Disk(filepath.Join(t.TempDir(), "nothing")); known {
		t.Errorf("of a folder that there is not, %d bytes are free", bytes)
	}
}
