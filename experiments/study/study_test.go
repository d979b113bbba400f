package study

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type config struct {
	Space  string
	Epochs int
	Seed   uint64
	Train  struct{ LR float64 }
}

func published() config {
	c := config{Space: "nasbench201", Epochs: 200, Seed: 1<<63 + 1}
	c.Train.LR = 0.1
	return c
}

// open opens a study until the test ends.
func open(t *testing.T, dir string, config any) *Study {
	t.Helper()
	s, err := Open(dir, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestReopen(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "first")
	s := open(t, dir, published())
	if s.Resumed() {
		t.Error("a new study says that it is resumed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s := open(t, dir, published()); !s.Resumed() {
		t.Error("an old study says that it is new")
	}
}

func TestOtherConfigurationIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, published()).Close()
	other := published()
	other.Epochs, other.Train.LR = 400, 0.05
	other.Seed++ // beyond the precision of a float64
	_, err := Open(dir, other)
	var refused *ConfigError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a ConfigError", err)
	}
	want := []Difference{
		{"Epochs", "200", "400"},
		{"Seed", "9223372036854775809", "9223372036854775810"},
		{"Train.LR", "0.1", "0.05"},
	}
	if diff := cmp.Diff(want, refused.Differences); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{dir, "Train.LR: 0.1 in the study, 0.05 asked for"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message does not say %q:\n%v", part, err)
		}
	}
	// A refused Open leaves the study free and unchanged.
	open(t, dir, published())
}

func TestConfigurationFieldsComeAndGo(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, map[string]any{"epochs": 10, "gone": "x"}).Close()
	_, err := Open(dir, map[string]any{"epochs": 10, "new": []int{1, 2}})
	var refused *ConfigError
	if !errors.As(err, &refused) {
		t.Fatalf("error %v, want a ConfigError", err)
	}
	want := []Difference{{"gone", `"x"`, "absent"}, {"new", "absent", "[1,2]"}}
	if diff := cmp.Diff(want, refused.Differences); diff != "" {
		t.Error(diff)
	}
}

func TestOtherContentsAreNamed(t *testing.T) {
	dir := t.TempDir()
	type config struct{ Truth string }
	open(t, dir, config{"a.csv, sha256 01"}).Close()
	for asked, same := range map[string]bool{"a.csv, sha256 02": true, "b.csv, sha256 02": false} {
		if _, err := Open(dir, config{asked}); err == nil || strings.Contains(err.Error(), "of the same name, but with other contents") != same {
			t.Errorf("%s: %v", asked, err)
		}
	}
}

func TestForeignDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"holiday.jpg", "letter.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(dir, published())
	if err == nil || !strings.Contains(err.Error(), "holiday.jpg, letter.txt") {
		t.Errorf("error %v, want one that names the foreign files", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("the refused directory now holds %v", entries)
	}
}

func TestDamagedConfiguration(t *testing.T) {
	for _, contents := range []string{"", "{", `{"Space": "x"} {}`, "\x00\x00"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "config.json")
		if err := os.WriteFile(path, []byte(contents), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Open(dir, published())
		if err == nil || !strings.Contains(err.Error(), path+" is damaged") {
			t.Errorf("config.json %q: error %v, want one that calls it damaged", contents, err)
		}
	}
}

func TestUnusableDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(path, "study"), published()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	_, err := Open(dir, published())
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatalf("error %v, want a LockedError", err)
	}
	if !strings.Contains(locked.Holder, "process ") {
		t.Errorf("holder %q, want a process", locked.Holder)
	}
	s.Close()
	open(t, dir, published())
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	write := func(text string, fail error) error {
		return s.WriteFile("figures/scatter.svg", func(w io.Writer) error {
			io.WriteString(w, text)
			return fail
		})
	}
	read := func() string {
		b, err := os.ReadFile(s.Path("figures/scatter.svg"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := write("first", nil); err != nil {
		t.Fatal(err)
	}
	drawing := errors.New("no ink")
	if err := write("seco", drawing); !errors.Is(err, drawing) || !strings.Contains(err.Error(), "scatter.svg") {
		t.Errorf("error %v, want the writer's with the path", err)
	}
	if got := read(); got != "first" {
		t.Errorf("a failed write leaves %q, want the old contents", got)
	}
	if entries, _ := os.ReadDir(s.Path("figures")); len(entries) != 1 {
		t.Errorf("a failed write leaves %v", entries)
	}
	if err := write("second", nil); err != nil || read() != "second" {
		t.Errorf("second write: %q, error %v", read(), err)
	}
}

func TestWriteJSON(t *testing.T) {
	s := open(t, t.TempDir(), published())
	if err := s.WriteJSON("results.json", map[string]any{"tau": 0.5, "ρ<1": nil}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(s.Path("results.json"))
	if want := "{\n  \"tau\": 0.5,\n  \"ρ<1\": null,\n  \"crc32c\": \"264f2f7d\"\n}\n"; err != nil || string(got) != want {
		t.Errorf("results.json is %q, error %v, want %q", got, err, want)
	}
	for _, v := range []any{func() {}, 1, []int{2}} {
		if err := s.WriteJSON("results.json", v); err == nil || !strings.Contains(err.Error(), "results.json") {
			t.Errorf("error %v of %T, which is no object, want one that names the file", err, v)
		}
	}
}

// Whichever bit of a document flips, and wherever it ends too early, is found; what is not of this package is read without a checksum.
func TestReadJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	type document struct {
		Tau  float64
		Rows []string
	}
	want := document{0.25, []string{"a", "crc32c"}}
	if err := WriteJSON(path, want); err != nil {
		t.Fatal(err)
	}
	var got document
	if err := ReadJSON(path, &got); err != nil || !cmp.Equal(got, want) {
		t.Fatalf("%v, error %v", got, err)
	}
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, b []byte) {
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		var damaged *DamagedError
		if err := ReadJSON(path, new(document)); !errors.As(err, &damaged) || damaged.Path != path {
			t.Errorf("%s: error %v, want a DamagedError", what, err)
		}
	}
	for i := range contents {
		for bit := range 8 {
			b := bytes.Clone(contents)
			b[i] ^= 1 << bit
			refused(fmt.Sprintf("bit %d of byte %d", bit, i), b)
		}
		refused(fmt.Sprintf("cut to %d bytes", i), contents[:i])
	}
	if err := WriteJSON(path, struct{}{}); err != nil {
		t.Fatal(err)
	}
	if err := ReadJSON(path, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("one without fields: %v, error %v", got, err)
	}
	if err := os.WriteFile(path, []byte(`{"Tau": 3}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := ReadJSON(path, &got); err != nil || got.Tau != 3 {
		t.Errorf("one without a checksum: %v, error %v", got, err)
	}
}

// What those left who were killed is removed, also where the study is reached through a link; not what is somebody else's, nor what is
// in a study within the study.
func TestLeftoversOfTheKilledAreRemoved(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		link = dir
	}
	open(t, link, published()).Close()
	const temporary = ".scatter.svg.0123456789abcdef.tmp"
	left, hidden := filepath.Join(dir, "figures", temporary), filepath.Join(dir, "figures", ".scatter.svg.tmp")
	part := filepath.Join(dir, "shards", "1-of-2")
	other := filepath.Join(part, temporary)
	if err := os.Mkdir(filepath.Dir(left), 0o777); err != nil {
		t.Fatal(err)
	}
	open(t, part, published())
	for _, path := range []string{left, hidden, other} {
		if err := os.WriteFile(path, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	open(t, link, published())
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
	for _, path := range []string{hidden, other} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

// Whoever deletes .lock lets nobody in, and the study goes on.
func TestDeletedLock(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	scores := table(t, s)
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Skip(err) // as on Windows, where an open file stays
	}
	if s.lock.folder != nil {
		var locked *LockedError
		if _, err := Open(dir, published()); !errors.As(err, &locked) {
			t.Fatalf("a second process: %v, want a LockedError", err)
		}
	}
	os.Remove(filepath.Join(dir, lockName)) // which that has made
	for range 2 {
		if err := scores.Append("a", "1"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := lockIn(dir); err == nil || !strings.Contains(err.Error(), "in use by process ") {
		t.Errorf("after that: %v, want a LockedError that names the holder", err)
	}
	// Where folders have no locks, somebody may have been faster: nothing is written then.
	if err := os.Remove(filepath.Join(dir, lockName)); err != nil {
		t.Fatal(err)
	}
	other, err := lockIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	var locked *LockedError
	if err := scores.Append("b", "1"); !errors.As(err, &locked) || len(scores.Rows()) != 2 {
		t.Errorf("while somebody else has the lock: %v, %d rows", err, len(scores.Rows()))
	}
	if err := s.WriteJSON("results.json", map[string]int{"a": 1}); !errors.As(err, &locked) {
		t.Errorf("a file: %v", err)
	}
}

// What is written after somebody has removed the directory is an error, not a new directory.
func TestRemovedDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	s := open(t, dir, published())
	scores := table(t, s)
	if err := os.RemoveAll(dir); err != nil {
		t.Skip(err)
	}
	for what, err := range map[string]error{
		"a row": scores.Append("a", "1"), "a file": s.WriteJSON("figures/x.json", map[string]int{"a": 1}),
	} {
		if err == nil || !strings.Contains(err.Error(), dir+" was removed") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is there again: %v", err)
	}
}

func TestDeletedTable(t *testing.T) {
	s := open(t, t.TempDir(), published())
	scores := table(t, s)
	if err := os.Remove(s.Path("scores.csv")); err != nil {
		t.Skip(err)
	}
	if err := scores.Append("a", "1"); err == nil || !strings.Contains(err.Error(), "deleted") {
		t.Errorf("a row for a table that was deleted: %v", err)
	}
}

func TestLockIsALink(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, lockName)); err != nil {
		t.Skip(err)
	}
	if _, err := Open(dir, published()); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("error %v", err)
	}
	if b, err := os.ReadFile(outside); err != nil || string(b) != "mine" {
		t.Errorf("outside is %q, %v", b, err)
	}
}

func TestNamesStayInside(t *testing.T) {
	s := open(t, t.TempDir(), published())
	defer func() {
		if recover() == nil {
			t.Error("no panic for a name that leads out")
		}
	}()
	s.Path("../config.json")
}
