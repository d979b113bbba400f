package depthwise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// genericTall computes by the portable loops of tall what generic computes by those of the ring.
var genericTall = kernels{tall: &tallKernels{4, false, tallConvolveGeneric, tallConvolveGeneric, tallCorrelateGeneric,
	tallCorrelateGeneric}}

// eachISA runs f with every instruction set of this machine as the active one.
func eachISA(t *testing.T, f func(t *testing.T)) {
	for _, isa := range cpu.Available() {
		t.Run(isa.String(), func(t *testing.T) {
			defer func(k kernels) { active = k }(active)
			active = kernelsFor(isa)
			f(t)
		})
	}
	t.Run("generic/tall", func(t *testing.T) {
		defer func(k kernels) { active = k }(active)
		active = genericTall
		f(t)
	})
}

// problem is a convolution with operands that end (or begin) at inaccessible pages.
type problem struct {
	k              Kernel
	in             Input
	w, dw          Weights
	y, g, dx       []float32
	ldy, ldg, lddx int
	oh, ow         int
	add            bool
}

func (p *problem) String() string {
	return fmt.Sprintf("%+v N%d H%d W%d act%d ld %d %d %d %d w %d %d add %v", p.k, p.in.N, p.in.H, p.in.W, p.in.Act, p.in.LD, p.ldy,
		p.ldg, p.lddx, p.w.LD, p.w.Row, p.add)
}

func newProblem(t testing.TB, rng *rand.Rand, k Kernel, n, h, w, gap int, act activation.Func, add bool,
	alloc func(testing.TB, int) []float32) *problem {
	fill := func(rows, ld, cols int) []float32 {
		x := alloc(t, max(0, (rows-1)*ld+cols))
		for i := range x {
			x[i] = float32(3 * rng.NormFloat64())
		}
		return x
	}
	p := &problem{k: k, add: add}
	p.oh, p.ow = k.Out(h, w)
	p.in = Input{LD: k.C + gap, N: n, H: h, W: w, Act: act}
	p.in.X = fill(n*h*w, p.in.LD, k.C)
	p.ldy, p.ldg, p.lddx = k.C+2*gap, k.C+gap, k.C+3*gap
	p.y, p.g, p.dx = fill(n*p.oh*p.ow, p.ldy, k.C), fill(n*p.oh*p.ow, p.ldg, k.C), fill(n*h*w, p.lddx, k.C)
	weights := func() Weights {
		ww := Weights{LD: k.C + gap}
		ww.Row = (k.K + gap) * ww.LD
		ww.Data = fill(1, 0, (k.K-1)*(ww.Row+ww.LD)+k.C)
		return ww
	}
	p.w, p.dw = weights(), weights()
	return p
}

// eachTerm calls f with every pair of input and output pixel of a tap, channel by channel.
func (p *problem) eachTerm(f func(tap, in, out int)) {
	for n := range p.in.N {
		for oy := range p.oh {
			for ox := range p.ow {
				for t := range p.k.K * p.k.K {
					y, x := oy*p.k.Stride-p.k.Pad+t/p.k.K*p.k.Dilation, ox*p.k.Stride-p.k.Pad+t%p.k.K*p.k.Dilation
					if y >= 0 && y < p.in.H && x >= 0 && x < p.in.W {
						f(t, (n*p.in.H+y)*p.in.W+x, (n*p.oh+oy)*p.ow+ox)
					}
				}
			}
		}
	}
}

func (p *problem) act(v float32) float64 {
	switch x := float64(v); p.in.Act {
	case activation.ReLU:
		return max(x, 0)
	case activation.ReLU6:
		return min(max(x, 0), 6)
	default:
		return x
	}
}

// sums are results in float64 with the sums of absolute values that bound their errors.
type sums struct{ sum, abs []float64 }

func newSums(start []float32, add bool) sums {
	s := sums{make([]float64, len(start)), make([]float64, len(start))}
	for i, v := range start {
		if add {
			s.sum[i], s.abs[i] = float64(v), math.Abs(float64(v))
		}
	}
	return s
}

func (s sums) add(i int, v float64) {
	s.sum[i] += v
	s.abs[i] += math.Abs(v)
}

