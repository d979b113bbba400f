package rank

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// Against SciPy, scikit-learn and statsmodels, on random tables with ties, some of them of very large or very small values:
// testdata/reference.py.
func TestAgainstReference(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Tables []struct {
			Score, Truth               []float64
			Given                      [][]float64
			Kendall, Spearman, Pearson float64
			Partial                    []float64 `json:"partial_spearman"`
			K                          []int
			NDCG                       []float64
		}
		P, Holm []float64
		BH      []float64 `json:"benjamini_hochberg"`
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Tables) < 8 {
		t.Fatalf("%d tables", len(want.Tables))
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-10 }
	for i, table := range want.Tables {
		p, err := mustNew(table.Score, table.Truth).Given(table.Given...)
		if err != nil {
			t.Fatal(err)
		}
		check := func(name string, got, want float64) {
			if !near(got, want) {
				t.Errorf("table %d of %d rows: %s %.15g, want %.15g", i, p.Len(), name, got, want)
			}
		}
		check("τ-b", p.Kendall(), table.Kendall)
		check("ρ", p.Spearman(), table.Spearman)
		check("r", p.Pearson(), table.Pearson)
		check("ρ given the first", p.PartialSpearman(0), table.Partial[0])
		check("ρ given the second", p.PartialSpearman(1), table.Partial[1])
		check("ρ given both", p.PartialSpearman(0, 1), table.Partial[2])
		for j, k := range table.K {
			check("nDCG", p.NDCGAt(k, Average), table.NDCG[j])
		}
	}
	if got := Holm(want.P); !slices.EqualFunc(got, want.Holm, near) {
		t.Errorf("Holm of %v\n%v, want\n%v", want.P, got, want.Holm)
	}
	if got := BenjaminiHochberg(want.P); !slices.EqualFunc(got, want.BH, near) {
		t.Errorf("Benjamini and Hochberg of %v\n%v, want\n%v", want.P, got, want.BH)
	}
}
