package study

import (
	"fmt"
	"os"
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
	const header, first, last = "architecture,accuracy\n", "a,1\n", "\"b \"\"x\"\",c\",22.5\n"
	for cut := range len(last) + 1 {
		s := open(t, t.TempDir(), published())
		if err := os.WriteFile(s.Path("scores.csv"), []byte(header+first+last[:cut]), 0o666); err != nil {
			t.Fatal(err)
		}
		want := [][]string{{"a", "1"}}
		text := header + first
		if cut == len(last) {
			want = append(want, []string{`b "x",c`, "22.5"})
			text += last
		}
		scores := table(t, s)
		if diff := cmp.Diff(want, scores.Rows()); diff != "" {
			t.Errorf("cut after %d bytes:\n%s", cut, diff)
		}
		if err := scores.Append("d", "4"); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(s.Path("scores.csv"))
		if err != nil || string(got) != text+"d,4\n" {
			t.Errorf("cut after %d bytes, then a row: %q, error %v", cut, got, err)
		}
		s.Close()
	}
}

func TestDamagedTable(t *testing.T) {
	for _, c := range []struct{ contents, want string }{
		{"", "no header line"},
		{"architecture,accu", "no header line"},
		{"arch,loss\na,1\n", `line 1 is "arch,loss", want the columns architecture,accuracy`},
		{"architecture,accuracy\na,1\nb\n", "line 3 has 1 fields, want 2"},
		{"architecture,accuracy\na,1\n\n", "line 3 is damaged"},
		{"architecture,accuracy\na,\"1\nb,2\n", "line 2 is damaged"},
	} {
		s := open(t, t.TempDir(), published())
		if err := os.WriteFile(s.Path("scores.csv"), []byte(c.contents), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := s.Table("scores.csv", columns...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.Path("scores.csv")) {
			t.Errorf("%q: error %v, want one that says %q and names the file", c.contents, err, c.want)
		}
		if got, _ := os.ReadFile(s.Path("scores.csv")); string(got) != c.contents {
			t.Errorf("a damaged table was changed from %q to %q", c.contents, got)
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

// What parse accepts must come out of line again byte for byte, or rows would be lost on the next opening; and nothing
// may make it panic.
func FuzzParse(f *testing.F) {
	f.Add("a,1\nb,2\n")
	f.Add("\"a,\"\"b\"\"\",1\nc")
	f.Add("\xff\x00,\n,\n")
	f.Fuzz(func(t *testing.T, body string) {
		const header = "architecture,accuracy\n"
		rows, size, err := parse([]byte(header+body), columns)
		if err != nil {
			return
		}
		if got := int64(len(header) + strings.LastIndexByte(body, '\n') + 1); size != got {
			t.Errorf("size %d, complete lines take %d", size, got)
		}
		text := header
		for _, row := range rows {
			encoded, err := line(row)
			if err != nil {
				return // a carriage return, which only others write
			}
			text += string(encoded)
		}
		again, _, err := parse([]byte(text), columns)
		if diff := cmp.Diff(rows, again); err != nil || diff != "" {
			t.Errorf("%q reads as %q, which reads as %q, error %v", body, rows, again, err)
		}
	})
}