// check compares the elements for which inside says so, and that the others still equal before.
func (s sums) check(t *testing.T, what string, got, before []float32, roundings int, inside func(i int) bool) {
	t.Helper()
	for i, v := range got {
		if !inside(i) {
			if v != before[i] {
				t.Fatalf("%s: element %d outside the window changed from %v to %v", what, i, before[i], v)
			}
		} else if e := math.Abs(float64(v) - s.sum[i]); !(e <= float64(roundings)*0x1p-24*s.abs[i]) {
			t.Fatalf("%s: element %d is %v, want %v (error %.3g, terms %.3g)", what, i, v, s.sum[i], e, s.abs[i])
		}
	}
}

func window(ld, c int) func(i int) bool { return func(i int) bool { return i%ld < c } }

func (p *problem) check(t *testing.T) {
	t.Helper()
	k, taps := p.k, p.k.K*p.k.K
	y, dx, dw := newSums(p.y, p.add), newSums(p.dx, false), newSums(p.dw.Data, p.add)
	weight := func(w Weights, tap int) int { return tap/k.K*w.Row + tap%k.K*w.LD }
	p.eachTerm(func(tap, in, out int) {
		for c := range k.C {
			x, w, g := p.act(p.in.X[in*p.in.LD+c]), float64(p.w.Data[weight(p.w, tap)+c]), float64(p.g[out*p.ldg+c])
			y.add(out*p.ldy+c, x*w)
			dx.add(in*p.lddx+c, g*w)
			dw.add(weight(p.dw, tap)+c, x*g)
		}
	})
	for pix := range p.in.N * p.in.H * p.in.W {
		for c := range k.C {
			i, x := pix*p.lddx+c, p.in.X[pix*p.in.LD+c]
			if p.in.Act != activation.Identity && !(x > 0) || p.in.Act == activation.ReLU6 && x >= 6 {
				dx.sum[i], dx.abs[i] = 0, 0
			}
			if p.add {
				dx.add(i, float64(p.dx[i]))
			}
		}
	}
	before := slices.Clone(p.y)
	Forward(k, p.in, p.w, p.y, p.ldy, p.add)
	y.check(t, "forward "+p.String(), p.y, before, taps+2, window(p.ldy, k.C))

	before = slices.Clone(p.dx)
	BackwardData(k, p.in, p.w, p.dx, p.lddx, p.g, p.ldg, p.add)
	dx.check(t, "input gradient "+p.String(), p.dx, before, taps+2, window(p.lddx, k.C))

	before = slices.Clone(p.dw.Data)
	BackwardWeights(k, p.in, p.dw, p.g, p.ldg, p.add)
	dw.check(t, "weight gradient "+p.String(), p.dw.Data, before, p.in.N*p.oh*p.ow+maxGroups+2, func(i int) bool {
		row := i % p.dw.Row
		return row/p.dw.LD < k.K && row%p.dw.LD < k.C
	})
}

// TestBackward: one visit finds what two passes find.
func TestBackward(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		for i, k := range foldedKernels {
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				for _, add := range []bool{false, true} {
					p := newProblem(t, rng, k, 2, 21, 9, i%2*3, act, add, guard.Sides[i%2])
					dx, dw := slices.Clone(p.dx), slices.Clone(p.dw.Data)
					BackwardData(k, p.in, p.w, p.dx, p.lddx, p.g, p.ldg, add)
					BackwardWeights(k, p.in, p.dw, p.g, p.ldg, add)
					Backward(k, p.in, p.w, dx, p.lddx, add, Weights{dw, p.dw.LD, p.dw.Row}, add, Gradient{G: p.g, LD: p.ldg})
					if !slices.Equal(dx, p.dx) || !slices.Equal(dw, p.dw.Data) {
						t.Errorf("%v: other bits", p)
					}
				}
			}
		}
	})
}

var foldedKernels = []Kernel{Square(36, 3, 1, 1), Square(8, 5, 1, 1), Square(20, 7, 1, 1), Square(16, 3, 2, 1), Square(18, 5, 2, 1),
	Square(8, 7, 3, 1),
	Square(24, 3, 1, 2), Square(9, 5, 2, 2), {C: 8, K: 3, Stride: 1, Pad: 0, Dilation: 1}, {C: 8, K: 2, Stride: 2, Pad: 0, Dilation: 1},
	{C: 8, K: 1, Stride: 1, Pad: 2, Dilation: 1}}

