package pool

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// weight is the definition of the rules: how much of pixel j of in there is in pixel i of out.
func (by Rule) weight(i, in, out, j int) float64 {
	if by == Mean {
		from, to := math.Floor(float64(i*in)/float64(out)), math.Ceil(float64((i+1)*in)/float64(out))
		if v := float64(j); v < from || v >= to {
			return 0
		}
		return 1 / (to - from)
	}
	at := (float64(i)+0.5)*float64(in)/float64(out) - 0.5
	if by == BilinearCorners {
		at = float64(i) * float64(in-1) / math.Max(1, float64(out-1))
	}
	return max(0, 1-math.Abs(min(max(at, 0), float64(in-1))-float64(j)))
}

// Both directions against their definitions, on windows and at the guard pages.
func TestResize(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for _, by := range []Rule{Bilinear, BilinearCorners, Mean} {
			for k, s := range shapes[:len(shapes)-1] {
				for i, ld := range strides(s.C) {
					sizes := [][2]int{{2 * s.H, 2 * s.W}, {s.H, s.W}, {max(1, s.H/2), max(1, s.W/2)}, {1, 3*s.W - 1},
						{s.H + 1, max(1, s.W-1)}, {7, 5}}
					z := Resize{H: sizes[(i+k)%len(sizes)][0], W: sizes[(i+k)%len(sizes)][1], By: by}
					accumulate := i%2 == 1
					name := fmt.Sprintf("%+v %+v ld %v accumulate %v", z, s, ld, accumulate)
					in, out := guard.Sides[i%2](t, size(s.N*s.H*s.W, ld[0], s.C)), guard.Sides[i%2](t, size(s.N*z.H*z.W, ld[1], s.C))
					fill(r, in)
					fill(r, out)
					terms := 0
					pairs := func(f func(out, in int, w float64)) {
						for p := range s.N * z.H * z.W {
							n, y, x := p/(z.H*z.W), p/z.W%z.H, p%z.W
							for iy := range s.H {
								for ix := range s.W {
									if w := by.weight(y, s.H, z.H, iy) * by.weight(x, s.W, z.W, ix); w != 0 {
										terms++
										for c := range s.C {
											f(p*ld[1]+c, ((n*s.H+iy)*s.W+ix)*ld[0]+c, w)
										}
									}
								}
							}
						}
					}
					want, before := newOracle(out, accumulate), slices.Clone(out)
					pairs(func(o, i int, w float64) { want.add(o, w*float64(in[i])) })
					z.Forward(out, ld[1], in, ld[0], s, accumulate)
					// A position is rounded once; of weights near zero that is much, of their sum it is little.
					want.check(t, "forward "+name, out, before, ld[1], s.C, 8+2*(s.H/z.H+s.W/z.W))

					want, before = newOracle(in, accumulate), slices.Clone(in)
					pairs(func(o, i int, w float64) { want.add(i, w*float64(out[o])) })
					z.Backward(in, ld[0], out, ld[1], s, accumulate)
					want.check(t, "backward "+name, in, before, ld[0], s.C, 8+2*(z.H/s.H+z.W/s.W))
				}
			}
		}
	})
}

// Where a size is a multiple of the other, rows that lie alike are one run.
func TestResizeHasFewRuns(t *testing.T) {
	for _, c := range []struct {
		by      Rule
		in, out int
		want    int
	}{
		{Bilinear, 16, 32, 4}, {Bilinear, 10, 30, 5}, {Bilinear, 32, 16, 1}, {Mean, 32, 8, 1}, {Mean, 7, 1, 1}, {BilinearCorners, 5, 5, 1},
	} {
		var rs runs
		if rs.resized(c.by, c.in, c.out); len(rs.list) != c.want {
			t.Errorf("rule %d, %d rows of %d: %d runs, want %d", c.by, c.out, c.in, len(rs.list), c.want)
		}
	}
	var rs runs
	if rs.resizedBackward(Bilinear, 16, 32); len(rs.list) != 3 {
		t.Errorf("backward: %d runs, want both ends and what is between", len(rs.list))
	}
}

func TestResizePanics(t *testing.T) {
	x, s := make([]float32, 4), Shape{1, 2, 2, 1}
	for want, f := range map[string]func(){
		"pool.Resize.Forward: got {H:0 W:2 By:0} of images of 2×2": func() { Resize{W: 2}.Forward(x, 1, x, 1, s, false) },
		"pool.Resize.Backward: got {H:2 W:2 By:3}":                 func() { Resize{2, 2, 3}.Backward(x, 1, x, 1, s, false) },
		"pool.Resize.Forward: got result of 4 elements":            func() { Resize{3, 2, Mean}.Forward(x, 1, x, 1, s, false) },
	} {
		func() {
			defer func() {
				if err, ok := recover().(fault.ShapeError); !ok || !strings.Contains(err.Error(), want) {
					t.Errorf("panicked with %v, want %q", err, want)
				}
			}()
			f()
		}()
	}
}

func BenchmarkResize(b *testing.B) {
	s := Shape{32, 16, 16, 64}
	for _, z := range []Resize{{32, 32, Bilinear}, {32, 32, BilinearCorners}, {23, 23, Bilinear}, {8, 8, Mean}, {7, 7, Mean}} {
		in, out := make([]float32, s.N*s.H*s.W*s.C), make([]float32, s.N*z.H*z.W*s.C)
		b.Run(fmt.Sprintf("%dx%d_%d/forward", z.H, z.W, z.By), func(b *testing.B) {
			b.SetBytes(int64(4 * (len(in) + len(out))))
			for b.Loop() {
				z.Forward(out, s.C, in, s.C, s, false)
			}
		})
		b.Run(fmt.Sprintf("%dx%d_%d/backward", z.H, z.W, z.By), func(b *testing.B) {
			b.SetBytes(int64(4 * (len(in) + len(out))))
			for b.Loop() {
				z.Backward(in, s.C, out, s.C, s, false)
			}
		})
	}
}
