package inspect

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/oneshot-nas/oneshot/spaces/all"
)

const cell = "|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|"

// spacesCommand runs the program and returns what it prints.
func spacesCommand(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	err := Run("spaces", args, strings.NewReader(in), &out, &errs)
	return out.String(), err
}

func must(t *testing.T, in string, args ...string) string {
	t.Helper()
	out, err := spacesCommand(t, in, args...)
	if err != nil {
		t.Fatalf("spaces %q: %v", args, err)
	}
	return out
}

func TestDescribe(t *testing.T) {
	for _, tc := range []struct{ args, says []string }{
		{[]string{"describe"}, append(all.Names(), "2.76e+20", "2642411520", "2.22e+17", "423624", "95985", "15284", "6561")},
		{[]string{"describe", "-space", "proxylessnas"}, []string{"221502229807900608", "stage5_cell0: k3e3, k3e6"}},
		{[]string{"describe", "-space", "nasbench201", cell}, []string{"params     615386", "MACs       86426240", "layers     68 with weights", "cells.0.edge.0_1.1", "classifier"}},
	} {
		out := must(t, "", tc.args...)
		for _, s := range tc.says {
			if !strings.Contains(out, s) {
				t.Errorf("spaces %q prints no %q:\n%s", tc.args, s, out)
			}
		}
	}
}

// Lines come as editors and shells write them: after a byte-order mark, and with any of the three ends.
func TestStandardInput(t *testing.T) {
	want := must(t, cell+"\n5\n7\n", "convert", "-space", "nasbench201")
	for _, in := range []string{"\ufeff" + cell + "\n5\n7\n", cell + "\r\n5\r\n\r\n7", cell + "\r5\r7\r"} {
		if got := must(t, in, "convert", "-space", "nasbench201"); got != want {
			t.Errorf("%q is converted to\n%swant\n%s", in, got, want)
		}
	}
}

// Architectures are read from standard input, of whatever space and however many lines; without one the space is described.
func TestArchitecturesOfStandardInput(t *testing.T) {
	genotype := strings.TrimSpace(must(t, "", "sample", "-space", "darts", "-n", "1"))
	cell101 := strings.TrimSpace(must(t, "", "sample", "-space", "nasbench101-1shot1", "-n", "1"))
	for _, args := range [][]string{{"describe", "-space", "nasbench201"}, {"describe"}} {
		if out := must(t, cell+"\n", args...); out != must(t, "", "describe", "-space", "nasbench201", cell) {
			t.Errorf("of standard input spaces %q prints %s", args, out)
		}
		if out := must(t, " \n", args...); out != must(t, "", args...) || !strings.Contains(out, "15284") {
			t.Errorf("of nothing spaces %q prints %s", args, out)
		}
	}
	pretty := "best = " + strings.NewReplacer("[(", "[\n    (", "), (", "),\n    (").Replace(genotype) + "  # :)"
	in := "\n" + pretty + "\n\n12:30 INFO " + genotype + "\n" + cell101 + "\nStructure(4 nodes with " + cell + ")\n"
	want := genotype + "\n" + genotype + "\n" + cell101 + "\n" + cell + "\n"
	if out := must(t, in, "convert"); out != want {
		t.Errorf("read %s, want %s", out, want)
	}
	if out := must(t, pretty, "convert", "-space", "darts", "-to", "hash"); out != must(t, "", "convert", "-to", "hash", genotype) {
		t.Errorf("%s hashes to %s", pretty, out)
	}
}

