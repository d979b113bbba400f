package lab

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

const archA, archB, archC = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
	"|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"

// write writes a file into a folder of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return p
}

// Tables are joined by architecture whatever their order and notation, and what does not join is reported.
func TestJoin(t *testing.T) {
	write := func(name, text string) string { return write(t, name, text) }
	truth := write("truth.csv", "architecture,accuracy\n"+archA+",1\n"+archB+",3\n"+archC+",2\n")
	scores := write("scores.csv", "score,architecture\n7,"+archC+"\n9,"+archB+"\n8,14\n")
	e, err := ReadEvidence(&Options{Space: "nasbench201", Recipe: "tiny", Scores: []string{scores}, Truth: truth})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Archs) != 2 || e.Archs[0].String() != archC || !slices.Equal(e.Scores[0].Values, []float64{7, 9}) || !slices.Equal(e.Truth.Mean, []float64{2, 3}) {
		t.Errorf("joined %+v, scores %v, truth %v", e, e.Scores[0].Values, e.Truth.Mean)
	}
	setting := strings.Join(e.Setting, "\n")
	if strings.Count(setting, ": 3 rows, 1 not in the other table") != 2 || strings.Contains(setting, filepath.Dir(truth)) {
		t.Errorf("joined: %s", setting)
	}
	// Another table of the same name and size is not the same study.
	other := write("truth.csv", "architecture,accuracy\n"+archA+",1\n"+archB+",2\n"+archC+",3\n")
	again, err := ReadEvidence(&Options{Space: "nasbench201", Recipe: "tiny", Scores: []string{scores}, Truth: other})
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Files) != 2 || e.Files[0] == again.Files[0] || e.Files[1] != again.Files[1] {
		t.Errorf("files %q and %q", e.Files, again.Files)
	}
	a, err := nasbench201.Parse(archA)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"twice, in two notations": fmt.Sprintf("architecture,accuracy\n%s,1\n%d,2\n", archA, a.Index()),
		"bad architecture":        "architecture,accuracy\nx,1\n",
	} {
		p := write("bad.csv", text)
		if _, err := new(Options).readTable("truth", p, "", Better{}, nasbench201.New()); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: error %v", what, err)
		}
	}
}

