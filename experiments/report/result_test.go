package report

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/oneshot-nas/oneshot/experiments/figure"
)

func example() *Result {
	nan := math.NaN()
	r := &Result{
		Analysis: "topk", Title: "The top of the ranking", Question: "Does the supernet find the best?",
		Setting:  []string{"NAS-Bench-201", "recipe tiny, seed 1"},
		Warnings: []string{"40 architectures, not 300"},
		Notes:    []string{"n = 40"},
		Origin:   map[string]string{"go": "1.26", "revision": "abc"},
		Findings: []Finding{{ID: "ii", Claim: "the best are not found", Verdict: Undecided, Measure: "P@10 %", Number: Estimate{0.352, 0.101, 0.545},
			Against: "at random", Other: Exactly(0.1), Why: "The interval holds 0.1 nearly."}},
		Figures: figure.List{
			&figure.Scatter{Name: "s", Title: "S", Subtitle: "tiny", Score: "score", Truth: "truth",
				Groups: []figure.Group{{Name: "all", Score: figure.Values{1, 2, 4}, Truth: figure.Values{1, 3, 2}}}},
			&figure.Lines{Name: "l", Title: "L", X: "x", Y: "y", LogX: true, Series: []figure.Series{{Name: "a", X: figure.Values{1, 10, 100},
				Y: figure.Values{0.5, nan, 0.25}, Low: figure.Values{0.4, nan, nan}, High: figure.Values{0.6, nan, nan}, Dashed: true}},
				References: []figure.Reference{{Name: "r", At: 0.125}}},
			&figure.Intervals{Name: "i", Title: "I", Axis: "τ", Rows: []figure.IntervalRow{{Name: "row", Points: []figure.IntervalPoint{{Series: "a", Value: 0.5, Low: 0.25, High: 0.75}}}}},
			&figure.Heatmap{Name: "h", Title: "H", Rows: []string{"a"}, Columns: []string{"b", "c"}, Scale: "rank", Digits: 2, Cells: []figure.Values{{-0.5, nan}}, Weak: [][]bool{{true, false}}, Diverging: true},
		},
	}
	t := r.Table("precision", "P@k by score", Text("ranked by"), Integer("k"), Real("P@k", 3), Real("accuracy, %", 1))
	t.Add("supernet, τ", 12, Estimate{0.352, 0.101, 0.545}, 52.4)
	t.Add("random", 4, Exactly(-0.0001), nil)
	t.Add("nothing", nil, NotDefined(), 123456.0)
	t.Note = "ties: expected"
	return r
}

// Numbers so large that places after the point mean nothing do not fill a line.
func TestLargeNumbers(t *testing.T) {
	for v, want := range map[float64]string{-1.25e308: "-1.25e+308", 999999999999999: "999999999999999.00", 0.125: "0.12"} {
		if got := Number(v).text(2); got != want {
			t.Errorf("%g is written %s, want %s", v, got, want)
		}
	}
}

func TestPrint(t *testing.T) {
	var b bytes.Buffer
	if err := example().Print(&b); err != nil {
		t.Fatal(err)
	}
	const want = `The top of the ranking
Does the supernet find the best?
  WARNING: 40 architectures, not 300
  NAS-Bench-201
  recipe tiny, seed 1

(ii) the best are not found: UNDECIDED
  P@10 % 0.352 [0.101, 0.545]; at random 0.100
  The interval holds 0.1 nearly.

P@k by score
  ranked by     k  P@k                   accuracy, %
  supernet, τ  12  0.352 [0.101, 0.545]         52.4
  random        4  0.000                           –
  nothing       –      –                    123456.0
  ties: expected

note: n = 40
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestWriteCSV(t *testing.T) {
	table := example().Tables[0]
	table.Add("digits", 1, 52.400000000000006, Estimate{1234567.8, 1e-9, -0.1 - 0.2})
	var b bytes.Buffer
	if err := table.WriteCSV(&b); err != nil {
		t.Fatal(err)
	}
	const want = `ranked by,k,P@k,P@k_low,P@k_high,"accuracy, %","accuracy, %_low","accuracy, %_high"
"supernet, τ",12,0.352,0.101,0.545,52.4,,
random,4,-0.0001,,,,,
nothing,,,,,123456,,
digits,1,52.4,,,1234570,1e-09,-0.3
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// everything returns the contents of all files below a folder.
func everything(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func sameNumber(a, b Number) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) }

func TestWriteAndRead(t *testing.T) {
	first, again := t.TempDir(), t.TempDir()
	if err := example().Write(first); err != nil {
		t.Fatal(err)
	}
	read, err := Read(filepath.Join(first, "topk", "result.json"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(example(), read, cmpopts.EquateNaNs(), cmp.Comparer(sameNumber)); d != "" {
		t.Error(d)
	}
	if err := read.Write(again); err != nil {
		t.Fatal(err)
	}
	written := everything(t, first)
	if d := cmp.Diff(written, everything(t, again)); d != "" {
		t.Errorf("what was read is written differently: %s", d)
	}
	for _, name := range []string{"result.json", "result.txt", "precision.csv", "s.svg", "s.png", "l.svg", "l.png", "i.svg", "i.png", "h.svg", "h.png"} {
		if written["topk/"+name] == "" {
			t.Errorf("no %s", name)
		}
	}
	if len(written) != 11 {
		t.Errorf("%d files, want 11", len(written))
	}
}

func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	r := example()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	r.Figures = append(r.Figures, &figure.Lines{Name: "empty"})
	if err := r.Write(dir); err == nil || !strings.Contains(err.Error(), "no point to draw") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "topk", "result.json")); err == nil {
		t.Error("the earlier result.json stands beside the files of another result")
	}
	r.Analysis = "../topk"
	if err := r.Write(dir); err == nil {
		t.Error("a result was written outside of its study")
	}
}

func TestReadDamaged(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{`{"name":"t","columns":[{"name":"k","kind":"integer"}],"rows":[["x"]]}`, "table t, row 0, column k"},
		{`{"name":"t","columns":[{"name":"k","kind":"integer"}],"rows":[[1,2]]}`, "2 values for 1 columns"},
		{`{"name":"t","columns":[{"name":"k","kind":"date"}],"rows":[[1]]}`, `kind "date"`},
	} {
		err := json.Unmarshal([]byte(c.table), &Table{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %s", err, c.want)
		}
	}
	var l figure.List
	if err := json.Unmarshal([]byte(`[{"kind":"pie"}]`), &l); err == nil || !strings.Contains(err.Error(), `"pie"`) {
		t.Errorf("error %v", err)
	}
}

func TestAddPanics(t *testing.T) {
	for name, values := range map[string][]any{"too few": {"a"}, "wrong kind": {"a", 1.5}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			new(Result).Table("t", "", Text("a"), Integer("b")).Add(values...)
		})
	}
}
