package tensor

import (
	"math"
	"slices"
	"testing"
)

func TestArgMax(t *testing.T) {
	nan := float32(math.NaN())
	x := Wrap([]float32{
		9, 1, 3, 2, 9,
		9, 5, 5, 4, 9,
		9, -3, -2, -1, 9,
		9, 1, nan, nan, 9,
	}, 2, 2, 5)
	for _, c := range []struct {
		x    Tensor
		want []int
	}{{x.Window(1, 4), []int{1, 0, 2, 1}}, {Wrap([]float32{1, 7}, 2), []int{1}}, {New(0, 3), []int{}}} {
		if got := c.x.ArgMax(); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.x.Shape(), got, c.want)
		}
	}
	if err := Catch(func() { New(3, 0).ArgMax() }); err == nil {
		t.Error("the largest of none")
	}
}
