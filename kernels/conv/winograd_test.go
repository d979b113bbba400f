package conv

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
)

// The matrices of F(4×4, 3×3), as in the comment of winograd.go.
var (
	winogradBT = [][]float64{{4, 0, -5, 0, 1, 0}, {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0}, {0, -2, -1, 2, 1, 0},
		{0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}}
	winogradG = [][]float64{{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 24, 1. / 12, 1. / 6},
		{1. / 24, -1. / 12, 1. / 6}, {0, 0, 1}}
	winogradAT = [][]float64{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}
)

// transposed returns mᵀ.
func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for _, row := range m {
		for j, v := range row {
			t[j] = append(t[j], v)
		}
	}
	return t
}

// sandwich is m x mᵀ for a square x, which at(i, j) reads, row by row.
func sandwich(m [][]float64, at func(i, j int) float64) []float64 {
	var y []float64
	for _, r := range m {
		for _, s := range m {
			var v float64
			for i, a := range r {
				for j, b := range s {
					v += a * at(i, j) * b
				}
			}
			y = append(y, v)
		}
	}
	return y
}

func forEachWinograd(t *testing.T, f func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32)) {
	forEachISA(t, func(t *testing.T) {
		if active.winograd == nil {
			t.Skip("every convolution is direct")
		}
		for i, alloc := range guard.Sides {
			t.Run([]string{"guarded behind", "guarded before"}[i], func(t *testing.T) { f(t, active.winograd, alloc) })
		}
	})
}

func TestWinogradInput(t *testing.T) {
	forEachWinograd(t, func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32) {
		const tiles, c, pix = 3, 32, 35
		row := (4*tiles+2)*pix + 5
		a := &winogradArgs{pix: pix, row: row, point: tiles*c + 3, tile: c, tiles: tiles, blocks: c / 16, tmp: alloc(t, 36*16)}
		a.image = random(rand.New(rand.NewPCG(1, 1)), alloc(t, 5*row+(4*tiles+1)*pix+c))
		a.v = alloc(t, 35*a.point+tiles*c)
		k.input(a)
		for tile := range tiles {
			for ch := range c {
				want := sandwich(winogradBT, func(i, j int) float64 { return float64(a.image[i*row+(4*tile+j)*pix+ch]) })
				got := make([]float32, 36)
				for x := range got {
					got[x] = a.v[x*a.point+tile*c+ch]
				}
				near(t, fmt.Sprintf("tile %d, channel %d", tile, ch), got, 36, want, 36)
			}
		}
	})
}

func TestWinogradOutput(t *testing.T) {
	forEachWinograd(t, func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32) {
		const tiles, c, pix = 3, 32, 35
		row := 4*tiles*pix + 5
		rng := rand.New(rand.NewPCG(2, 1))
		for add := range 2 {
			a := &winogradArgs{pix: pix, row: row, point: tiles*c + 3, tile: c, tiles: tiles, blocks: c / 16, add: add,
				tmp: alloc(t, 36*16)}
			a.image = random(rng, alloc(t, 3*row+(4*tiles-1)*pix+c))
			a.v = random(rng, alloc(t, 35*a.point+tiles*c))
			before := slices.Clone(a.image)
			k.output(a)
			touched := make([]bool, len(a.image))
			for tile := range tiles {
				for ch := range c {
					want := sandwich(winogradAT, func(i, j int) float64 { return float64(a.v[(6*i+j)*a.point+tile*c+ch]) })
					got := make([]float32, 16)
					for i := range 4 {
						for j := range 4 {
							at := i*row + (4*tile+j)*pix + ch
							got[4*i+j], touched[at] = a.image[at], true
							if add == 1 {
								want[4*i+j] += float64(before[at])
							}
						}
					}
					near(t, fmt.Sprintf("tile %d, channel %d, add %d", tile, ch, add), got, 16, want, 16)
				}
			}
			for i, v := range a.image {
				if !touched[i] && v != before[i] {
					t.Fatalf("the float between pixels at %d was overwritten", i)
				}
			}
		}
	})
}

func TestWinogradWeight(t *testing.T) {
	forEachWinograd(t, func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32) {
		const n, tap, point = 48, 48 + 7, 48 + 9
		w := random(rand.New(rand.NewPCG(3, 1)), alloc(t, 8*tap+n))
		u := alloc(t, 35*point+n)
		k.weight(u, point, w, tap, n)
		for c := range n {
			want := sandwich(winogradG, func(i, j int) float64 { return float64(w[(3*i+j)*tap+c]) })
			got := make([]float32, 36)
			for x := range got {
				got[x] = u[x*point+c]
			}
			near(t, fmt.Sprintf("weight %d", c), got, 36, want, 36)
		}
	})
}

