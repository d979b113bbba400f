package rank_test

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/experiments/rank"
)

// The scores of a published one-shot supernet against the published accuracies of NAS-Bench-201 (CIFAR-10), both from
// aoiang/few-shot-NAS, joined by architecture in the order of the scores. The expected values were computed
// independently of this package.
func TestPublishedSupernet(t *testing.T) {
	for _, c := range []struct {
		name     string
		in       func(architecture string) bool
		n        int
		tau, rho float64
		p10, p1  float64
		lost     float64 // share of the true top 1 % that is in the predicted bottom half
	}{
		{"all", everyOne, 15625, 0.485, 0.677, 0.102, 0, 0.643},
		{"connected", connected, 15284, 0.466, 0.657, 0.090, 0, 0.650},
	} {
		p := published(t, c.in)
		if p.Len() != c.n {
			t.Errorf("%s: %d architectures, want %d", c.name, p.Len(), c.n)
		}
		// At 1 % fifteen truths tie for the last places; 143 architectures are above them.
		const top = 143
		for _, v := range []struct {
			name      string
			got, want float64
		}{
			{"τ-b", p.Kendall(), c.tau},
			{"ρ", p.Spearman(), c.rho},
			{"P@10%", p.PrecisionAt(p.Share(0.10), rank.ByOrder), c.p10},
			{"P@1%", p.PrecisionAt(p.Share(0.01), rank.ByOrder), c.p1},
			{"loss at 20%", p.PruningLoss(top, p.Share(0.20), rank.ByOrder), 0},
			{"loss at 50%", p.PruningLoss(top, p.Share(0.50), rank.ByOrder), c.lost},
		} {
			if math.Abs(v.got-v.want) > 0.0005 {
				t.Errorf("%s: %s = %.5f, want %.3f", c.name, v.name, v.got, v.want)
			}
		}
	}
}

// The same supernet as a search uses it: published losses of the best when the worst are dropped; and what its best are worth,
// from 400 random orders of equal scores and truths (100,000 at k = 15) and as many random searches, drawn elsewhere, and nDCG
// of scikit-learn.
func TestPublishedSupernetAtTheTop(t *testing.T) {
	p := published(t, everyOne)
	bottoms := make([]int, 0, 5)
	for _, q := range []float64{0.20, 0.30, 0.50, 0.70, 0.90} {
		bottoms = append(bottoms, p.Share(q))
	}
	for _, c := range []struct {
		top  float64
		want []float64
	}{
		{0.01, []float64{0, 0, 0.634, 0.895, 0.994}},
		{0.10, []float64{0, 0, 0.253, 0.603, 0.898}},
	} {
		for i, got := range p.PruningCurve(p.Share(c.top), bottoms...) {
			if math.Abs(got-c.want[i]) > 0.002 {
				t.Errorf("dropping the worst %d loses %.4f of the best %g, want %.3f", bottoms[i], got, c.top, c.want[i])
			}
		}
	}
	for _, c := range []struct {
		k                                                 int
		precision, best, worst, found, ndcg, random, wins float64
	}{
		{15, 0, 6426.51, 7538.47, 91.3870, 0.003533, 93.285823, 0},
		{156, 0, 1652.03, 7855.53, 92.89, 0.007956, 93.931286, 0},
		{781, 0.0138, 141.03, 8028.15, 93.79, 0.066383, 94.178779, 0},
		{1562, 0.1019, 140.92, 8028.64, 93.79, 0.127931, 94.261014, 0},
		{3906, 0.4021, 37.43, 11608.01, 94.02, 0.257080, 94.334721, 0},
		{7812, 0.7609, 14.48, 13504.00, 94.19, 0.493873, 94.362493, 0},
	} {
		for _, v := range []struct {
			name              string
			got, want, within float64
		}{
			{"P@k", p.PrecisionAt(c.k, rank.Average), c.precision, 0.0005},
			{"BR@k", p.BestRankAt(c.k, rank.Average), c.best, 1},
			{"WR@k", p.WorstRankAt(c.k, rank.Average), c.worst, 1},
			{"best truth", p.BestTruthAt(c.k, rank.Average), c.found, 0.002},
			{"nDCG@k", p.NDCGAt(c.k, rank.Average), c.ndcg, 0.000001},
			{"best of random search", p.RandomBestAt(c.k), c.random, 0.000001},
			{"beats random search", p.BeatsRandomAt(c.k, rank.Average), c.wins, 0.005},
		} {
			if !(math.Abs(v.got-v.want) <= v.within) {
				t.Errorf("k = %d: %s = %.6f, want %.6f", c.k, v.name, v.got, v.want)
			}
		}
	}
}

// published joins the tables.
func published(t *testing.T, in func(architecture string) bool) *rank.Pairs {
	t.Helper()
	data := os.Getenv("ONESHOT_DATA")
	if data == "" {
		t.Skip("ONESHOT_DATA does not name a directory with truth/nb201-oneshot.csv and truth/nb201-cifar10.csv")
	}
	truths := map[string]float64{}
	for _, row := range readTable(t, filepath.Join(data, "truth", "nb201-cifar10.csv")) {
		truths[row.architecture] = row.value
	}
	var score, truth []float64
	for _, row := range readTable(t, filepath.Join(data, "truth", "nb201-oneshot.csv")) {
		if v, ok := truths[row.architecture]; ok && in(row.architecture) {
			score, truth = append(score, row.value), append(truth, v)
		}
	}
	p, err := rank.New(score, truth)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func everyOne(string) bool { return true }

type row struct {
	architecture string
	value        float64
}

func readTable(t *testing.T, path string) []row {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Skip(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]row, 0, len(records))
	for _, r := range records[1:] {
		v, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{r[0], v})
	}
	return rows
}

// connected tells whether operations other than none lead from node 0 to node 3.
func connected(architecture string) bool {
	reached := []bool{true}
	for _, node := range strings.Split(architecture, "+") {
		reach := false
		for from, edge := range strings.Split(strings.Trim(node, "|"), "|") {
			reach = reach || reached[from] && edge != fmt.Sprintf("none~%d", from)
		}
		reached = append(reached, reach)
	}
	return reached[3]
}
