package pool

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// Both directions against their definitions, on windows and at the guard pages.
func TestNearest(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, factor := range []int{1, 2, 3, 5} {
			f := Nearest{factor}
			for _, s := range shapes[:len(shapes)-1] {
				for i, ld := range strides(s.C) {
					for _, accumulate := range []bool{false, true} {
						name := fmt.Sprintf("%+v %+v ld %v accumulate %v", f, s, ld, accumulate)
						h, w := factor*s.H, factor*s.W
						small, big := guard.Sides[i%2](t, size(s.N*s.H*s.W, ld[0], s.C)), guard.Sides[i%2](t, size(s.N*h*w, ld[1], s.C))
						fill(r, small)
						fill(r, big)
						pairs := func(f func(big, small int)) {
							for p := range s.N * h * w {
								n, y, x := p/(h*w), p/w%h, p%w
								for c := range s.C {
									f(p*ld[1]+c, ((n*s.H+y/factor)*s.W+x/factor)*ld[0]+c)
								}
							}
						}
						want, before := newOracle(big, accumulate), slices.Clone(big)
						pairs(func(b, i int) { want.add(b, float64(small[i])) })
						f.Forward(big, ld[1], small, ld[0], s, accumulate)
						want.check(t, "forward "+name, big, before, ld[1], s.C, 1)

						want, before = newOracle(small, accumulate), slices.Clone(small)
						pairs(func(b, i int) { want.add(i, float64(big[b])) })
						f.Backward(small, ld[0], big, ld[1], s, accumulate)
						want.check(t, "backward "+name, small, before, ld[0], s.C, 2*factor+2)
					}
				}
			}
		}
	})
}

func TestNearestPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"pool.Nearest.Forward: got factor 0, want at least 1": func() { Nearest{}.Forward(nil, 1, nil, 1, Shape{1, 1, 1, 1}, false) },
		"pool.Nearest.Backward: got operand of 3 elements, want 4: 4 rows of 1, 1 apart": func() {
			Nearest{2}.Backward(make([]float32, 1), 1, make([]float32, 3), 1, Shape{1, 1, 1, 1}, false)
		},
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); got != name {
					t.Errorf("panicked with %q, want %q", got, name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkNearest(b *testing.B) {
	s := Shape{32, 16, 16, 64}
	small, big := make([]float32, s.N*s.H*s.W*s.C), make([]float32, 4*s.N*s.H*s.W*s.C)
	b.Run("forward", func(b *testing.B) {
		b.SetBytes(int64(4 * (len(small) + len(big))))
		for b.Loop() {
			Nearest{2}.Forward(big, s.C, small, s.C, s, false)
		}
	})
	b.Run("backward", func(b *testing.B) {
		b.SetBytes(int64(4 * (len(small) + len(big))))
		for b.Loop() {
			Nearest{2}.Backward(small, s.C, big, s.C, s, false)
		}
	})
}
