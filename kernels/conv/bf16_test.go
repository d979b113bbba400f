package conv

import (
	"math"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// spoiler leaves NaNs in the scratch of workers.
type spoiler struct{}

func (spoiler) Chunk(w *parallel.Worker, _ int) {
	s := w.Scratch(1 << 17)
	for i := range s {
		s[i] = float32(math.NaN())
	}
}

// TestScratchIsNotRead: nothing that was in scratch before gets into a result, not even times zero.
func TestScratchIsNotRead(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		if !onTiles {
			t.Skip("is not on tiles")
		}
		for i, tc := range cases {
			p := newProblem(t, tc, uint64(i))
			parallel.Run(1, 0, spoiler{})
			p.forward()
			parallel.Run(1, 0, spoiler{})
			Backward(&p.in, p.dx, p.lddx, false, p.branches)
			for _, b := range p.branches {
				for _, s := range [][]float32{b.Y, p.dx, b.DWeight} {
					for _, v := range s {
						if v != v {
							t.Fatalf("%v: a NaN", tc)
						}
					}
				}
			}
		}
	})
}

// TestFitsTiles: small convolutions stay in float32, and so do those of Winograd's algorithm where the unit is not much faster.
func TestFitsTiles(t *testing.T) {
	defer func(k kernels, on bool, speed int) { active, onTiles, tileSpeed = k, on, speed }(active, onTiles, tileSpeed)
	for _, isa := range cpu.Available() {
		active = kernelsFor(isa)
		for _, tc := range []struct {
			kernel     Kernel
			slow, fast bool
		}{
			{kernel: Square(16, 16, 3, 1), slow: active.winograd == nil || winogradOff, fast: true},
			{kernel: Square(16, 16, 3, 2), slow: true, fast: true},
			{kernel: Square(16, 16, 1, 1), slow: true, fast: true},
			{kernel: Square(16, 24, 3, 1), slow: true, fast: true},
			{kernel: Square(8, 16, 3, 1)},
		} {
			in := &Input{N: 4, H: 8, W: 8, C: tc.kernel.Cin, Precision: gemm.BF16}
			branches := []Branch{{Kernel: tc.kernel.WithDefaults()}}
			for speed, want := range map[int]bool{2: tc.slow, 8: tc.fast} {
				if onTiles, tileSpeed = true, speed; in.fitsTiles(branches) != want {
					t.Errorf("%v: with a unit %d times as fast %+v is computed on it: %v", isa, speed, tc.kernel, !want)
				}
			}
			in.Precision = gemm.Float32
			if in.fitsTiles(branches) {
				t.Errorf("%+v: float32 on tiles", tc.kernel)
			}
		}
	}
}

// TestNonFiniteGradients: on tiles a NaN of the output gradient reaches what its taps reach, and an infinity of the input the weights of its
// channel at most.
func TestNonFiniteGradients(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		if !onTiles {
			t.Skip("is not on tiles")
		}
		for _, k := range []Kernel{Square(16, 17, 3, 1), Square(16, 20, 3, 2), dilated(Square(16, 33, 3, 1), 2), Square(16, 18, 1, 1)} {
			const ch, py, px = 1, 4, 2
			p := newProblem(t, testCase{2, 9, 11, 16, activation.Identity, 0, []Kernel{k}}, 1)
			b := &p.branches[0]
			b.A = nil
			oh, ow := k.Out(9, 11)
			g := &b.G[((oh+py)*ow+px)*k.Cout+ch] // of the second image
			before := *g
			*g = float32(math.NaN())
			Backward(&p.in, p.dx, p.lddx, false, p.branches)
			reaches := func(v, o, taps, pad int) bool {
				tap := v - o*k.Stride + pad
				return tap >= 0 && tap%k.Dilation == 0 && tap/k.Dilation < taps
			}
			for i, v := range p.dx {
				n, y, x := i/(9*11*16), i/(11*16)%9, i/16%11
				if spoilt := v != v; spoilt != (n == 1 && reaches(y, py, k.KH, k.PadH) && reaches(x, px, k.KW, k.PadW)) {
					t.Fatalf("%+v: dx[%d][%d][%d] is %v", k, n, y, x, v)
				}
			}
			for i, v := range b.DWeight {
				if spoilt := v != v; spoilt != (i%k.Cout == ch) {
					t.Fatalf("%+v: the gradient of weight %d is %v", k, i, v)
				}
			}
			*g = before
			p.in.X[((9+py)*11+px)*16+ch] = float32(math.Inf(1))
			Backward(&p.in, nil, 0, false, p.branches)
			for i, v := range b.DWeight {
				if v-v != 0 && i/k.Cout%16 != ch {
					t.Fatalf("%+v: the gradient of weight %d, of another channel, is %v", k, i, v)
				}
			}
		}
	})
}