// writeTables writes a table of scores that rank three architectures as the truth does, and returns both.
func writeTables(t *testing.T, scoreColumn, scores, truthHeader string, truth ...string) []string {
	t.Helper()
	dir := t.TempDir()
	s := "architecture," + scoreColumn + "\n"
	for i, v := range strings.Fields(scores) {
		s += []string{archA, archB, archC}[i] + "," + v + "\n"
	}
	u := truthHeader + "\n"
	for _, row := range truth {
		u += strings.NewReplacer("A", archA, "B", archB, "C", archC).Replace(row) + "\n"
	}
	args := []string{"-scores", filepath.Join(dir, "scores.csv"), "-truth", filepath.Join(dir, "truth.csv")}
	for i, text := range []string{s, u} {
		if err := os.WriteFile(args[2*i+1], []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return args
}

// What is taken from a table is said, and counts: its direction by name or flag, its runs, what is left out.
func TestTaken(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		mean    []float64 // of the truth
		runs    int       // of each
		scores  []float64
		setting []string
		warning string
	}{
		"error by name": {writeTables(t, "top1_err", "3 1 2", "architecture,Test_Error", "A,3", "B,1", "C,2"),
			[]float64{-3, -1, -2}, 1, []float64{-3, -1, -2},
			[]string{"scores: scores.csv (column top1_err, lower is better; shown with the sign turned): 3 rows, all joined",
				"truth: truth.csv (column Test_Error, lower is better; shown with the sign turned): 3 rows, all joined"}, ""},
		"name that says nothing": {writeTables(t, "x", "3 1 2", "architecture,y", "A,3", "B,1", "C,2"),
			[]float64{3, 1, 2}, 1, []float64{3, 1, 2},
			[]string{"column x, higher taken as better, as the name does not say; else say -score-lower-is-better", "column y, higher taken as better, as the name does not say; else say -truth-lower-is-better"}, ""},
		"by flags": {append(writeTables(t, "accuracy", "3 1 2", "architecture,loss", "A,3", "B,1", "C,2"), "-score-lower-is-better", "-truth-higher-is-better"),
			[]float64{3, 1, 2}, 1, []float64{-3, -1, -2}, []string{"column accuracy, lower is better", "column loss, higher is better"}, ""},
		"long": {writeTables(t, "accuracy", "1 2 3", "architecture,valid_ppl", "A,3", "B,1", "C,2", "C,4", "A,5", "B,2"),
			[]float64{-4, -1.5, -3}, 2, []float64{1, 2, 3}, []string{"column valid_ppl, lower is better; 2 runs of each"}, ""},
		"wide": {append(writeTables(t, "accuracy", "1 2 3", "architecture,seed_1,params,seed_2", "A,3,9,5", "B,1,9,2", "C,2,9,4"), "-truth-column", "seed_*", "-truth-lower-is-better"),
			[]float64{-4, -1.5, -3}, 2, []float64{1, 2, 3}, []string{"columns seed_1, seed_2, lower is better; 2 runs of each"}, ""},
		"NaN": {append(writeTables(t, "accuracy", "1 NaN 3", "architecture,accuracy", "A,3", "B,1", "C,2"), "-skip-bad"),
			[]float64{3, 2}, 1, []float64{1, 3}, []string{"left out as no finite numbers: 1, such as on line 3"}, ""},
		"few in common": {writeTables(t, "accuracy", "1 2", "architecture,accuracy", "C,2", "A,3", "B,1"), []float64{3, 1}, 1, []float64{1, 2}, []string{"1 not in the other table"}, ""},
		"fewer than any table": {writeTables(t, "accuracy", "1 2 3", "architecture,accuracy", "A,3", "B,1", "9,2"), []float64{3, 1}, 1, []float64{1, 2}, nil,
			"2 architectures are in all tables, and only they are compared: scores.csv has 3 rows, truth.csv has 3 rows"},
		"copies": {writeTables(t, "accuracy", "1 2 3", "architecture,accuracy", "A,3", "B,1", "C,2", "A,3", "B,1"), []float64{3, 1, 2}, 1, []float64{1, 2, 3}, []string{"1 to 2 runs of each"},
			"truth.csv has several runs of 2 architectures, and all runs of each are equal"},
		"again, of one": {append(writeTables(t, "accuracy", "1 2 3", "architecture,accuracy", "A,3", "B,1", "C,2"), "-truth-again", write(t, "again.csv", "architecture,accuracy\n"+archA+",4\n")),
			[]float64{3, 1, 2}, 1, []float64{1, 2, 3}, []string{"truth again: again.csv (column accuracy, higher is better): 1 rows"}, "again.csv (-truth-again) has another training of 1 of the 3 architectures"},
		"escape sequences": {writeTables(t, "\x1b[31macc", "1 2 3", "architecture,acc\u202e", "A,3", "B,1", "C,2"), []float64{3, 1, 2}, 1, []float64{1, 2, 3}, []string{`column \x1b[31macc`, `column acc\u202e`}, ""},
	} {
		o := options(t, tc.args...)
		if err := o.CheckFlags(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		e, err := ReadEvidence(o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(e.Truth.Mean, tc.mean) || !slices.Equal(e.Scores[0].Values, tc.scores) || len(e.Truth.Runs[len(e.Truth.Runs)-1]) != tc.runs {
			t.Errorf("%s: truth %v of %v, scores %v; want %v of %d runs and %v", name, e.Truth.Mean, e.Truth.Runs, e.Scores[0].Values, tc.mean, tc.runs, tc.scores)
		}
		r := e.Result("correlation", "", "")
		setting := strings.Join(r.Setting, "\n")
		for _, want := range tc.setting {
			if !strings.Contains(setting, want) {
				t.Errorf("%s: the setting does not say %q:\n%s", name, want, setting)
			}
		}
		if warnings := strings.Join(r.Warnings, "\n"); !strings.HasPrefix(warnings, tc.warning) || (warnings == "") != (tc.warning == "") {
			t.Errorf("%s: warnings %q, want %q", name, warnings, tc.warning)
		}
		if strings.ContainsAny(setting+strings.Join(e.Files, ""), "\x1b\u202e") {
			t.Errorf("%s: the setting is %q, of files %q", name, setting, e.Files)
		}
	}
}

// The direction that the flags name is part of what a study depends on, if it is not that of the name.
func TestDirectionIsIdentity(t *testing.T) {
	args := writeTables(t, "accuracy", "1 2 3", "architecture,loss", "A,3", "B,1", "C,2")
	var files []string
	for _, more := range []string{"-quiet", "-truth-lower-is-better", "-truth-higher-is-better"} {
		e, err := ReadEvidence(options(t, append(args[:len(args):len(args)], more)...))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, e.Files[0])
	}
	if files[0] != files[1] || files[1] == files[2] {
		t.Errorf("files %q, want the first two alike", files)
	}
}

// What is wrong with a table is said with the flag that helps.
func TestTableErrorsNameFlags(t *testing.T) {
	for says, args := range map[string][]string{
		"name the column, with -truth-column": writeTables(t, "accuracy", "1 2 3", "architecture,p,q", "A,1,2", "B,1,2"),
		"name the column, with -score-column": writeTables(t, "p,q", "1,2 3,4", "architecture,accuracy", "A,1", "B,2"),
	} {
		if _, err := ReadEvidence(options(t, args...)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want an error that says %q", err, says)
		}
	}
}

// A value that is no finite number is refused with the flag that leaves it out; so are more of them than that says.
func TestSkipBad(t *testing.T) {
	args := writeTables(t, "accuracy", "1 2 3", "architecture,accuracy", "A,nan", "B,inf", "C,2")
	for _, tc := range []struct{ more, says string }{{"-quiet", "-skip-bad"}, {"-skip-bad=1", "more than the 1"}} {
		if _, err := ReadEvidence(options(t, append(args[:len(args):len(args)], tc.more)...)); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.more, err)
		}
	}
	for _, tc := range []struct{ args, want string }{{"-skip-bad 3 -quiet", "-skip-bad=3 -quiet"}, {"--skip-bad 3", "--skip-bad=3"}, {"-skip-bad -truth 3", "-skip-bad -truth 3"},
		{"-archs 3 -skip-bad", "-archs 3 -skip-bad"}, {"-skip-bad=2 3", "-skip-bad=2 3"}, {"-skip-bad x", "-skip-bad x"}} {
		if got := strings.Join(WithNumber(strings.Fields(tc.args), SkipBadFlag), " "); got != tc.want {
			t.Errorf("%s becomes %s, want %s", tc.args, got, tc.want)
		}
	}
	for text, want := range map[string]AtMost{"true": math.MaxInt, "false": 0, "7": 7} {
		var a AtMost
		if err := a.Set(text); err != nil || a != want {
			t.Errorf("%s is %d, %v", text, a, err)
		}
	}
	if new(AtMost).Set("-1") == nil || new(AtMost).Set("x") == nil {
		t.Error("what is no number was accepted")
	}
}

