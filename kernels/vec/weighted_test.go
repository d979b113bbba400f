package vec

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// The sum against its definition, of no term to three: with and without factors, gaps and accumulation. What has the factor zero may
// be anything, and nothing between rows is touched.
func TestWeightedSum(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, c := range []struct{ groups, rows, cols, ld, terms int }{
			{0, 3, 3, 3, 1}, {1, 1, 1, 1, 1}, {3, 1, 17, 17, 2}, {4, 5, 3, 3, 3}, {4, 5, 3, 7, 3}, {2, 300, 24, 24, 2}, {2, 300, 24, 40, 3},
			{2, 3, 2*weightedPiece + 5, 2*weightedPiece + 5, 2}, {3, 2, 9, 9, 0},
		} {
			for _, accumulate := range []bool{false, true} {
				for _, alloc := range guard.Sides {
					size := func(ld int) int { return max(0, (c.groups*c.rows-1)*ld+c.cols) }
					dst := fill(r, alloc(t, size(c.ld)), false)
					want := make([]float64, len(dst))
					for i, v := range dst {
						want[i] = float64(v)
					}
					var terms []Weighted
					for k := range c.terms {
						term := Weighted{LD: c.cols + 3*(k%2)}
						term.X = fill(r, alloc(t, size(term.LD)), false)
						if k != 1 {
							for range c.groups {
								term.Factor = append(term.Factor, []float32{0, 1.25, 2}[r.IntN(3)])
							}
						}
						terms = append(terms, term)
					}
					for i := range c.groups * c.rows {
						for j := range c.cols {
							s := 0.
							if accumulate {
								s = want[i*c.ld+j]
							}
							for _, term := range terms {
								switch x := &term.X[i*term.LD+j]; {
								case term.Factor == nil:
									s += float64(*x)
								case term.Factor[i/c.rows] != 0:
									s += float64(term.Factor[i/c.rows]) * float64(*x)
								default:
									*x = special[6] // NaN, which must not be seen
								}
							}
							want[i*c.ld+j] = s
						}
					}
					before := slices.Clone(dst)
					WeightedSum(dst, c.ld, c.groups, c.rows, c.cols, terms, accumulate)
					for i, w := range want {
						if i%c.ld >= c.cols {
							w = float64(before[i])
						}
						if d := float64(dst[i]) - w; !(d*d <= 1e-11*(1+w*w)) {
							t.Fatalf("%+v, accumulate %v: element %d is %v, want %v", c, accumulate, i, dst[i], w)
						}
					}
				}
			}
		}
	})
}

// Drop path of the terms of a node: 32 images of 16×16 pixels with 64 channels, half of all terms dropped.
func BenchmarkWeightedSum(b *testing.B) {
	const groups, rows, cols = 32, 256, 64
	for _, n := range []int{1, 2, 4} {
		var terms []Weighted
		for k := range n {
			term := Weighted{X: make([]float32, groups*rows*cols), LD: cols}
			for i := range groups {
				term.Factor = append(term.Factor, float32(2*((i+k)%2)))
			}
			terms = append(terms, term)
		}
		dst := make([]float32, groups*rows*cols)
		b.Run(fmt.Sprintf("terms=%d", n), func(b *testing.B) {
			b.SetBytes(int64(4 * len(dst) * (2 + n) / 2))
			for b.Loop() {
				WeightedSum(dst, cols, groups, rows, cols, terms, false)
			}
		})
	}
}
