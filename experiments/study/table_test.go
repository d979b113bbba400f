package study

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var columns = []string{"architecture", "accuracy"}

func table(t *testing.T, s *Study) *Table {
	t.Helper()
	scores, err := s.Table("scores.csv", columns...)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestTableGrows(t *testing.T) {
	dir := t.TempDir()
	rows := [][]string{{"|none~0|", "10.00"}, {`{"normal/2/0/op": "skip, connect"}`, "97.1"}, {"", ""}, {" ρ ", "-1"}}
	for n := range rows {
		s := open(t, dir, published())
		scores := table(t, s)
		if diff := cmp.Diff(rows[:n], scores.Rows(), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("opened with %d rows:\n%s", n, diff)
		}
		if err := scores.Append(rows[n]...); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(rows[:n+1], scores.Rows()); diff != "" {
			t.Fatal(diff)
		}
		s.Close()
	}
}

// Two uses of one table do not write over each other's rows.
func TestTableOpenedTwice(t *testing.T) {
	s := open(t, t.TempDir(), published())
	first, second := table(t, s), table(t, s)
	for _, scores := range []*Table{first, second, first} {
		if err := scores.Append("a", "1"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(second.Rows()); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

// Wherever the writing of the last row stops, the rows before it stay, and the table goes on as if it had not begun.
func TestIncompleteLastLineIsDropped(t *testing.T) {
	rows := [][]string{{"a", "1"}, {`b "x",c`, "22.5"}, {"d", "4"}}
	s := open(t, t.TempDir(), published())
	lines := make([]string, len(rows)+1) // and the header first
	for i := range lines {
		scores := table(t, s)
		if i > 0 {
			if err := scores.Append(rows[i-1]...); err != nil {
				t.Fatal(err)
			}
		}
		b, err := os.ReadFile(s.Path("scores.csv"))
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = strings.TrimPrefix(string(b), strings.Join(lines[:i], ""))
	}
	for cut := range len(lines[2]) + 1 {
		s := open(t, t.TempDir(), published())
		if err := os.WriteFile(s.Path("scores.csv"), []byte(lines[0]+lines[1]+lines[2][:cut]), 0o666); err != nil {
			t.Fatal(err)
		}
		want, text := rows[:1], lines[0]+lines[1]
		if cut == len(lines[2]) {
			want, text = rows[:2], text+lines[2]
		}
		scores := table(t, s)
		if diff := cmp.Diff(want, scores.Rows()); diff != "" {
			t.Errorf("cut after %d bytes:\n%s", cut, diff)
		}
		if err := scores.Append(rows[2]...); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(s.Path("scores.csv"))
		if err != nil || string(got) != text+lines[3] {
			t.Errorf("cut after %d bytes, then a row: %q, error %v", cut, got, err)
		}
		s.Close()
	}
}

// Whichever bit of a table flips is found, whatever was exchanged too, and nothing is changed.
func TestDamagedTable(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, published())
	scores := table(t, s)
	for _, row := range [][]string{{"a", "1"}, {`b "x",c`, "22.5"}} {
		if err := scores.Append(row...); err != nil {
			t.Fatal(err)
		}
	}
	path := s.Path("scores.csv")
	contents, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	refused := func(dir, what string, b []byte, want string) {
		t.Helper()
		path := filepath.Join(dir, "scores.csv")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		s := open(t, dir, published())
		defer s.Close()
		var damaged *DamagedError
		if _, err := s.Table("scores.csv", columns...); !errors.As(err, &damaged) || damaged.Path != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want a DamagedError that says %q", what, err, want)
		}
		if got, _ := os.ReadFile(path); string(got) != string(b) {
			t.Errorf("%s: the table was changed from %q to %q", what, b, got)
		}
	}
	for i := range len(contents) - 1 {
		b := bytes.Clone(contents)
		b[i] ^= 1 << (i % 8)
		refused(dir, fmt.Sprintf("bit %d of byte %d", i%8, i), b, "line ")
	}
	refused(dir, "empty", nil, "there is no header line")
	refused(dir, "half a header", contents[:8], "there is no header line")
	refused(dir, "another table", []byte("arch,loss\na,1\n"), `line 1 is "arch,loss", want "architecture,accuracy,crc32c"`)

	// The same rows in another study, or in another table.
	for _, other := range []struct{ dir, name, column string }{{t.TempDir(), "scores.csv", "accuracy"}, {dir, "others.csv", "accuracy"}} {
		config := published()
		if other.dir != dir {
			config.Epochs++
		}
		s := open(t, other.dir, config)
		if err := os.WriteFile(s.Path(other.name), contents, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Table(other.name, columns...); err == nil || !strings.Contains(err.Error(), "line 2 does not go with its checksum") {
			t.Errorf("%v: %v", other, err)
		}
		s.Close()
	}

	// Without the line that is damaged the others are as they were.
	lines := bytes.SplitAfter(contents, []byte("\n"))
	if err := os.WriteFile(path, append(bytes.Clone(lines[0]), lines[2]...), 0o666); err != nil {
		t.Fatal(err)
	}
	if rows := table(t, open(t, dir, published())).Rows(); len(rows) != 1 || rows[0][1] != "22.5" {
		t.Errorf("rows %q", rows)
	}
}

// Tables of before there were checksums are given them, and lose nothing.
func TestTableWithoutChecksums(t *testing.T) {
	for _, tc := range []struct{ contents, want string }{
		{"architecture,accuracy\n", ""},
		{"architecture,accuracy\na,1\n\"b \"\"x\"\",c\",22.5\nd,4", ""},
		{"architecture,accuracy\na,1\nb\n", "line 3 has other fields"},
		{"architecture,accuracy\na,\"1\nb,2\n", "line 2 has other fields"},
	} {
		dir := t.TempDir()
		s := open(t, dir, published())
		if err := os.WriteFile(s.Path("scores.csv"), []byte(tc.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		scores, err := s.Table("scores.csv", columns...)
		if tc.want != "" {
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q: error %v, want %q", tc.contents, err, tc.want)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Count(tc.contents, "\n") - 1
		if len(scores.Rows()) != want {
			t.Errorf("%q has the rows %q", tc.contents, scores.Rows())
		}
		if err := scores.Append("e", "5"); err != nil {
			t.Fatal(err)
		}
		s.Close()
		if rows := table(t, open(t, dir, published())).Rows(); len(rows) != want+1 || rows[want][0] != "e" {
			t.Errorf("opened again it has %q", rows)
		}
	}
}

func TestLineBreaksAreRefused(t *testing.T) {
	s := open(t, t.TempDir(), published())
	scores := table(t, s)
	for _, v := range []string{"a\nb", "a\r"} {
		if err := scores.Append(v, "1"); err == nil || !strings.Contains(err.Error(), "line break") {
			t.Errorf("Append(%q): error %v", v, err)
		}
	}
	if len(scores.Rows()) != 0 {
		t.Errorf("rows %v after refusals", scores.Rows())
	}
}

func TestWrongNumberOfValuesPanics(t *testing.T) {
	scores := table(t, open(t, t.TempDir(), published()))
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "3 values for the 2 columns") {
			t.Errorf("panic %v", p)
		}
	}()
	scores.Append("a", "1", "2")
}

// What parse accepts is what Append writes, byte for byte, or rows would be lost on the next opening; and nothing may make it panic.
func FuzzParse(f *testing.F) {
	f.Add("a,1\nb,2\n", true)
	f.Add("\"a,\"\"b\"\"\",1\nc", true)
	f.Add("\xff\x00,\n,\n", true)
	f.Add("a,1,00000000\n", false)
	f.Fuzz(func(t *testing.T, body string, seal bool) {
		tab := &Table{path: "x.csv", columns: columns, seal: 7}
		header, err := tab.header()
		if err != nil {
			t.Fatal(err)
		}
		text, lines := string(header), strings.Split(body, "\n")
		for i, row := range lines {
			if text += row; i < len(lines)-1 {
				if seal {
					text += tab.sum([]byte(row))
				}
				text += "\n"
			}
		}
		rows, size, err := tab.parse([]byte(text))
		if err != nil {
			return
		}
		if got := int64(strings.LastIndexByte(text, '\n') + 1); size != got {
			t.Errorf("size %d, complete lines take %d", size, got)
		}
		again := header
		for _, row := range rows {
			encoded, err := line(row)
			if err != nil {
				return // a carriage return, which only others write
			}
			again = append(append(append(again, encoded...), tab.sum(encoded)...), '\n')
		}
		read, _, err := tab.parse(again)
		if diff := cmp.Diff(rows, read); err != nil || diff != "" {
			t.Errorf("%q reads as %q, which reads as %q, error %v", text, rows, read, err)
		}
	})
}
