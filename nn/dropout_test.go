package nn

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Dropout decides for every element of [N][C] and of images by itself. One mask for all rows is what LockedDropout is for.
func TestDropoutOfRows(t *testing.T) {
	tp, rng := autograd.NewTape(), rand.New(rand.NewPCG(1, 2))
	for _, shape := range [][]int{{8, 64}, {8, 4, 4, 64}} {
		x := tensor.New(shape...)
		x.Fill(1)
		for name, c := range map[string]struct {
			layer Layer
			equal bool
		}{
			"Dropout":       {Dropout{0.5, rng}, false},
			"LockedDropout": {LockedDropout{0.5, rng}, true},
		} {
			y := c.layer.Forward(tp, tp.Constant(x)).Value
			row := x.Len() / 8
			for i := 1; i < 8; i++ {
				if slices.Equal(y.Data[:row], y.Data[i*row:][:row]) != c.equal {
					t.Errorf("%s of %v: steps 0 and %d have the same mask: %v, want %v", name, shape, i, !c.equal, c.equal)
				}
			}
		}
	}
}
