package analysis

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What a worker that was killed has left is removed by the next one in its place; the folder of one that lives is not, nor anything else.
func TestOwnFolder(t *testing.T) {
	in := t.TempDir()
	living, err := ownFolder(in)
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	dead, err := ownFolder(in)
	if err != nil {
		t.Fatal(err)
	}
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	killed, starting, other := dead.Path("."), filepath.Join(in, ownFolders+"2"), filepath.Join(in, "study")
	for _, dir := range []string{killed, starting, other} {
		if err := os.MkdirAll(filepath.Join(dir, "a study"), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-time.Hour)
	for _, dir := range []string{killed, other, living.Path(".")} {
		if err := os.Chtimes(dir, long, long); err != nil {
			t.Fatal(err)
		}
	}
	own, err := ownFolder(in)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	for dir, stays := range map[string]bool{killed: false, starting: true, other: true, living.Path("."): true, own.Path("."): true} {
		if _, err := os.Stat(dir); (err == nil) != stays {
			t.Errorf("%s: %v, want it to stay: %v", dir, err, stays)
		}
	}
}
