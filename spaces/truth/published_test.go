package truth

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
)

// published returns the path of a published table.
func published(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(os.Getenv("ONESHOT_DATA"), "truth", name)
	if _, err := os.Stat(path); os.Getenv("ONESHOT_DATA") == "" || err != nil {
		t.Skipf("no truth/%s: set ONESHOT_DATA to the folder with the data", name)
	}
	return path
}

// The published tables with no column named: how many rows, runs of a row, and different functions there are, and the best score.
// All of their architectures are of their space.
func TestPublishedTables(t *testing.T) {
	for _, tc := range []struct {
		name, metric          string
		space                 spaces.Space
		rows, functions, runs int
		best                  float64
	}{
		{"darts-cifar10.csv", "accuracy", darts.New(), 377, 377, 1, 0.9753},
		{"darts-cifar10-seed43.csv", "accuracy", darts.New(), 101, 101, 1, 0.9732},
		{"ptb.csv", "valid_ppl", dartsptb.New(), 137, 137, 1, -57.8706},
		{"ptb-seed43.csv", "valid_ppl", dartsptb.New(), 93, 93, 1, -57.9487},
		{"proxylessnas.csv", "accuracy", proxylessnas.New(), 36, 36, 1, 0.76216},
		{"nb101-10k.csv", "valid_accuracy_108", nasbench101.New(), 10000, 10000, 1, 94.8718},
		{"nb201-cifar10.csv", "test_accuracy", nasbench201.New(), 15625, 6466, 1, 94.37},
		{"nb201-all.csv", "cifar10_test_200", nasbench201.New(), 15625, 6466, 1, 94.3733},
		{"nb201-oneshot.csv", "supernet_accuracy", nasbench201.New(), 15625, 6466, 1, 81.82},
		{"nb201-fewshot.csv", "supernet_accuracy", nasbench201.New(), 15625, 6466, 1, 77},
		{"nbmacro-cifar10.csv", "test_1", nasbenchmacro.New(), 6561, 3969, 3, 93.1267},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tab, err := ReadCSV(published(t, tc.name))
			if err != nil {
				t.Fatal(err)
			}
			archs, err := tab.Archs(tc.space)
			if err != nil {
				t.Fatal(err)
			}
			functions := make(map[string]bool)
			best := math.Inf(-1)
			for i, score := range tab.Scores() {
				functions[archs[i].Hash()] = true
				best = max(best, score)
				if n := len(tab.Rows[i].Values); n != tc.runs {
					t.Fatalf("%v has %d runs, want %d", archs[i], n, tc.runs)
				}
			}
			if tab.Metric != tc.metric || len(archs) != tc.rows || len(functions) != tc.functions {
				t.Errorf("%d rows, %d functions of %s, want %d, %d of %s", len(archs), len(functions), tab.Metric, tc.rows,
					tc.functions, tc.metric)
			}
			if math.Abs(best-tc.best) > 5e-5 {
				t.Errorf("best score %v, want %v", best, tc.best)
			}
		})
	}
}

// A published table says the same in every form in which people have such tables: a row for each run, errors instead of accuracies, and as
// spreadsheets of other countries save it.
func TestPublishedForms(t *testing.T) {
	want, err := ReadCSV(published(t, "nbmacro-cifar10.csv"))
	if err != nil {
		t.Fatal(err)
	}
	var long, errs, foreign strings.Builder
	long.WriteString("architecture, accuracy, params\n")
	errs.WriteString("\"architecture\"\t\"run 1\"\t\"run 2\"\t\"Test_Err\"\t\"run 3\"\n")
	foreign.WriteString("\ufeffarchitecture;test_1;test_2;test_3\r")
	for run := range 3 {
		for _, r := range want.Rows {
			fmt.Fprintf(&long, "%s, %v, 7\n", r.Architecture, r.Values[run])
		}
	}
	for _, r := range want.Rows {
		v := r.Values
		fmt.Fprintf(&errs, "%s\t%v\t%v\t%v\t%v\n", r.Architecture, -v[0], -v[1], 100-(v[0]+v[1]+v[2])/3, -v[2])
		foreign.WriteString(strings.ReplaceAll(fmt.Sprintf("%s;%v;%v;%v\r", r.Architecture, v[0], v[1], v[2]), ".", ","))
	}
	for name, tc := range map[string]struct {
		text string
		how  CSV
	}{
		"a row for each run":  {long.String(), CSV{}},
		"semicolons, CR, BOM": {foreign.String(), CSV{}},
		"a pattern of runs":   {errs.String(), CSV{Columns: []string{"run ?"}, Direction: LowerIsBetter}},
	} {
		got, err := tc.how.Read(file(t, "t.csv", []byte(tc.text)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(got.Scores(), want.Scores()) || !strings.Contains(got.Description(), "3 runs of each") {
			t.Errorf("%s: other scores, of %s", name, got.Description())
		}
	}
	mean, err := ReadCSV(file(t, "t.csv", []byte(errs.String())), "Test_Err")
	if err != nil {
		t.Fatal(err)
	}
	for i, score := range mean.Scores() {
		if accuracy := 100 + score; math.Abs(accuracy-want.Rows[i].Mean()) > 1e-9 {
			t.Fatalf("the error of %s is %v, its accuracy %v", want.Rows[i].Architecture, -score, want.Rows[i].Mean())
		}
	}
}

// The cells of NAS-Bench-101 that the table says are of the paper's subspace are those that the subspace finds, whatever their
// numbering: each as the same function.
func TestPublishedSubspace(t *testing.T) {
	path := published(t, "nb101-10k.csv")
	tab, err := ReadCSV(path)
	if err != nil {
		t.Fatal(err)
	}
	flags, err := ReadCSV(path, "paper_subspace")
	if err != nil {
		t.Fatal(err)
	}
	space := nasbench101.NewOneShot()
	within, err := tab.Within(space)
	if err != nil {
		t.Fatal(err)
	}
	found, err := within.Archs(space)
	if err != nil {
		t.Fatal(err)
	}
	numbered := 0 // as the subspace has it
	at := 0
	for i, flag := range flags.Scores() {
		if flag != 1 {
			continue
		}
		if at == len(found) || within.Rows[at].Position != tab.Rows[i].Position {
			t.Fatalf("%s is flagged, not found", tab.Rows[i].Architecture)
		}
		a, err := nasbench101.Parse(tab.Rows[i].Architecture)
		if err != nil {
			t.Fatal(err)
		}
		member := found[at].(nasbench101.OneShotArch)
		if !space.Contains(member.Arch) || member.Hash() != a.Hash() {
			t.Errorf("%v is found as %v", a, member)
		}
		if space.Contains(a) {
			numbered++
		}
		at++
	}
	if at != 1186 || len(found) != 1186 || numbered == at {
		t.Errorf("%d flagged, %d found, %d of them with a numbering of the subspace; want 1,186 flagged and found, some numbered differently", at, len(found), numbered)
	}
}
