package softmax

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// A row in pieces is the softmax of the row, whatever comes first, and ends at an inaccessible page.
func TestRunning(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, pieces := range [][]int{{1}, {5}, {8, 8}, {1, 0, 17, 33}, {100, 1, 1, 50}} {
			for _, special := range []string{"none", "rising", "falling", "masked", "first masked"} {
				n := 0
				for _, p := range pieces {
					n += p
				}
				x := fill(rng, guard.Float32(t, n), 4)
				for i := range x {
					switch {
					case special == "rising":
						x[i] = float32(i) - 50
					case special == "falling":
						x[i] = 50 - float32(i)
					case special == "masked", special == "first masked" && i < pieces[0]:
						x[i] = -inf
					}
				}
				var want []float64
				total := 0.
				for _, v := range x {
					want = append(want, math.Exp(float64(v)))
					total += math.Exp(float64(v))
				}
				r, at := NewRunning(), 0
				for _, p := range pieces {
					factor := r.Add(x[at : at+p])
					for i := range x[:at] {
						x[i] *= factor
					}
					at += p
				}
				if total == 0 {
					if r.Sum != 0 || !math.IsInf(r.LogSum(), -1) {
						t.Errorf("%v, %s: the sum of nothing is %v, its logarithm %v", pieces, special, r.Sum, r.LogSum())
					}
				} else if e := math.Abs(r.LogSum() - math.Log(total)); !(e < 1e-6*(1+math.Abs(math.Log(total)))) {
					t.Errorf("%v, %s: the logarithm of the sum is %v, want %v", pieces, special, r.LogSum(), math.Log(total))
				}
				for i, v := range x {
					w := want[i]
					if total > 0 {
						v, w = float32(float64(v)/r.Sum), w/total
					}
					if !(math.Abs(float64(v)-w) <= 2e-6*w+1e-30) {
						t.Fatalf("%v, %s: element %d is %v, want %v", pieces, special, i, v, w)
					}
				}
			}
		}
		nan := []float32{1, float32(math.NaN()), 2}
		r := NewRunning()
		if r.Add(nan); r.Sum == r.Sum {
			t.Errorf("a NaN is lost: the sum is %v", r.Sum)
		}
	})
}
