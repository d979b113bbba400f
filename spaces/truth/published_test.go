package truth

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

// The published tables: how many rows, the best and the worst of the default column.
func TestPublishedTables(t *testing.T) {
	dir := os.Getenv("ONESHOT_DATA")
	if dir == "" {
		t.Skip("no published tables: set ONESHOT_DATA to the folder with the data")
	}
	for _, tc := range []struct {
		name, metric string
		rows         int
		best         float64 // score
		lower        bool
	}{
		{"nb201-cifar10.csv", "test_accuracy", 15625, 94.37, false},
		{"nb201-all.csv", "cifar10_test_200", 15625, 94.3733, false},
		{"proxylessnas.csv", "accuracy", 21, 0.7622, false},
		{"ptb.csv", "valid_ppl", 82, -57.87, true},
	} {
		tab, err := ReadCSV(filepath.Join(dir, "truth", tc.name))
		if err != nil {
			t.Error(err)
			continue
		}
		best := math.Inf(-1)
		for _, s := range tab.Scores() {
			best = max(best, s)
		}
		if len(tab.Rows) != tc.rows || tab.Metric != tc.metric || tab.LowerIsBetter != tc.lower {
			t.Errorf("%s: %d rows of %s", tc.name, len(tab.Rows), tab.describe())
		}
		if math.Abs(best-tc.best) > 0.005 {
			t.Errorf("%s: best score %v, want %v", tc.name, best, tc.best)
		}
	}
}