// TestFolded: a folded normalisation and an affine gradient give the bits that they give if they are written down before, and the sums that
// there are.
func TestFolded(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		if !Folds() {
			t.Skip("these kernels do not fold")
		}
		defer func(n int) { slideFloats = n }(slideFloats)
		rng := rand.New(rand.NewPCG(13, 14))
		for i, k := range foldedKernels {
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				slideFloats = []int{0, 2000, 1 << 20}[(i+int(act))%3]
				p := newProblem(t, rng, k, 3, 37, 9, i%2*3, activation.Identity, false, guard.Sides[i%2])
				c := k.C
				vector := func() []float32 {
					v := make([]float32, c)
					for i := range v {
						v[i] = float32(rng.NormFloat64())
					}
					return v
				}
				fold := &norm.Fold{Scale: vector(), Shift: vector(), Act: act, SumG: make([]float64, c), SumGX: make([]float64, c)}
				g := Gradient{G: p.g, LD: p.ldg, A: vector(), B: vector(), C: vector(), Y: p.y, LDY: p.ldy}
				in := p.in
				in.Fold = fold

				// Written down, without gaps.
				rows, outs := p.in.N*p.in.H*p.in.W, p.in.N*p.oh*p.ow
				x, y, dy, dx := make([]float32, rows*c), make([]float32, outs*c), make([]float32, outs*c), make([]float32, rows*c)
				fold.Rows(x, c, p.in.X, p.in.LD, rows)
				written := p.in
				written.X, written.LD = x, c
				Forward(k, written, p.w, y, c, false)
				sum, sumsq := make([]float64, c), make([]float64, c)
				ForwardSums(k, in, p.w, p.y, p.ldy, false, sum, sumsq)
				exact, squares := make([]float64, c), make([]float64, c)
				for i, v := range y {
					if got := p.y[i/c*p.ldy+i%c]; got != v {
						t.Fatalf("%v: output %d is %v, want %v", p, i, got, v)
					}
					exact[i%c] += float64(v)
					squares[i%c] += float64(v) * float64(v)
				}
				near := func(what string, got, want, scale []float64) {
					for i := range got {
						if math.Abs(got[i]-want[i]) > 3e-6*(1+scale[i]) {
							t.Errorf("%v: %s of channel %d is %v, want %v", p, what, i, got[i], want[i])
						}
					}
				}
				near("Σy²", sumsq, squares, squares)
				for i := range squares {
					squares[i] += float64(outs)
				}
				near("Σy", sum, exact, squares)

				dw := Weights{make([]float32, len(p.dw.Data)), p.dw.LD, p.dw.Row}
				norm.AffineRows(dy, c, p.g, p.ldg, p.y, p.ldy, outs, g.A, g.B, g.C)
				BackwardData(k, written, p.w, dx, c, dy, c, false)
				BackwardWeights(k, written, dw, dy, c, false)
				dw2 := Weights{make([]float32, len(p.dw.Data)), p.dw.LD, p.dw.Row}
				Backward(k, in, p.w, p.dx, p.lddx, false, dw2, false, g)
				if !slices.Equal(dw.Data, dw2.Data) {
					t.Errorf("%v: other weight gradients", p)
				}
				s, dot, scale := make([]float64, c), make([]float64, c), make([]float64, c)
				for i, v := range dx {
					if act != activation.Identity && !(x[i] > 0) || act == activation.ReLU6 && x[i] >= 6 {
						v = 0
					}
					if got := p.dx[i/c*p.lddx+i%c]; got != v {
						t.Fatalf("%v: gradient %d is %v, want %v", p, i, got, v)
					}
					xi := float64(p.in.X[i/c*p.in.LD+i%c])
					s[i%c] += float64(v)
					dot[i%c] += float64(v) * xi
					scale[i%c] += math.Abs(float64(v)) * (1 + math.Abs(xi))
				}
				near("Σg", fold.SumG, s, scale)
				near("Σg·x", fold.SumGX, dot, scale)
				clear(dw2.Data)
				Backward(k, in, p.w, nil, 0, false, dw2, false, g)
				if !slices.Equal(dw.Data, dw2.Data) {
					t.Errorf("%v: other weight gradients without that of the input", p)
				}
			}
		}
	})
}

