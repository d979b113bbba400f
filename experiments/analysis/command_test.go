package analysis

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"github.com/oneshot-nas/oneshot/experiments/lab"
	"github.com/oneshot-nas/oneshot/experiments/report"
	"github.com/oneshot-nas/oneshot/supernet"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestAnotherConfigurationIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	if err := Run(context.Background(), "correlation", quick(dir), new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	err := Run(context.Background(), "topk", quick(dir, "-lr", "0.3", "-seed", "9"), new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "train.lr") || !strings.Contains(err.Error(), "seed") {
		t.Fatalf("error %v, want the differing fields named", err)
	}
}

// All analyses in all spaces, at a size at which that is quick; a second run finds everything.
func TestAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "all")
	args := []string{"-study", dir, "-quiet", "-channels", "4", "-cells", "1", "-image", "16", "-hidden", "8", "-width", "0.1", "-depth", "1", "-batch", "16",
		"-archs", "4", "-epochs", "1", "-alone-epochs", "1", "-train-count", "128", "-score-count", "32", "-truth-count", "32", "-only", "correlation,topk"}
	var first, second bytes.Buffer
	for _, out := range []*bytes.Buffer{&first, &second} {
		if err := Run(context.Background(), "oneshot all", args, out); err != nil {
			t.Fatal(err)
		}
	}
	if _, summary, _ := strings.Cut(first.String(), "The findings of the paper"); !strings.Contains(second.String(), summary) {
		t.Errorf("the second run prints other results:\n%s\nafter\n%s", second.String(), first.String())
	}
	summary := read(t, filepath.Join(dir, "summary.txt"))
	for _, id := range []string{"(i)", "(ii)", "(iii)", "(iv)", "(v)", "(2.i)", "(2.ii)"} {
		if !strings.Contains(summary, id) {
			t.Errorf("the summary does not say anything about finding %s:\n%s", id, summary)
		}
	}
	for _, space := range lab.Spaces() {
		read(t, filepath.Join(dir, space, "correlation", "result.json"))
		read(t, filepath.Join(dir, space, "report.html"))
		if !strings.Contains(read(t, filepath.Join(dir, "correlation", "result.json")), space) {
			t.Errorf("%s is not among the spaces side by side", space)
		}
	}
	for _, file := range []string{"summary.json", "report.html"} {
		read(t, filepath.Join(dir, file))
	}
	err := Run(context.Background(), "correlation", []string{"-space", "all", "-sampler", "fair"}, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "nasbench101") {
		t.Errorf("fair sampling in all spaces: error %v, want one that names the space without it", err)
	}
}

// The published one-shot supernet against the published truth, which was computed independently (see the tests of package rank).
func TestPublishedTables(t *testing.T) {
	data := os.Getenv("ONESHOT_DATA")
	scores, truth := filepath.Join(data, "truth", "nb201-oneshot.csv"), filepath.Join(data, "truth", "nb201-cifar10.csv")
	if _, err := os.Stat(scores); data == "" || err != nil {
		t.Skip("no truth/nb201-oneshot.csv: set ONESHOT_DATA to the folder with the data")
	}
	fewResamples(t)
	t.Chdir(t.TempDir())
	for _, tc := range []struct {
		analysis string
		args     []string
		want     []string
	}{
		{correlationName, nil, []string{"15625", "0.485", "0.677"}},
		{"topk", []string{"-connected"}, []string{"15284", "0.091", "0.754"}},
	} {
		var out bytes.Buffer
		if err := Run(context.Background(), tc.analysis, append([]string{"-scores", scores, "-truth", truth}, tc.args...), &out); err != nil {
			t.Fatal(err)
		}
		for _, w := range tc.want {
			if !strings.Contains(out.String(), w) {
				t.Errorf("%v: no %q in\n%s", tc.args, w, out.String())
			}
		}
	}
	studies, _ := filepath.Glob("study/nb201-oneshot-nb201-cifar10-*")
	results, _ := filepath.Glob("study/*/correlation/result.json")
	if len(studies) != 2 || len(results) != 1 {
		t.Fatalf("results are in %q, want two studies named after the tables", studies)
	}
	r, err := report.Read(results[0])
	if err != nil {
		t.Fatal(err)
	}
	near(t, "tau-b", cell(t, r, "agreement", "tau-b", "supernet").Value, 0.4849, 5e-5)
	near(t, "rho", cell(t, r, "agreement", "rho", "supernet").Value, 0.6771, 5e-5)
	near(t, "P@10 %", cell(t, r, "agreement", "P@10 %", "supernet").Value, 0.102, 0.002)
	if f := r.Findings[0]; f.Verdict != report.Reproduced {
		t.Errorf("%s, want reproduced, as multiply-adds rank better: %s", f.Verdict, f.Why)
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-recipe", "huge"}, {"-epochs", "0"}, {"-archs", "-3"}, {"-bn", "nothing"}, {"-space", "chess"}, {"extra"}, {"-scores", "x.csv"},
		{"-sampler", "best"}, {"-variant", "full"}, {"-keep", "edge"}, {"-keep", "9_9=none"}, {"-space", "all", "-data", "x"}, {"-truth-again", "x.csv"}, {"-truth-column", "x"}, {"-score-column", "x"}, {"-connected"},
		{"-skip-bad"}, {"-skip-bad", "x"}, {"-truth-lower-is-better"}, {"-truth-higher-is-better", "-truth", "trained"}, {"-score-lower-is-better"},
		{"-space", "nasbench101", "-channels", "3"}, {"-what"}, {"-seeds", "-1"}} {
		if err := Run(context.Background(), "correlation", append(quick(filepath.Join(t.TempDir(), "study")), args...), new(bytes.Buffer)); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
	err := Run(context.Background(), "correlation", []string{"-scores", "x.csv,,y.csv"}, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "between commas is empty") {
		t.Errorf("tables without a name: %v", err)
	}
	if err := Run(context.Background(), "all", []string{"-only", "correlation,magic"}, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "magic") {
		t.Errorf("an analysis that there is not: %v", err)
	}
	if err := Run(context.Background(), "magic", nil, new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "correlation") {
		t.Errorf("an analysis that there is not: %v", err)
	}
}

// An analysis that has to train says so when it is given tables.
func TestTablesAreNotEnough(t *testing.T) {
	for _, a := range analyses {
		if a.Tables != nil {
			continue
		}
		err := Run(context.Background(), a.Name, []string{"-scores", "x.csv", "-truth", "y.csv"}, new(bytes.Buffer))
		if err == nil || !strings.Contains(err.Error(), "without -scores") {
			t.Errorf("%s: %v", a.Name, err)
		}
	}
}

// A rate at which training diverges ends with an error that says where, and publishes nothing.
func TestDivergence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	var out bytes.Buffer
	err := Run(context.Background(), "correlation", quick(dir, "-lr", "1e30"), &out)
	var diverged *supernet.DivergedError
	if !errors.As(err, &diverged) || !strings.Contains(err.Error(), "learning rate") {
		t.Fatalf("error %v, want one about divergence\n%s", err, out.String())
	}
	if results, _ := filepath.Glob(filepath.Join(dir, "correlation", "*")); results != nil {
		t.Errorf("%q was written", results)
	}
}