// Fewer architectures than asked for are a warning before anything is trained, in what is printed and in every result.
func TestFewerThanAskedFor(t *testing.T) {
	args := writeTables(t, "accuracy", "1 2 3", "architecture,accuracy", "A,3", "B,1", "C,2")[2:]
	for _, tc := range []struct {
		space string
		more  []string
		says  string
	}{
		{"nasbench201", append(args, "-archs", "300"), "3 architectures are compared, not 300 (-archs): truth.csv has no more, of 3 rows"},
		{"nasbench201", append(args, "-archs", "3"), ""},
		{"nasbench201", []string{"-truth", "trained", "-archs", "300", "-keep", "0_1=none", "-keep", "0_2=none", "-keep", "0_3=nor_conv_3x3,nor_conv_1x1"}, "10 architectures are compared, not 300 (-archs): the space"},
	} {
		o := options(t, append([]string{"-space", tc.space, "-study", filepath.Join(t.TempDir(), "study"), "-quiet", "-train-count", "160", "-score-count", "64"}, tc.more...)...)
		l, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		l.Describe(&out)
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		warnings := strings.Join(l.Warnings(), "\n")
		if !strings.HasPrefix(warnings, tc.says) || (warnings == "") != (tc.says == "") || !strings.Contains(out.String(), warnings) {
			t.Errorf("%q: warnings %q, want %q; in\n%s", tc.more, warnings, tc.says, out.String())
		}
	}
}

// Files that are called alike are told apart by their folders, as are those with the name of a count; one file twice is a mistake.
func TestTableNames(t *testing.T) {
	for _, tc := range []struct{ paths, want []string }{
		{[]string{"a/x.csv"}, []string{"supernet"}},
		{[]string{"a/x.csv", "b/y.csv.gz"}, []string{"x", "y"}},
		{[]string{"a/x.csv", "b/x.csv.gz", "c/y.csv"}, []string{"a/x.csv", "b/x.csv.gz", "y"}},
		{[]string{"x.csv", "p/parameters.csv"}, []string{"x", "p/parameters.csv"}},
		{[]string{"x.csv", "y.csv", "x.csv"}, nil},
	} {
		got, err := tableNames(tc.paths)
		if !slices.Equal(got, tc.want) || (err == nil) != (tc.want != nil) {
			t.Errorf("%q are called %q, %v; want %q", tc.paths, got, err, tc.want)
		}
	}
}

// What is about training is refused beside tables, which train nothing, instead of being passed over in silence.
func TestTablesTrainNothing(t *testing.T) {
	for _, more := range [][]string{{"-proxies", "all"}, {"-seeds", "3"}, {"-sampler", "fair"}, {"-data", "x"}, {"-archs", "10"}, {"-epochs", "3"},
		{"-score-lower-is-better", "-score-higher-is-better"}, {"-truth-higher-is-better", "-truth-lower-is-better"}} {
		o := options(t, append([]string{"-scores", "x.csv", "-truth", "y.csv"}, more...)...)
		if err := o.CheckFlags(); err == nil || !strings.Contains(err.Error(), more[0]) {
			t.Errorf("%q: error %v, want one that names the flag", more, err)
		}
	}
	o := options(t, "-scores", "x.csv", "-truth", "y.csv", "-space", "nasbench101", "-variant", "full", "-seed", "3", "-seeds", "1", "-connected", "-quiet")
	if err := o.CheckFlags(); err != nil {
		t.Errorf("what tables can do with: %v", err)
	}
}
