//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package study

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// readOnly goes through a finished study that this process may not write.
func readOnly(dir string) {
	if os.Geteuid() == 0 { // whom permissions do not bind
		const nobody = 65534
		if err := errors.Join(syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			fatal(err)
		}
	}
	s, err := Open(dir, published())
	if err != nil {
		fatal(err)
	}
	scores, err := s.Table("scores.csv", columns...)
	if err != nil {
		fatal(err)
	}
	none, err := s.Table("none.csv", columns...)
	if err != nil {
		fatal(err)
	}
	if !s.ReadOnly() || len(scores.Rows()) != 1 || len(none.Rows()) != 0 {
		fatal(errors.New("it is not read as it should be"))
	}
	if err := s.WriteJSON("figures/results.json", map[string]int{"n": 1}); err != nil {
		fatal(err)
	}
	if err := Remove(s.Path("figures/results.json")); err != nil {
		fatal(err)
	}
	for _, err := range []error{s.WriteJSON("figures/results.json", map[string]int{"n": 2}), s.WriteJSON("new/results.json", map[string]int{"n": 2})} {
		if !errors.Is(err, errReadOnly) {
			fatal(fmt.Errorf("other contents: %w", err))
		}
	}
	if err := scores.Append("b", "2"); !errors.Is(err, errReadOnly) {
		fatal(err)
	}
	if err := s.Close(); err != nil {
		fatal(err)
	}
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	if err := table(t, s).Append("a", "1"); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteJSON("figures/results.json", map[string]int{"n": 1}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, folder := range []string{s.Path("figures"), dir} {
		if err := os.Chmod(folder, 0o555); err != nil {
			t.Fatal(err)
		}
		defer os.Chmod(folder, 0o777)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := child(t, "readonly", dir).Output(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