func TestWinogradGradient(t *testing.T) {
	forEachWinograd(t, func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32) {
		const tiles, c, pix = 3, 32, 35
		row := 4*tiles*pix + 5
		a := &winogradArgs{pix: pix, row: row, point: tiles*c + 3, tile: c, tiles: tiles, blocks: c / 16, tmp: alloc(t, 36*16)}
		a.image = random(rand.New(rand.NewPCG(4, 1)), alloc(t, 3*row+(4*tiles-1)*pix+c))
		a.v = alloc(t, 35*a.point+tiles*c)
		k.gradient(a)
		for tile := range tiles {
			for ch := range c {
				want := sandwich(transposed(winogradAT), func(i, j int) float64 { return float64(a.image[i*row+(4*tile+j)*pix+ch]) })
				got := make([]float32, 36)
				for x := range got {
					got[x] = a.v[x*a.point+tile*c+ch]
				}
				near(t, fmt.Sprintf("tile %d, channel %d", tile, ch), got, 36, want, 36)
			}
		}
	})
}

func TestWinogradWeightGradient(t *testing.T) {
	forEachWinograd(t, func(t *testing.T, k *winogradKernels, alloc func(testing.TB, int) []float32) {
		const n, tap, point = 48, 48 + 7, 48 + 9
		rng := rand.New(rand.NewPCG(5, 1))
		dw, u := random(rng, alloc(t, 8*tap+n)), random(rng, alloc(t, 35*point+n))
		before := slices.Clone(dw)
		k.weightGradient(dw, tap, u, point, n)
		for i, v := range dw {
			if i%tap >= n && v != before[i] {
				t.Fatalf("the float between taps at %d was overwritten", i)
			}
		}
		for c := range n {
			want := sandwich(transposed(winogradG), func(i, j int) float64 { return float64(u[(6*i+j)*point+c]) })
			got := make([]float32, 9)
			for x := range got {
				got[x] = dw[x*tap+c]
				want[x] += float64(before[x*tap+c])
			}
			near(t, fmt.Sprintf("weight %d", c), got, 9, want, 9)
		}
	})
}

// TestWinogradError holds whole convolutions to the bound that winograd.go states, and shows that they do go this way.
func TestWinogradError(t *testing.T) {
	for _, tc := range []testCase{
		{3, 4, 4, 16, activation.ReLU, 0, []Kernel{Square(16, 16, 3, 1)}},
		{2, 12, 20, 32, activation.Identity, 4, []Kernel{Square(32, 48, 3, 1), Square(32, 64, 3, 1)}},
		{1, 32, 32, 16, activation.Identity, 0, []Kernel{Square(16, 16, 3, 1)}},
		{9, 8, 8, 64, activation.ReLU, 0, []Kernel{Square(64, 64, 3, 1)}},
		{1, 4, 4, 512, activation.Identity, 0, []Kernel{Square(512, 512, 3, 1)}},
		{2, 8, 8, 128, activation.Identity, 0, []Kernel{shifted(Square(128, 128, 3, 1), 1)}},
	} {
		forEachISA(t, func(t *testing.T) {
			if active.winograd == nil {
				t.Skip("every convolution is direct")
			}
			p := newProblem(t, tc, 7)
			for _, k := range tc.branches {
				if !active.winogradFits(&k, k.Cin, k.Cout, tc.h, tc.w) || !active.winogradFits(&k, k.Cout, k.Cin, tc.h, tc.w) {
					t.Fatalf("%v is computed directly", tc)
				}
			}
			p.forward()
			p.outputs()
			p.gradients()
			p.expect(true)
			for i, b := range p.branches {
				nearWithin(t, fmt.Sprintf("%v: y of branch %d", tc, i), b.Y, b.LDY, p.y[i], b.Kernel.Cout, 1e-5)
			}
			Backward(&p.in, p.dx, p.lddx, true, p.branches)
			nearWithin(t, fmt.Sprintf("%v: dx", tc), p.dx, p.lddx, p.dxOracle, p.c, 1e-5)
			for i, b := range p.branches {
				nearWithin(t, fmt.Sprintf("%v: dw of branch %d", tc, i), b.DWeight, b.Kernel.Cout, p.dw[i], b.Kernel.Cout, 1e-5)
			}
		})
	}
}

// TestWinogradOff: with the switch off, the convolution is the direct one to the bit.
func TestWinogradOff(t *testing.T) {
	defer func(off bool) { winogradOff = off }(winogradOff)
	run := func(off bool) []float32 {
		winogradOff = off
		p := newProblem(t, testCase{2, 8, 8, 32, activation.Identity, 0, []Kernel{Square(32, 32, 3, 1)}}, 5)
		p.forward()
		return p.branches[0].Y
	}
	on, off := run(false), run(true)
	if Winograd() {
		t.Error("Winograd() while it is off")
	}
	saved := active.winograd
	defer func() { active.winograd = saved }()
	active.winograd = nil
	if direct := run(false); !slices.Equal(off, direct) {
		t.Error("switched off, it is not the direct convolution")
	}
	if same := slices.Equal(on, off); same != (saved == nil) {
		t.Errorf("the switch changes nothing: %v; Winograd available: %v", same, saved != nil)
	}
}
