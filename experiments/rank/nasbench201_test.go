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
	data := os.Getenv("ONESHOT_DATA")
	if data == "" {
		t.Skip("ONESHOT_DATA does not name a directory with truth/nb201-oneshot.csv and truth/nb201-cifar10.csv")
	}
	scores := readTable(t, filepath.Join(data, "truth", "nb201-oneshot.csv"))
	truths := map[string]float64{}
	for _, row := range readTable(t, filepath.Join(data, "truth", "nb201-cifar10.csv")) {
		truths[row.architecture] = row.value
	}
	for _, c := range []struct {
		name     string
		in       func(architecture string) bool
		n        int
		tau, rho float64
		p10, p1  float64
		lost     float64 // share of the true top 1 % that is in the predicted bottom half
	}{
		{"all", func(string) bool { return true }, 15625, 0.485, 0.677, 0.102, 0, 0.643},
		{"connected", connected, 15284, 0.466, 0.657, 0.090, 0, 0.650},
	} {
		var score, truth []float64
		for _, row := range scores {
			if v, ok := truths[row.architecture]; ok && c.in(row.architecture) {
				score, truth = append(score, row.value), append(truth, v)
			}
		}
		p, err := rank.New(score, truth)
		if err != nil {
			t.Fatal(err)
		}
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