// Every space: what is drawn at random can be converted to every format it has and back, and be described and drawn.
func TestEverySpace(t *testing.T) {
	for _, name := range all.Names() {
		t.Run(name, func(t *testing.T) {
			drawn := must(t, "", "sample", "-space", name, "-n", "3", "-seed", "7")
			if again := must(t, "", "sample", "-space", name, "-n", "3", "-seed", "7"); again != drawn || strings.Count(drawn, "\n") != 3 {
				t.Fatalf("drew %s, then %s", drawn, again)
			}
			if js := must(t, drawn, "convert", "-space", name, "-to", "json"); strings.Count(js, "{") != 3 || strings.ContainsAny(js, "[]") {
				t.Errorf("%s is written as %s, want an object of names", drawn, js)
			}
			if notes[name] == "" {
				t.Error("nothing says what the space is")
			}
			for _, format := range []string{"string", "json", "table", "index", "naslib", "tunas"} {
				converted, err := spacesCommand(t, drawn, "convert", "-space", name, "-to", format)
				if err != nil && strings.Contains(err.Error(), "no format") {
					continue
				} else if err != nil {
					t.Fatal(err)
				}
				if back := must(t, converted, "convert", "-space", name); back != drawn {
					t.Errorf("%s became %s, which is read as %s", drawn, converted, back)
				}
			}
			if canonical := must(t, drawn, "convert", "-space", name, "-to", "canonical"); must(t, canonical, "convert", "-space", name, "-to", "hash") !=
				must(t, drawn, "convert", "-space", name, "-to", "hash") {
				t.Errorf("the canonical forms of %s hash differently", drawn)
			}
			arch, _, _ := strings.Cut(drawn, "\n")
			must(t, "", "describe", "-space", name, arch)
			if out := must(t, arch, "draw", "-space", name); !strings.HasPrefix(out, "<svg") {
				t.Errorf("drew %.100s", out)
			}
			if n := strings.Count(must(t, arch, "neighbours", "-space", name), "\n"); n < 4 {
				t.Errorf("%d neighbours", n)
			}
		})
	}
}

func TestEnumerate(t *testing.T) {
	if n := strings.Count(must(t, "", "enumerate", "-space", "nasbench201"), "\n"); n != 15284 {
		t.Errorf("%d architectures, want 15,284", n)
	}
	if out := must(t, "", "enumerate", "-space", "nasbench201", "-n", "2"); strings.Count(out, "\n") != 2 {
		t.Errorf("two architectures are %q", out)
	}
	whole := strings.Fields(must(t, "", "enumerate", "-space", "nasbench201", "-whole"))
	if ordinals := strings.Fields(must(t, strings.Join(whole, "\n"), "convert", "-space", "nasbench201", "-to", "ordinal")); len(whole) != 15625 || ordinals[9876] != "9876" {
		t.Errorf("%d architectures, want 15,625; ordinal 9876 is %s", len(whole), ordinals[9876])
	}
	if n := strings.Count(must(t, "", "enumerate", "-space", "nasbench201", "-whole", "-unique"), "\n"); n != 6466 {
		t.Errorf("%d unique architectures, want 6,466", n)
	}
	if _, err := spacesCommand(t, "", "enumerate", "-space", "nasbenchmacro", "-whole"); err == nil || !strings.Contains(err.Error(), "-whole is for nasbench201") {
		t.Errorf("error %v", err)
	}
	if index := must(t, cell, "convert", "-space", "nasbench201", "-to", "index"); index != "12564\n" {
		t.Errorf("the index is %s, want the benchmark's 12564", index)
	}
	if n := strings.Count(must(t, "", "enumerate", "-space", "nasbenchmacro", "-unique"), "\n"); n != 3969 {
		t.Errorf("%d functions of nasbenchmacro, want 3,969", n)
	}
	unique := strings.Fields(must(t, "", "enumerate", "-space", "nasbench201", "-unique"))
	hashes := strings.Fields(must(t, strings.Join(unique, "\n"), "convert", "-space", "nasbench201", "-to", "hash"))
	seen := map[string]bool{}
	for _, h := range hashes {
		seen[h] = true
	}
	if len(seen) != len(unique) || len(unique) >= 15284 {
		t.Errorf("%d unique architectures have %d hashes", len(unique), len(seen))
	}
	if _, err := spacesCommand(t, "", "enumerate", "-space", "proxylessnas"); err == nil || !strings.Contains(err.Error(), "too many") {
		t.Errorf("error %v", err)
	}
}

