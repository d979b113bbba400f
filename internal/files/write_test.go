package files

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func text(s string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		io.WriteString(w, s)
		return err
	}
}

func contents(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// alone checks that a folder holds nothing but the files of these names.
func alone(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("%s holds %v (%v), want %q", dir, entries, err, names)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := Write(path, text("first", nil)); err != nil || contents(t, path) != "first" {
		t.Fatalf("%q, error %v", contents(t, path), err)
	}
	ink := errors.New("no ink")
	if err := Write(path, text("seco", ink)); !errors.Is(err, ink) || !strings.Contains(err.Error(), path) || contents(t, path) != "first" {
		t.Errorf("a failed write leaves %q and says %v", contents(t, path), err)
	}
	alone(t, dir, "a.csv")
	if err := Write(path, text(strings.Repeat("x", 100_000), nil)); err != nil || len(contents(t, path)) != 100_000 {
		t.Errorf("%d bytes, error %v", len(contents(t, path)), err)
	}
	alone(t, dir, "a.csv")
	missing := filepath.Join(dir, "no", "such", "folder")
	if err := Write(missing, text("x", nil)); !os.IsNotExist(errors.Unwrap(err)) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := Write(dir, text("x", nil)); err == nil {
		t.Error("a folder was replaced by a file")
	}
}

// Links are replaced: what they lead to, inside or outside, is not touched.
func TestLinksAreNotFollowed(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "a.csv")
	if err := os.Symlink(outside, path); err != nil {
		t.Skip(err)
	}
	if err := Write(path, text("new", nil)); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || contents(t, path) != "new" || contents(t, outside) != "mine" {
		t.Errorf("%v, %v: %q; outside %q", info, err, contents(t, path), contents(t, outside))
	}
}

func TestDevicesAreNotReplaced(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no devices among files")
	}
	if err := Write(os.DevNull, text("x", nil)); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Errorf("%s is now %v, %v", os.DevNull, info.Mode(), err)
	}
}

func TestRemoveLeftovers(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	ours := []string{leftover("a.csv"), "b/" + leftover("a.safetensors")}
	others := []string{"b/.a.csv.tmp", "b/.hidden", "b/a.0123456789abcdef.tmp", "locked/" + leftover("a.csv")}
	for _, folder := range []string{"b", "locked", "b/" + leftover("folder")} {
		if err := os.Mkdir(in(folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range append(ours, others...) {
		if err := os.WriteFile(in(name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		link = dir
	}
	if err := RemoveLeftovers(link, func(folder string) bool { return filepath.Base(folder) == "locked" }); err != nil {
		t.Fatal(err)
	}
	for _, name := range ours {
		if _, err := os.Stat(in(name)); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", name, err)
		}
	}
	for _, name := range others {
		if _, err := os.Stat(in(name)); err != nil {
			t.Error(err)
		}
	}
}
