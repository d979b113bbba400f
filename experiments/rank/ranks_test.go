package rank

import (
	"slices"
	"testing"
)

func TestRanks(t *testing.T) {
	if got, want := Ranks([]float64{3, -1, 3, 7, 0}), []float64{3.5, 1, 3.5, 5, 2}; !slices.Equal(got, want) {
		t.Errorf("ranks %v, want %v", got, want)
	}
}