func TestAgainstOracle(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		i := 0
		for _, k := range []int{1, 2, 3, 5, 7} {
			for _, stride := range []int{1, 2, 3} {
				for _, dilation := range []int{1, 2} {
					for _, size := range [][2]int{{1, 1}, {5, 9}, {17, 8}, {36, 4}} {
						i++
						kn := Square([]int{1, 3, 8, 16, 18, 36, 40}[i%7], k, stride, dilation)
						if i%5 == 0 {
							kn.Pad = max(0, kn.Pad-1)
						}
						if reach := dilation*(k-1) + 1; reach > size[0]+2*kn.Pad || reach > size[1]+2*kn.Pad {
							continue
						}
						newProblem(t, rng, kn, 1+i%3, size[0], size[1], i/2%2*3, activation.Func(i%3), i/3%2 == 1,
							guard.Sides[i%2]).check(t)
					}
				}
			}
		}
		// More channels, and more in a row, than package vec takes to be worth sharing.
		for act := activation.Identity; act <= activation.ReLU6; act++ {
			newProblem(t, rng, Square(20000, 3, 1, 1), 1, 2, 2, int(act), act, false, guard.Float32).check(t)
			newProblem(t, rng, Square(300, 3, 1, 1), 2, 2, 80, 0, act, true, guard.Float32).check(t)
		}
		newProblem(t, rng, Square(20, 3, 1, 1), 0, 4, 4, 0, activation.ReLU, false, guard.Float32).check(t)
	})
}

// TestNonFinite: a NaN or an infinity of the input reaches the pixels whose windows hold it, in its channel, and nothing else.
func TestNonFinite(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
			for act := activation.Identity; act <= activation.ReLU6; act++ {
				p := newProblem(t, rand.New(rand.NewPCG(3, 4)), Square(18, 5, 1, 2), 1, 12, 13, 0, act, false, guard.Float32)
				at, ch := 5*13+6, 17
				p.in.X[at*18+ch] = bad
				hit := map[int]bool{}
				p.eachTerm(func(_, in, out int) {
					if in == at && (act != activation.ReLU6 || bad != bad) {
						hit[out*18+ch] = true
					}
				})
				Forward(p.k, p.in, p.w, p.y, p.ldy, false)
				for i, v := range p.y {
					if (v-v != 0) != hit[i] {
						t.Fatalf("%v through activation %d: element %d is %v", bad, act, i, v)
					}
				}
			}
		}
	})
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	eachISA(t, func(t *testing.T) {
		var first [3][]float32
		for _, threads := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(threads)
			p := newProblem(t, rand.New(rand.NewPCG(5, 6)), Square(20, 3, 2, 1), 3, 40, 20, 1, activation.ReLU, true,
				func(_ testing.TB, n int) []float32 { return make([]float32, n) })
			Forward(p.k, p.in, p.w, p.y, p.ldy, true)
			BackwardData(p.k, p.in, p.w, p.dx, p.lddx, p.g, p.ldg, true)
			BackwardWeights(p.k, p.in, p.dw, p.g, p.ldg, true)
			got := [3][]float32{p.y, p.dx, p.dw.Data}
			for i := range got {
				if first[i] == nil {
					first[i] = got[i]
				} else if !slices.Equal(first[i], got[i]) {
					t.Errorf("pass %d: %d threads give other bits than one", i, threads)
				}
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	p := newProblem(t, rand.New(rand.NewPCG(7, 8)), Square(36, 5, 2, 1), 2, 16, 16, 0, activation.ReLU6, false,
		func(_ testing.TB, n int) []float32 { return make([]float32, n) })
	run := func() {
		Forward(p.k, p.in, p.w, p.y, p.ldy, false)
		BackwardData(p.k, p.in, p.w, p.dx, p.lddx, p.g, p.ldg, false)
		BackwardWeights(p.k, p.in, p.dw, p.g, p.ldg, false)
	}
	run()
	if n := testing.AllocsPerRun(20, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// What is too large for the caches is written past them, with the same bits.
func TestLarge(t *testing.T) {
	if active.tall == nil {
		t.Skip("this instruction set writes through the caches")
	}
	rng := rand.New(rand.NewPCG(9, 10))
	aligned := func(_ testing.TB, n int) []float32 { return memory.Aligned(n) }
	for _, k := range []Kernel{Square(32, 3, 1, 1), Square(48, 5, 2, 1), Square(16, 3, 1, 2)} {
		p := newProblem(t, rng, k, 3, 13, 11, 0, activation.Identity, false, aligned)
		run := func() (y, dx []float32) {
			Forward(k, p.in, p.w, p.y, p.ldy, false)
			BackwardData(k, p.in, p.w, p.dx, p.lddx, p.g, p.ldg, false)
			return slices.Clone(p.y), slices.Clone(p.dx)
		}
		y, dx := run()
		l3 := cpu.Caches.L3
		cpu.Caches.L3 = 0
		largeY, largeDX := run()
		cpu.Caches.L3 = l3
		if !slices.Equal(y, largeY) || !slices.Equal(dx, largeDX) {
			t.Errorf("%+v: other results past the caches", k)
		}
	}
}

func TestPanics(t *testing.T) {
	x := make([]float32, 100)
	for name, tc := range map[string]struct {
		want string
		call func()
	}{
		"kernel": {"depthwise.Forward: got kernel {C:4 K:3 Stride:-1 Pad:1 Dilation:1}, want channels, size, stride and dilation of at least 1 and no negative padding", func() { Forward(Kernel{4, 3, -1, 1, 1}, Input{x, 4, 1, 5, 5, 0, nil}, Weights{Data: x}, x, 4, false) }},
		"fit": {"depthwise.Forward: got an image of 4×8, want one that holds kernel {C:4 K:5 Stride:1 Pad:0 Dilation:1}",
			func() { Forward(Kernel{4, 5, 1, 0, 1}, Input{x, 4, 1, 4, 8, 0, nil}, Weights{Data: x}, x, 4, false) }},
		"output": {"depthwise.Forward: got output of 99 elements, want 100: 25 rows of 4, 4 apart",
			func() { Forward(Square(4, 3, 1, 1), Input{x, 4, 1, 5, 5, 0, nil}, Weights{Data: x}, x[1:], 4, false) }},
		"weights": {"depthwise.Forward: got weights of 35 elements, want 36",
			func() { Forward(Square(4, 3, 1, 1), Input{x, 4, 1, 5, 5, 0, nil}, Weights{Data: x[:35]}, x, 4, false) }},
		"windows": {"depthwise.Forward: got weights 3 apart in rows 9 apart, want 3×3 taps of 4 channels without overlap", func() {
			Forward(Square(4, 3, 1, 1), Input{x, 4, 1, 5, 5, 0, nil}, Weights{Data: x, LD: 3}, x, 4, false)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, tc.want) {
					t.Errorf("panicked with %q, want %q", got, tc.want)
				}
			}()
			tc.call()
		})
	}
}

// TestDirect: pixels that lie whole vectors apart are read where they are, whatever of the windows lies outside the image.
func TestDirect(t *testing.T) {
	defer func() { alwaysDirect = false }()
	alwaysDirect = true
	eachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 10))
		i := 0
		for _, k := range []int{1, 2, 3, 5, 7} {
			for _, pad := range []int{0, 1, 4} {
				for _, step := range [][2]int{{1, 1}, {2, 1}, {1, 2}, {3, 1}, {2, 2}, {3, 2}} {
					for _, size := range [][2]int{{1, 1}, {3, 17}, {20, 9}} {
						i++
						kn := Kernel{C: []int{4, 20, 32}[i%3], K: k, Stride: step[0], Dilation: step[1], Pad: pad}
						if reach := kn.Dilation*(k-1) + 1; reach > size[0]+2*pad || reach > size[1]+2*pad {
							continue
						}
						newProblem(t, rng, kn, 1+i%2, size[0], size[1], []int{12, 12, 0}[i%3], activation.Identity, i%5 == 0,
							guard.Sides[i%2]).check(t)
					}
				}
			}
		}
	})
}

