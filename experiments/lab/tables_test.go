package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

const archA, archB, archC = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|",
	"|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|"

// Tables are joined by architecture whatever their order and notation, and what does not join is reported.
func TestJoin(t *testing.T) {
	write := func(name, text string) string {
		p := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return p
	}
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
		if _, err := new(Options).readTable(p, "", Better{}, nasbench201.New()); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: error %v", what, err)
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
	for _, more := range [][]string{{"-proxies", "all"}, {"-seeds", "3"}, {"-sampler", "fair"}, {"-data", "x"}, {"-archs", "10"}, {"-epochs", "3"}} {
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
