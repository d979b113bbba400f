//go:build unix

package files

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Nobody writes to the pipe: what opens it waits until the test's time runs out.
func TestNamedPipe(t *testing.T) {
	name := filepath.Join(t.TempDir(), "config.json")
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := Read(name); err == nil || !strings.Contains(err.Error(), name+": is a named pipe; expected a regular file") {
		t.Errorf("error %v, want one that says what it is", err)
	}
	if _, err := Open("/dev/zero"); err == nil || !strings.Contains(err.Error(), "/dev/zero: is a device") {
		t.Errorf("/dev/zero: error %v, want one that says what it is", err)
	}
}

// What a shell hands over as <(command) is a pipe that is there already.
func TestInheritedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	name := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(name); err != nil {
		t.Skip(err)
	}
	if _, err := w.WriteString("from a command"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := Read(name); err != nil || string(b) != "from a command" {
		t.Errorf("%s: %q, %v", name, b, err)
	}
}
