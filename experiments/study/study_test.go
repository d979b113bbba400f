package study

import (
	"errors"
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
	if want := "{\n  \"tau\": 0.5,\n  \"ρ<1\": null\n}\n"; err != nil || string(got) != want {
		t.Errorf("results.json is %q, error %v, want %q", got, err, want)
	}
	if err := s.WriteJSON("results.json", func() {}); err == nil || !strings.Contains(err.Error(), "results.json") {
		t.Errorf("error %v of a value without JSON, want one that names the file", err)
	}
}

func TestLeftoversOfTheKilledAreRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	left, kept := s.Path("figures/"+temporary("scatter.svg")), s.Path("figures/.hidden")
	if err := os.Mkdir(filepath.Dir(left), 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{left, kept} {
		if err := os.WriteFile(path, []byte("half"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	open(t, dir, published())
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", left, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
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