func TestDrawToFile(t *testing.T) {
	dir := t.TempDir()
	for name, start := range map[string]string{"cell.svg": "<svg", "cell.dot": "digraph"} {
		path := filepath.Join(dir, name)
		must(t, "", "draw", "-space", "nasbench201", "-o", path, cell)
		if b, err := os.ReadFile(path); err != nil || !bytes.HasPrefix(b, []byte(start)) {
			t.Errorf("%s holds %.20s, %v", name, b, err)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

// A table in both notations of the space, plain and compressed.
func TestCount(t *testing.T) {
	json := strings.TrimSpace(must(t, cell, "convert", "-space", "nasbench201", "-to", "json"))
	table := "id,architecture\n1," + cell + "\n2,\"" + strings.ReplaceAll(json, `"`, `""`) + "\"\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(table)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"architecture", "params", "macs", "published_macs"},
		{cell, "615386", "86426240", "86426240"},
		{json, "615386", "86426240", "86426240"},
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"t.csv": []byte(table), "t.csv.gz": packed.Bytes()} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		if rows := records(t, must(t, "", "count", "-space", "nasbench201", "-in", path)); !slices.EqualFunc(rows, want, slices.Equal) {
			t.Errorf("%s: counted %q, want %q", name, rows, want)
		}
	}
}

// DARTS_V2: the multiply-adds that the authors' table gives are fewer than those that there are.
func TestCountDARTS(t *testing.T) {
	const found = "normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), " +
		"('skip_connect', 0), ('dil_conv_3x3', 2)], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), " +
		"('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)]"
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte("architecture\n\""+found+"\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	rows := records(t, must(t, "", "count", "-space", "darts", "-in", path))
	if want := []string{found, "3349342", "528359040", "507457152"}; !slices.Equal(rows[1], want) {
		t.Errorf("counted %q, want %q", rows[1], want)
	}
	if out := must(t, "", "describe", "-space", "darts", found); !strings.Contains(out, "published  507457152 MACs") {
		t.Errorf("the description lacks the published count:\n%.400s", out)
	}
}

// The authors' tables: each row is read and, where the table has the columns params and flops, counted as it says. column is that
// of the count which flops is, within a distance.
func TestCountPublished(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	if dir == "" {
		t.Skip("no published tables: set ONESHOT_DATA to the folder with the data")
	}
	for _, tc := range []struct {
		space, table string
		column       int
		within       int64
	}{
		{"darts", "darts-cifar10.csv", 3, 0},
		{"darts", "darts-cifar10-seed43.csv", 3, 0},
		{"dartsptb", "ptb.csv", 2, 0},
		{"dartsptb", "ptb-seed43.csv", 2, 0},
		{"nasbench101", "nb101-10k.csv", 2, 0},
		{"nasbench201", "nb201-all.csv", 2, 0},
		{"nasbenchmacro", "nbmacro-cifar10.csv", 2, 0},
		{"proxylessnas", "proxylessnas.csv", 2, 64},
	} {
		path := filepath.Join(dir, "truth", tc.table)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		published := records(t, string(content))
		counted := records(t, must(t, "", "count", "-space", tc.space, "-in", path))
		if len(counted) != len(published) {
			t.Fatalf("%s: %d rows counted of %d", tc.table, len(counted), len(published))
		}
		at := func(name string) int { return slices.Index(published[0], name) }
		for i, row := range published[1:] {
			c := counted[i+1]
			if c[0] != row[at("architecture")] || at("params") >= 0 && c[1] != row[at("params")] {
				t.Errorf("%s:%d: counted %q, published %q", tc.table, i+2, c, row)
			}
			if at("flops") < 0 {
				continue
			}
			if d := integer(t, c[tc.column]) - integer(t, row[at("flops")]); d < -tc.within || d > tc.within {
				t.Errorf("%s:%d: %s multiply-adds, published %s", tc.table, i+2, c[tc.column], row[at("flops")])
			}
		}
	}
}

// noSpace is a disk that is full.
type noSpace struct{}

func (noSpace) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// What cannot be printed is an error of every command, and of help.
func TestUnprintable(t *testing.T) {
	for _, args := range [][]string{
		{"help"}, {"sample", "-h"}, {"describe"}, {"describe", "-space", "nasbench201"}, {"describe", "-space", "nasbench201", cell}, {"sample", "-space", "darts", "-n", "1"},
		{"sample", "-space", "darts", "-n", "1000000000"}, {"convert", "-space", "nasbench201", "-to", "json", cell}, {"neighbours", "-space", "nasbench201", cell},
		{"enumerate", "-space", "nasbench201"}, {"draw", "-space", "nasbench201", cell},
	} {
		if err := Run("spaces", args, strings.NewReader(""), noSpace{}, new(bytes.Buffer)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%q: error %v, want that there is no space left", args, err)
		}
	}
}

func TestErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.csv")
	if err := os.WriteFile(bad, []byte("architecture\nwhat\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		args []string
		in   string
		says []string
	}{
		{nil, "", []string{"which command"}},
		{[]string{"paint"}, "", []string{`no command "paint"`}},
		{[]string{"sample"}, "", []string{"which search space", "nasbench201"}},
		{[]string{"describe", "what"}, "", []string{"architecture 1:", "of no search space", "-space darts|"}},
		{[]string{"describe"}, "\nwhat\n", []string{"standard input, line 2:", "of no search space"}},
		{[]string{"describe", "00012012"}, "", []string{`"00012012" can be of nasbench201 and of nasbenchmacro: -space says which`}},
		{[]string{"convert", "-space", "darts"}, "Genotype(\nnormal=[\n", []string{"line 1, where a bracket is opened that is never closed"}},
		{[]string{"convert", "-space", "darts"}, "\n[\n]\n", []string{"line 2: darts: no normal cell"}},
		{[]string{"sample", "-space", "imagenet"}, "", []string{"imagenet", "nasbench201"}},
		{[]string{"sample", "-space", "nasbench201", "5"}, "", []string{`unexpected argument "5"`}},
		{[]string{"convert", "-space", "nasbench201", cell, "what"}, "", []string{"architecture 2", "what"}},
		{[]string{"convert", "-space", "nasbench201"}, cell + "\n\nwhat\n", []string{"line 3", "what"}},
		{[]string{"convert", "-space", "nasbench201", "-to", "tunas", cell}, "", []string{"nasbench201", "tunas", "table, index"}},
		{[]string{"convert", "-space", "nasbench201"}, "\n \n", []string{"no architecture", "standard input is empty"}},
		{[]string{"convert", "-space", "nasbench201"}, "\xff\xfe5\x00\n\x00", []string{"standard input, line 1", "UTF-16", "UTF-8"}},
		{[]string{"neighbours", "-space", "nasbench201"}, "", []string{"no architecture"}},
		{[]string{"draw", "-space", "nasbench201", "-o", "cell.png", cell}, "", []string{"png", "svg or dot"}},
		{[]string{"draw", "-space", "nasbench201", cell, cell}, "", []string{"one architecture"}},
		{[]string{"count", "-space", "nasbench201"}, "", []string{"-in"}},
		{[]string{"count", "-space", "nasbench201", "-in", bad}, "", []string{"bad.csv:2", "what"}},
	} {
		_, err := spacesCommand(t, tc.in, tc.args...)
		if err == nil {
			t.Errorf("spaces %q: no error", tc.args)
			continue
		}
		for _, s := range tc.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("spaces %q: %q does not say %q", tc.args, err, s)
			}
		}
	}
}

