package rank_test

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/rank"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/truth"
)

// What costs nothing, against published accuracies: the correlations of the number of layers with weights, parameters and
// multiply-adds. The figures for NAS-Bench-101 and NAS-Bench-Macro were computed independently. Those for NAS-Bench-201 are
// published (layers .63 / .77, multiply-adds .62 / .80), for a choice of architectures that is not told; the 6,466 that the
// benchmark tells apart come within 0.015.
func TestFreeBaselines(t *testing.T) {
	whole := nasbench201.New()
	whole.Whole = true
	layers := func(n spaces.Network) float64 { return float64(n.WeightedLayers()) }
	params := func(n spaces.Network) float64 { return float64(n.Params()) }
	macs := func(n spaces.Network) float64 { return float64(n.MACs()) }
	for _, tc := range []struct {
		name, table, accuracy string
		space                 spaces.Space
		in                    func(row map[string]string) bool
		n                     int
		measure               func(spaces.Network) float64
		tau, rho, within      float64
	}{
		{"layers", "nb101-10k.csv", "valid_accuracy_108", nasbench101.New(), all, 10000, layers, 0.502, 0.638, 0.0005},
		{"params", "nb101-10k.csv", "valid_accuracy_108", nasbench101.New(), all, 10000, params, 0.305, 0.433, 0.0005},
		{"layers", "nb101-10k.csv", "valid_accuracy_108", nasbench101.New(), oneShot, 1186, layers, 0.561, 0.699, 0.0005},
		{"params", "nb101-10k.csv", "valid_accuracy_108", nasbench101.New(), oneShot, 1186, params, 0.503, 0.672, 0.0005},
		{"layers", "nb201-all.csv", "cifar10_test_200", whole, first, 6466, layers, 0.63, 0.77, 0.015},
		{"macs", "nb201-all.csv", "cifar10_test_200", whole, first, 6466, macs, 0.62, 0.80, 0.015},
		{"macs", "nbmacro-cifar10.csv", "mean", nasbenchmacro.New(), all, 6561, macs, 0.556, 0.748, 0.0005},
		{"params", "nbmacro-cifar10.csv", "mean", nasbenchmacro.New(), all, 6561, params, 0.218, 0.318, 0.0005},
	} {
		rows := records(t, tc.table)
		var score, truth []float64
		for _, row := range rows {
			if !tc.in(row) {
				continue
			}
			a, err := tc.space.Parse(row["architecture"])
			if err != nil {
				t.Fatal(err)
			}
			v, err := strconv.ParseFloat(row[tc.accuracy], 64)
			if err != nil {
				t.Fatal(err)
			}
			score, truth = append(score, tc.measure(tc.space.Network(a))), append(truth, v)
		}
		p, err := rank.New(score, truth)
		if err != nil {
			t.Fatal(err)
		}
		if p.Len() != tc.n {
			t.Errorf("%s: %d architectures, want %d", tc.table, p.Len(), tc.n)
		}
		if tau, rho := p.Kendall(), p.Spearman(); math.Abs(tau-tc.tau) > tc.within || math.Abs(rho-tc.rho) > tc.within {
			t.Errorf("%s, %s of %d: τ-b %.4f, ρ %.4f, want %.3f, %.3f", tc.table, tc.name, tc.n, tau, rho, tc.tau, tc.rho)
		}
	}
}

func all(map[string]string) bool         { return true }
func oneShot(row map[string]string) bool { return row["paper_subspace"] == "1" }
func first(row map[string]string) bool   { return row["index"] == row["isomorph"] }

// records reads a table of the published results by the names of its columns.
func records(t *testing.T, table string) []map[string]string {
	t.Helper()
	data := os.Getenv("ONESHOT_DATA")
	file, err := os.Open(filepath.Join(data, "truth", table))
	if data == "" || err != nil {
		t.Skipf("no truth/%s: set ONESHOT_DATA to the folder with the data", table)
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]map[string]string, len(lines)-1)
	for i, line := range lines[1:] {
		rows[i] = make(map[string]string)
		for j, name := range lines[0] {
			rows[i][name] = line[j]
		}
	}
	return rows
}

// The noise ceiling: how well the results of one seed predict those of another. The figures were computed independently; of
// NAS-Bench-Macro for all 6,561 rows, of which rows of one function repeat the results (.882 / .980), so that they tie twice.
func TestNoiseCeilings(t *testing.T) {
	read := func(name string, column ...string) *truth.Truth {
		records(t, name) // or skip
		tab, err := truth.ReadCSV(filepath.Join(os.Getenv("ONESHOT_DATA"), "truth", name), column...)
		if err != nil {
			t.Fatal(err)
		}
		return tab
	}
	for _, tc := range []struct {
		space         spaces.Space
		one, other    *truth.Truth
		n             int
		tau, rho, eps float64
	}{
		{darts.New(), read("darts-cifar10.csv"), read("darts-cifar10-seed43.csv"), 101, 0.584, 0.771, 0.0005},
		{dartsptb.New(), read("ptb.csv"), read("ptb-seed43.csv"), 93, 0.715, 0.880, 0.0005},
		{nasbenchmacro.New(), read("nbmacro-cifar10.csv", "test_1"), read("nbmacro-cifar10.csv", "test_2"), 3969, 0.882, 0.980, 0.003},
	} {
		archs, x, y, err := truth.Join(tc.space, tc.one, tc.other)
		if err != nil {
			t.Fatal(err)
		}
		p, err := rank.New(x, y)
		if err != nil {
			t.Fatal(err)
		}
		if tau, rho := p.Kendall(), p.Spearman(); len(archs) != tc.n || math.Abs(tau-tc.tau) > tc.eps || math.Abs(rho-tc.rho) > tc.eps {
			t.Errorf("%s: τ-b %.4f, ρ %.4f of %d, want %.3f, %.3f of %d", tc.space.Name(), tau, rho, len(archs), tc.tau, tc.rho, tc.n)
		}
	}
}