// Help fits a screen, says what is asked, and shows the defaults of the recipe that is named.
func TestHelp(t *testing.T) {
	for _, name := range append(Names(), "all") {
		var out bytes.Buffer
		if err := Run(context.Background(), "oneshot "+name, []string{"-recipe", "small", "-h"}, &out); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: %v", name, err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) > 40 || !strings.Contains(out.String(), "usage: oneshot "+name) || !strings.Contains(out.String(), "recipe small") {
			t.Errorf("%d lines of help for %s:\n%s", len(lines), name, out.String())
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(strings.TrimRight(line, " ")); n > 100 {
				t.Errorf("%s: %d columns: %s", name, n, line)
			}
		}
	}
	var out bytes.Buffer
	if err := Run(context.Background(), "all", []string{"-version"}, &out); err != nil || !strings.HasPrefix(out.String(), "oneshot ") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("version %q, %v", out.String(), err)
	}
}

// Tables that have changed are another study, and an answer is only printed again as long as all that it says is written is there.
func TestTablesChange(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, last string) {
		rows := "architecture,accuracy\n"
		for i := range 12 {
			rows += fmt.Sprintf("%d,%d\n", 1000*i+7, (5*i)%12)
		}
		if err := os.WriteFile(name, []byte(rows+last), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("truth.csv", "14006,3\n")
	run := func() {
		t.Helper()
		if err := Run(context.Background(), "correlation", []string{"-scores", "scores.csv", "-truth", "truth.csv"}, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
	}
	studies := func() []string {
		dirs, _ := filepath.Glob("study/*")
		return dirs
	}
	write("scores.csv", "14006,3\n")
	run()
	first := studies()
	for _, name := range []string{"report.html", "correlation/result.txt"} {
		path := filepath.Join(first[0], name)
		before := read(t, path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if run(); read(t, path) != before {
			t.Errorf("%s was deleted, and is another now", name)
		}
	}
	write("scores.csv", "14006,4\n")
	if run(); len(first) != 1 || len(studies()) != 2 {
		t.Errorf("studies %q of the first scores, and %q of others too", first, studies())
	}
}

// What is left out of a table, what its columns are taken for, and what is not as it should be, is said on the screen, in the result and in the
// report, the warning first.
func TestTablesAreDescribed(t *testing.T) {
	t.Chdir(t.TempDir())
	truth, scores := "architecture,top1_err\n", "architecture,guess\n"
	for i := range 12 {
		truth += fmt.Sprintf("%d,%d.5\n", 1000*i+7, (5*i)%12)
		scores += fmt.Sprintf("%d,%d\n", 1000*i+7, -(5*i)%12)
	}
	for name, text := range map[string]string{"truth.csv": truth + "14006,nan\n14007,1\n", "scores.csv": scores + "15006,1\n15007,1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := Run(context.Background(), "correlation", []string{"-skip-bad", "1", "-scores", "scores.csv", "-truth", "truth.csv", "-study", "study"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{out.String(), read(t, "study/correlation/result.json"), read(t, "study/correlation/result.txt"), read(t, "study/report.html")} {
		at := 0
		for _, want := range []string{"12 architectures are in all tables, and only they are compared: scores.csv has 14 rows, truth.csv has 13 rows",
			"scores.csv (column guess, higher taken as better, as the name does not say", "truth.csv (column top1_err, lower is better; left out as no finite numbers: 1, such as on line 14"} {
			i := strings.Index(text[at:], want)
			if i < 0 {
				t.Fatalf("no %q behind what stands before it, in\n%.2000s", want, text)
			}
			at += i
		}
	}
	if !strings.Contains(out.String(), "1.000 [1.000, 1.000]") {
		t.Errorf("scores that fall as the error rises do not rank it:\n%s", out.String())
	}
}

// unwritable takes what is printed up to a number of bytes, as a full disk or a pipe that is closed.
type unwritable struct{ left int }

func (u *unwritable) Write(b []byte) (int, error) {
	if u.left -= len(b); u.left < 0 {
		return 0, syscall.ENOSPC
	}
	return len(b), nil
}

// What cannot be printed is an error, and in the study all the same, as if it had been printed.
func TestUnprintable(t *testing.T) {
	tables := filepath.Join(t.TempDir(), "t.csv")
	rows := "architecture,accuracy\n"
	for i := range 12 {
		rows += fmt.Sprintf("%d,%d\n", 1000*i+7, (5*i)%12)
	}
	if err := os.WriteFile(tables, []byte(rows), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		analysis string
		args     func(dir string) []string
		shares   []int // of all that it prints, in percent
		kept     []string
	}{
		"a study": {"all", func(dir string) []string {
			return quick(dir, "-space", "nasbenchmacro", "-only", "correlation", "-archs", "3", "-epochs", "1", "-alone-epochs", "1", "-image", "8")
		}, []int{50}, []string{"correlation/result.json", "correlation/result.txt", "summary.txt", "summary.json", "report.html"}},
		"tables": {"topk", func(dir string) []string { return []string{"-scores", tables, "-truth", tables, "-study", dir} }, []int{0, 50},
			[]string{"topk/result.json", "topk/result.txt", "report.html"}},
		"help":    {"topk", func(string) []string { return []string{"-h"} }, []int{0, 50}, nil},
		"version": {"topk", func(string) []string { return []string{"-version"} }, []int{0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			printed := filepath.Join(t.TempDir(), "study")
			if err := Run(t.Context(), c.analysis, c.args(printed), &out); err != nil && !errors.Is(err, flag.ErrHelp) {
				t.Fatal(err)
			}
			for _, share := range c.shares {
				dir := filepath.Join(t.TempDir(), "study")
				err := Run(t.Context(), c.analysis, c.args(dir), &unwritable{out.Len() * share / 100})
				if !errors.Is(err, syscall.ENOSPC) || errors.Is(err, flag.ErrHelp) {
					t.Errorf("after %d %%: error %v, want that there is no space left", share, err)
				}
				if err != nil && c.kept != nil && !strings.Contains(err.Error(), "all of it is in "+dir) {
					t.Errorf("the error does not say where to find it: %v", err)
				}
				for _, file := range c.kept {
					if got := read(t, filepath.Join(dir, file)); filepath.Ext(file) == ".txt" && got != read(t, filepath.Join(printed, file)) {
						t.Errorf("%s is another than if it had been printed", file)
					}
				}
			}
		})
	}
}

// A precision other than float32 is named on the terminal and in every result and page; what is none is told before anything is made.
func TestPrecisionIsNamed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "study")
	var out bytes.Buffer
	err := Run(context.Background(), "correlation", quick(dir, "-precision", "half"), &out)
	if err == nil || !strings.Contains(err.Error(), "-precision half") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a study was made")
	}
	if err := Run(context.Background(), "correlation", quick(dir, "-precision", "bf16"), &out); err != nil {
		t.Fatal(err)
	}
	const named = ", precision bf16"
	if !strings.Contains(out.String(), named) {
		t.Errorf("the output does not say %q:\n%s", named, &out)
	}
	results, err := filepath.Glob(filepath.Join(dir, "correlation", "*.json"))
	if err != nil || len(results) == 0 {
		t.Fatalf("results %q, error %v", results, err)
	}
	said := 0
	for _, name := range append(results, filepath.Join(dir, "report.html")) {
		if strings.Contains(read(t, name), named) {
			said++
		} else if filepath.Base(name) == "report.html" {
			t.Errorf("%s does not say %q", name, named)
		}
	}
	if said < 2 {
		t.Errorf("no result of %q says %q", results, named)
	}
}
