package rank

import (
	"math"
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		score, truth []float64
		want         string
	}{
		{[]float64{1, 2, 3}, []float64{1, 2}, "3 scores but 2 truths"},
		{[]float64{1}, []float64{1}, "at least 2"},
		{nil, nil, "at least 2"},
		{[]float64{1, nan, 3}, []float64{1, 2, 3}, "score 1 of 3 is NaN"},
		{[]float64{1, 2, 3}, []float64{1, 2, nan}, "truth 2 of 3 is NaN"},
	} {
		_, err := New(c.score, c.truth)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%v, %v): error %v, want one that says %q", c.score, c.truth, err, c.want)
		}
	}
}

func TestNewCopies(t *testing.T) {
	x, y := []float64{1, 2, 3}, []float64{1, 3, 2}
	p := mustNew(x, y)
	before := p.Pearson()
	x[0], y[0] = 100, -100
	if after := p.Pearson(); after != before {
		t.Errorf("r changed from %v to %v with the caller's slice", before, after)
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		n     int
		share float64
		want  int
	}{{15625, 0.10, 1562}, {15625, 0.01, 156}, {100, 0.29, 29}, {100, 0.57, 57}, {30, 0.01, 1}, {30, 0, 1}, {30, 1, 30}} {
		if got := mustNew(make([]float64, c.n), make([]float64, c.n)).Share(c.share); got != c.want {
			t.Errorf("Share(%v) of %d = %d, want %d", c.share, c.n, got, c.want)
		}
	}
}

func TestWrongArgumentsPanic(t *testing.T) {
	p := mustNew([]float64{1, 2, 3}, []float64{3, 1, 2})
	for name, f := range map[string]func(){
		"k = 0":        func() { p.PrecisionAt(0, ByOrder) },
		"k = 4":        func() { p.KendallAt(4) },
		"bottom = 4":   func() { p.PruningLoss(1, 4, ByOrder) },
		"bottom = -1":  func() { p.PruningCurve(1, -1) },
		"k = 0 of dcg": func() { p.NDCGAt(0, Average) },
		"k = 4 found":  func() { p.BestTruthAt(4, Average) },
		"k = 0 drawn":  func() { p.RandomBestAt(0) },
		"level":        func() { Percentile([]float64{1}, 1) },
		"share":        func() { p.Share(1.5) },
		"bin":          func() { p.SparseKendall(0) },
		"resamples":    func() { p.Bootstrap(0, 0.95, 1) },
		"unknown ways": func() { p.BestRankAt(1, Ties(9)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}