func FuzzDepthwise(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint8(1), uint8(18), uint8(9), uint8(7), uint8(0))
	f.Add(uint64(2), uint8(7), uint8(2), uint8(33), uint8(20), uint8(30), uint8(0xff))
	f.Fuzz(func(t *testing.T, seed uint64, k, stride, c, h, w, flags uint8) {
		kn := Kernel{C: 1 + int(c)%70, K: 1 + int(k)%9, Stride: 1 + int(stride)%4, Dilation: 1 + int(flags)%3}
		kn.Pad = int(flags) / 3 % (kn.K*kn.Dilation + 1)
		height, width := 1+int(h)%40, 1+int(w)%40
		if images, most := 1+int(seed%3), 1<<13; images*height*width*kn.C > most { // few at a time, of which there are then many a second
			height, width = min(height, 12), min(width, 12)
			kn.C = min(kn.C, max(1, most/(images*height*width)))
		}
		if reach := kn.Dilation*(kn.K-1) + 1; reach > height+2*kn.Pad || reach > width+2*kn.Pad {
			t.Skip()
		}
		defer func() { alwaysDirect = false }()
		alwaysDirect = seed%4 == 0
		gap := int(flags >> 6)
		if seed%2 == 0 {
			gap = (kn.C+15)/16*16 - kn.C // pixels lie whole vectors apart
		}
		newProblem(t, rand.New(rand.NewPCG(seed, 0)), kn, 1+int(seed%3), height, width, gap, activation.Func(flags%3), flags&8 != 0,
			guard.Float32).check(t)
	})
}