func TestUsage(t *testing.T) {
	out := must(t, "", "help")
	for _, c := range commands {
		if !strings.Contains(out, c.name+" ") || !strings.Contains(out, c.help) {
			t.Errorf("usage lacks %s:\n%s", c.name, out)
		}
		if help, err := spacesCommand(t, "", c.name, "-h"); !errors.Is(err, flag.ErrHelp) || !strings.Contains(help, c.help) {
			t.Errorf("help of %s: %v, %s", c.name, err, help)
		}
	}
	if !strings.Contains(must(t, "", "help"), "tunas      numbers separated by colons, as TuNAS writes them; only proxylessnas\n") {
		t.Errorf("usage does not say which space has the format tunas:\n%s", out)
	}
	lines := strings.Split(out, "\n")
	if len(lines) > 40 {
		t.Errorf("usage has %d lines, want a screen", len(lines))
	}
	for _, line := range lines {
		if utf8.RuneCountInString(line) > 100 {
			t.Errorf("a line of %d characters: %s", len(line), line)
		}
	}
}

func records(t *testing.T, table string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func integer(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A pipe that nobody reads any more is no fault of the architecture at hand.
func TestBrokenPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for _, args := range [][]string{{"describe", "-space", "nasbenchmacro", "01201211"}, {"describe", "-space", "nasbenchmacro"}} {
		err = Run("spaces", args, strings.NewReader("01201201\n"), w, io.Discard)
		if !errors.Is(err, syscall.EPIPE) || strings.Contains(err.Error(), "architecture") || strings.Contains(err.Error(), "standard input") {
			t.Errorf("spaces %q: error %v", args, err)
		}
	}
}
