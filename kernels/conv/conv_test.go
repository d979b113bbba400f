package conv

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/internal/guard"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// testCase is one input with a few branches.
type testCase struct {
	n, h, w, c int
	act        activation.Func
	pad        int // extra floats between pixels, of every tensor
	branches   []Kernel
}

func (tc testCase) String() string {
	return fmt.Sprintf("n%d_h%d_w%d_c%d_%v_pad%d_%v", tc.n, tc.h, tc.w, tc.c, tc.act, tc.pad, tc.branches)
}

func dilated(k Kernel, d int) Kernel {
	k.Dilation, k.PadH, k.PadW = d, d*(k.KH/2), d*(k.KW/2)
	return k
}

func noPad(k Kernel) Kernel { k.PadH, k.PadW = 0, 0; return k }

func shifted(k Kernel, by int) Kernel { k.Shift = by; return k }

var cases = []testCase{
	{2, 8, 8, 16, activation.Identity, 0, []Kernel{Square(16, 16, 3, 1)}},
	{3, 8, 8, 32, activation.ReLU, 0, []Kernel{Square(32, 32, 3, 1)}},
	{2, 16, 16, 16, activation.ReLU, 0, []Kernel{Square(16, 16, 3, 1), Square(16, 16, 1, 1), Square(16, 32, 3, 2)}},
	{17, 4, 4, 16, activation.ReLU6, 0, []Kernel{Square(16, 16, 3, 1), Square(16, 48, 3, 1)}},
	{1, 1, 1, 1, activation.Identity, 0, []Kernel{Square(1, 1, 1, 1)}},
	{1, 5, 3, 3, activation.Identity, 0, []Kernel{Square(3, 16, 3, 1)}},
	{2, 9, 11, 3, activation.Identity, 2, []Kernel{Square(3, 40, 3, 2), Square(3, 9, 3, 1), dilated(Square(3, 16, 3, 1), 2)}},
	{2, 7, 9, 5, activation.ReLU6, 3, []Kernel{Square(5, 7, 3, 1), Square(5, 18, 1, 1), Square(5, 3, 5, 2)}},
	{2, 9, 7, 19, activation.Identity, 1, []Kernel{Square(19, 33, 3, 2)}},
	{2, 9, 8, 20, activation.ReLU, 2, []Kernel{Square(20, 20, 3, 3), Square(20, 16, 1, 2)}},
	{1, 11, 13, 8, activation.ReLU, 0, []Kernel{dilated(Square(8, 8, 3, 1), 2), dilated(Square(8, 16, 5, 1), 2)}},
	{1, 12, 10, 8, activation.Identity, 0, []Kernel{dilated(Square(8, 9, 3, 2), 2)}},
	{2, 6, 6, 16, activation.Identity, 0, []Kernel{noPad(Square(16, 16, 2, 1)), noPad(Square(16, 24, 2, 2)), noPad(Square(16, 16, 3, 1))}},
	{1, 5, 7, 6, activation.Identity, 1, []Kernel{{Cin: 6, Cout: 5, KH: 1, KW: 3, Stride: 1, PadH: 0, PadW: 1, Dilation: 1},
		{Cin: 6, Cout: 16, KH: 3, KW: 1, Stride: 1, PadH: 1, PadW: 0, Dilation: 1}}},
	{1, 6, 9, 4, activation.ReLU, 0, []Kernel{{Cin: 4, Cout: 6, KH: 1, KW: 7, Stride: 1, PadH: 0, PadW: 3, Dilation: 1},
		{Cin: 4, Cout: 6, KH: 3, KW: 1, Stride: 2, PadH: 1, PadW: 0, Dilation: 1}}},
	{2, 7, 7, 64, activation.Identity, 0, []Kernel{Square(64, 32, 1, 1)}},
	{2, 8, 8, 64, activation.Identity, 8, []Kernel{Square(64, 64, 1, 1), Square(64, 64, 1, 1)}},
	{1, 2, 2, 3, activation.Identity, 0, []Kernel{{Cin: 3, Cout: 2, KH: 1, KW: 1, Stride: 1, PadH: 2, PadW: 1, Dilation: 1}}},
	{2, 6, 8, 20, activation.ReLU, 2, []Kernel{Square(20, 12, 1, 2), shifted(Square(20, 18, 1, 2), 1)}}, // a factorised reduction
	{3, 8, 4, 16, activation.Identity, 0, []Kernel{Square(16, 16, 1, 2), shifted(Square(16, 16, 1, 2), 1)}},
	{2, 8, 8, 16, activation.Identity, 0, []Kernel{shifted(Square(16, 16, 3, 1), 1), shifted(Square(16, 16, 1, 1), 1)}},
	{1, 7, 5, 6, activation.ReLU, 1, []Kernel{shifted(Square(6, 5, 3, 2), 3), shifted(noPad(Square(6, 4, 2, 1)), 2)}},
	{2, 8, 8, 16, activation.Identity, 0, []Kernel{shifted(Square(16, 16, 1, 1), 1)}},
	{1, 61, 29, 2, activation.ReLU, 1, []Kernel{Square(2, 3, 3, 1), Square(2, 3, 3, 2), Square(2, 2, 1, 1)}},   // several strips
	{1, 30, 50, 2, activation.Identity, 0, []Kernel{dilated(Square(2, 2, 3, 1), 20)}},                          // of which one has no outputs
	{2, 6, 7, 20, activation.ReLU, 1, []Kernel{Square(20, 1, 3, 1), Square(20, 1, 1, 1), Square(20, 1, 3, 2)}}, // to one channel
	{2, 7, 6, 20, activation.Identity, 0, []Kernel{Square(20, 1, 1, 1)}},
	{2, 7, 6, 1, activation.Identity, 0, []Kernel{Square(1, 20, 3, 1), Square(1, 1, 3, 2)}},
	{1, 7, 1, 3, activation.Identity, 0, []Kernel{{Cin: 3, Cout: 2, KH: 3, KW: 4, Stride: 3, PadH: 1, PadW: 2, Dilation: 1}}},
}

// problem is a case with operands and what the oracle says of them.
type problem struct {
	testCase
	in       Input
	branches []Branch
	dx       []float32
	lddx     int

	start       [][]float32 // what Y held before
	y, sum, sq  [][]float64
	dwAlone, dw [][]float64 // without and with what DWeight holds
	dxAlone     []float64
	dxOracle    []float64
}

func random(rng *rand.Rand, s []float32) []float32 {
	for i := range s {
		s[i] = float32(rng.NormFloat64())
	}
	return s
}

// newProblem allocates every operand so that it ends at an inaccessible page.
func newProblem(t testing.TB, tc testCase, seed uint64) *problem {
	rng := rand.New(rand.NewPCG(seed, 1))
	alloc := func(pixels, c int) ([]float32, int) {
		ld := c + tc.pad
		return guard.Float32(t, (pixels-1)*ld+c), ld
	}
	p := &problem{testCase: tc}
	p.in = Input{N: tc.n, H: tc.h, W: tc.w, C: tc.c, Act: tc.act, Precision: precision}
	p.in.X, p.in.LD = alloc(tc.n*tc.h*tc.w, tc.c)
	random(rng, p.in.X)
	if tc.act == activation.ReLU6 {
		vec.Scale(p.in.X, 6, p.in.X) // some are beyond its bound
	}
	p.dx, p.lddx = alloc(tc.n*tc.h*tc.w, tc.c)
	random(rng, p.dx)
	for i, k := range tc.branches {
		oh, ow := k.Out(tc.h, tc.w)
		b := Branch{Kernel: k, Weight: random(rng, guard.Float32(t, k.Weights())), DWeight: random(rng, guard.Float32(t, k.Weights())),
			AddWeight: i%2 == 1}
		b.Y, b.LDY = alloc(tc.n*oh*ow, k.Cout)
		b.G, b.LDG = alloc(tc.n*oh*ow, k.Cout)
		random(rng, b.G)
		p.start = append(p.start, random(rng, make([]float32, len(b.Y))))
		b.Accumulate = (seed+uint64(i))%3 == 1
		if (seed+uint64(i))%4 > 1 {
			b.Bias = random(rng, guard.Float32(t, k.Cout))
		}
		b.Sum, b.SumSq = make([]float64, k.Cout), make([]float64, k.Cout)
		if i%3 != 1 {
			b.A, b.B, b.C = random(rng, guard.Float32(t, k.Cout)), random(rng, guard.Float32(t, k.Cout)),
				random(rng, guard.Float32(t, k.Cout))
		}
		p.branches = append(p.branches, b)
	}
	return p
}

// rounded is v in the precision of new problems.
func rounded(v float32) float64 {
	if precision == gemm.BF16 {
		v = bf16.Float32(bf16.Of(v))
	}
	return float64(v)
}

func roundedAll(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = rounded(v)
	}
	return y
}

// gradient is that of a branch's output: an affine function in float32 (which package norm checks), as it is rounded.
func gradient(b *Branch) []float64 {
	c := b.Kernel.Cout
	rows := (len(b.G)-c)/b.LDG + 1
	g := make([]float32, rows*c)
	if b.A != nil {
		norm.AffineRows(g, c, b.G, b.LDG, b.Y, b.LDY, rows, b.A, b.B, b.C)
	} else {
		copyTile(g, c, b.G, b.LDG, rows, c)
	}
	return roundedAll(g)
}

// outputs computes in float64, as the definition reads, what Forward has to leave, of operands as they are rounded.
func (p *problem) outputs() {
	p.y, p.sum, p.sq = nil, nil, nil
	for bi := range p.branches {
		b := &p.branches[bi]
		k := b.Kernel
		oh, ow := k.Out(p.h, p.w)
		y, weight := make([]float64, p.n*oh*ow*k.Cout), roundedAll(b.Weight)
		p.eachTap(b, func(x []float64, _, pix, tap int) {
			y := y[pix*k.Cout:][:k.Cout]
			for ci, v := range x {
				for co, w := range weight[(tap*k.Cin+ci)*k.Cout:][:k.Cout] {
					y[co] += v * w
				}
			}
		})
		sum, sq := make([]float64, k.Cout), make([]float64, k.Cout)
		for i := range y {
			pix, co := i/k.Cout, i%k.Cout
			if b.Bias != nil {
				y[i] += float64(b.Bias[co])
			}
			if b.Accumulate {
				y[i] += float64(p.start[bi][pix*b.LDY+co])
			}
			sum[co] += y[i]
			sq[co] += y[i] * y[i]
		}
		p.y, p.sum, p.sq = append(p.y, y), append(p.sum, sum), append(p.sq, sq)
	}
}

// gradients computes in float64, as the definition reads, what Backward has to find, without what it is added to. The affine gradient uses
// the y that Forward left.
func (p *problem) gradients() {
	p.dwAlone, p.dxAlone = nil, make([]float64, p.n*p.h*p.w*p.c)
	for bi := range p.branches {
		b := &p.branches[bi]
		k := b.Kernel
		g, dw, weight := gradient(b), make([]float64, k.Weights()), roundedAll(b.Weight)
		p.eachTap(b, func(x []float64, at, pix, tap int) {
			g, dx := g[pix*k.Cout:][:k.Cout], p.dxAlone[at*p.c:]
			for ci, v := range x {
				first := (tap*k.Cin + ci) * k.Cout
				dw, weight := dw[first:][:k.Cout], weight[first:][:k.Cout]
				sum := 0.0
				for co, g := range g {
					dw[co] += v * g
					sum += g * weight[co]
				}
				dx[ci] += sum
			}
		})
		p.dwAlone = append(p.dwAlone, dw)
	}
	lo, hi := p.in.Act.Bounds()
	for i := range p.dxAlone {
		if x := p.in.X[i/p.c*p.in.LD+i%p.c]; x <= lo || x >= hi {
			p.dxAlone[i] = 0
		}
	}
}

// expect sets what the next Backward has to leave: the gradients, and what they are added to.
func (p *problem) expect(accumulate bool) {
	p.dw, p.dxOracle = nil, slices.Clone(p.dxAlone)
	for i, b := range p.branches {
		dw := slices.Clone(p.dwAlone[i])
		if b.AddWeight {
			for j, v := range b.DWeight {
				dw[j] += float64(v)
			}
		}
		p.dw = append(p.dw, dw)
	}
	if accumulate {
		for i := range p.dxOracle {
			p.dxOracle[i] += float64(p.dx[i/p.c*p.lddx+i%p.c])
		}
	}
}

// eachTap calls f for every output pixel of b and every tap that has an input pixel there: with the channels of that, activated and
// rounded, and with the places of the input pixel, of the output pixel and of the tap.
func (p *problem) eachTap(b *Branch, f func(x []float64, at, pix, tap int)) {
	in, k := &p.in, b.Kernel
	lo, hi := in.Act.Bounds()
	x := make([]float64, in.N*in.H*in.W*in.C)
	for i := range x {
		x[i] = rounded(min(max(in.X[i/in.C*in.LD+i%in.C], lo), hi))
	}
	oh, ow := k.Out(in.H, in.W)
	for pix := range in.N * oh * ow {
		n, oy, ox := pix/(oh*ow), pix/ow%oh, pix%ow
		for tap := range k.KH * k.KW {
			iy := oy*k.Stride - k.PadH + k.Shift + tap/k.KW*k.Dilation
			ix := ox*k.Stride - k.PadW + k.Shift + tap%k.KW*k.Dilation
			if iy >= 0 && iy < in.H && ix >= 0 && ix < in.W {
				at := (n*in.H+iy)*in.W + ix
				f(x[at*in.C:][:in.C], at, pix, tap)
			}
		}
	}
}

// near checks rows × c values against want to a normalised root mean square error of 2e-6 (float32 sums of up to a few
// thousand products stay below half of that).
func near(t *testing.T, what string, got []float32, ld int, want []float64, c int) {
	t.Helper()
	nearWithin(t, what, got, ld, want, c, 2e-6)
}

func nearWithin(t *testing.T, what string, got []float32, ld int, want []float64, c int, bound float64) {
	t.Helper()
	var num, den float64
	for i, w := range want {
		g := float64(got[i/c*ld+i%c])
		if math.IsNaN(g) {
			t.Fatalf("%s: NaN at %d", what, i)
		}
		num += (g - w) * (g - w)
		den += w * w
	}
	if e := math.Sqrt(num / max(den, 1e-30)); e > bound {
		t.Fatalf("%s: relative error %.3g, want at most %.3g", what, e, bound)
	}
}

// nearSums checks sums over m values whose squares add up to sq, channel by channel. A channel may be small by cancellation,
// so the measure is the largest.
func nearSums(t *testing.T, what string, got, want, sq []float64, m int) {
	t.Helper()
	for i := range want {
		if math.Abs(got[i]-want[i]) > 4e-6*math.Sqrt(slices.Max(sq)*float64(m))+1e-9 {
			t.Fatalf("%s: channel %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// precision is that of new problems.
var precision gemm.Precision

// forEachISA runs f once per instruction set of this machine, with the package switched to it, and where there is Winograd's
// algorithm once more with the batch transformed as a whole: in float32, and in bfloat16; then on tiles, whatever stands for them, where
// they pay and wherever they can. Short tests, such as those of an emulated processor, leave out what differs from something else in the
// rounding of operands alone, and portable code where there is another instruction set.
func forEachISA(t *testing.T, f func(t *testing.T)) {
	defer func(k kernels, min int) { active, batchedMin, precision = k, min, gemm.Float32 }(active, batchedMin)
	defer func(on bool, speed, channels, pixels int) {
		onTiles, tileSpeed, tilesMinChannels, tilesMinPixels = on, speed, channels, pixels
	}(onTiles, tileSpeed, tilesMinChannels, tilesMinPixels)
	onTiles = false
	isas := cpu.Available()
	if testing.Short() && len(isas) > 1 {
		isas = isas[1:]
	}
	for i, isa := range isas {
		active = kernelsFor(isa)
		for precision = gemm.Float32; precision <= gemm.BF16; precision++ {
			if precision == gemm.BF16 && testing.Short() && i < len(isas)-1 {
				continue
			}
			t.Run(fmt.Sprintf("%v %v", isa, precision), f)
			if batchedMin = 1; active.winograd != nil && (precision == gemm.Float32 || !testing.Short()) {
				t.Run(fmt.Sprintf("%v %v batched", isa, precision), f)
			}
			batchedMin = 1 << 16
		}
	}
	precision, onTiles, tileSpeed = gemm.BF16, true, winogradSpeed
	t.Run("tiles", f)
	if testing.Short() {
		return
	}
	tilesMinChannels, tilesMinPixels = 1, 1
	t.Run("tiles everywhere", f)
}

// forward runs Forward on outputs that hold what the problem begins with.
func (p *problem) forward() {
	for i, b := range p.branches {
		copy(b.Y, p.start[i])
	}
	Forward(&p.in, p.branches)
}

func (p *problem) check(t *testing.T) {
	t.Helper()
	x := slices.Clone(p.in.X)
	p.forward()
	p.outputs()
	for i := range p.branches {
		b := &p.branches[i]
		near(t, fmt.Sprintf("branch %d: y", i), b.Y, b.LDY, p.y[i], b.Kernel.Cout)
		m := len(p.y[i]) / b.Kernel.Cout
		nearSums(t, fmt.Sprintf("branch %d: Σy", i), b.Sum, p.sum[i], p.sq[i], m)
		nearSums(t, fmt.Sprintf("branch %d: Σy²", i), b.SumSq, p.sq[i], p.sq[i], int(1+slices.Max(p.sq[i])))
	}
	p.gradients()
	for _, accumulate := range []bool{false, true} {
		p.expect(accumulate)
		Backward(&p.in, p.dx, p.lddx, accumulate, p.branches)
		near(t, "dx", p.dx, p.lddx, p.dxOracle, p.c)
		for i := range p.branches {
			b := &p.branches[i]
			near(t, fmt.Sprintf("branch %d: dw", i), b.DWeight, b.Kernel.Cout, p.dw[i], b.Kernel.Cout)
		}
	}
	p.expect(false)
	Backward(&p.in, nil, 0, false, p.branches)
	for i := range p.branches {
		b := &p.branches[i]
		near(t, fmt.Sprintf("branch %d: dw alone", i), b.DWeight, b.Kernel.Cout, p.dw[i], b.Kernel.Cout)
	}
	if !slices.Equal(x, p.in.X) {
		t.Fatal("the input was written to")
	}
}

func TestAgainstOracle(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, tc := range cases {
			t.Run(tc.String(), func(t *testing.T) { newProblem(t, tc, uint64(i)).check(t) })
		}
	})
}

// TestManyChannels: the bias of more channels than package vec takes to be worth sharing is added within a chunk.
func TestManyChannels(t *testing.T) {
	const cout = 20000
	forEachISA(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		in := Input{X: random(rng, make([]float32, 2)), LD: 1, N: 1, H: 1, W: 2, C: 1}
		b := Branch{Kernel: Square(1, cout, 1, 1), Weight: random(rng, make([]float32, cout)), Bias: random(rng, make([]float32, cout)),
			Y: random(rng, make([]float32, 2*cout)), LDY: cout, Accumulate: true}
		want := make([]float64, len(b.Y))
		for i, y := range b.Y {
			want[i] = float64(y) + float64(b.Bias[i%cout]) + float64(in.X[i/cout])*float64(b.Weight[i%cout])
		}
		Forward(&in, []Branch{b})
		near(t, "y", b.Y, cout, want, cout)
	})
}

// Between the pixels of a window lie other tensors' channels: they must survive.
func TestWindowsAreLeftAlone(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		p := newProblem(t, testCase{2, 9, 7, 16, activation.ReLU, 5, []Kernel{Square(16, 16, 3, 1), Square(16, 7, 3, 2)}}, 3)
		const mark = 12345
		fill := func(s []float32, c, ld int) {
			for i := range s {
				if i%ld >= c {
					s[i] = mark
				}
			}
		}
		see := func(what string, s []float32, c, ld int) {
			for i := range s {
				if i%ld >= c && s[i] != mark {
					t.Fatalf("%s: the float between pixels at %d was overwritten", what, i)
				}
			}
		}
		fill(p.dx, p.c, p.lddx)
		for i := range p.branches {
			fill(p.branches[i].Y, p.branches[i].Kernel.Cout, p.branches[i].LDY)
		}
		Forward(&p.in, p.branches)
		Backward(&p.in, p.dx, p.lddx, true, p.branches)
		see("dx", p.dx, p.c, p.lddx)
		for i := range p.branches {
			see("y", p.branches[i].Y, p.branches[i].Kernel.Cout, p.branches[i].LDY)
		}
	})
}

// TestPointwise: 1×1 convolutions whose gradients need nothing done to them on the way are products of matrices.
func TestPointwise(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for i, tc := range []testCase{
			{2, 8, 8, 64, activation.Identity, 0, []Kernel{Square(64, 64, 1, 1)}},
			{3, 7, 5, 70, activation.Identity, 3, []Kernel{Square(70, 90, 1, 1)}},
			{9, 9, 8, 19, activation.Identity, 1, []Kernel{Square(19, 33, 1, 1)}},
			{1, 4, 4, 256, activation.Identity, 2, []Kernel{Square(256, 260, 1, 1)}},
			{9, 21, 9, 24, activation.Identity, 8, []Kernel{Square(24, 96, 1, 1)}}, // bands of pixels, of which the next is fetched ahead
			{3, 16, 16, 64, activation.ReLU, 0, []Kernel{Square(64, 16, 1, 1), Square(64, 32, 1, 1)}},
			{2, 9, 11, 19, activation.ReLU6, 3, []Kernel{Square(19, 33, 1, 1), Square(19, 5, 1, 1), Square(19, 7, 1, 1)}},
			{5, 13, 10, 32, activation.Identity, 0, []Kernel{Square(32, 16, 1, 1), Square(32, 8, 1, 1)}},
			{9, 3, 7, 40, activation.ReLU, 0, []Kernel{Square(40, 20, 1, 1)}},
			{3, 9, 8, 32, activation.ReLU, 20, []Kernel{Square(32, 32, 1, 1), Square(32, 24, 1, 1)}}, // fetched ahead in spite of the gaps
		} {
			p := newProblem(t, tc, uint64(i))
			b := &p.branches[0]
			b.AddWeight = i%2 == 1
			if i != 1 && i != 4 {
				b.A, b.B, b.C = nil, nil, nil
			}
			if !isPointwise(&p.in, p.branches) {
				t.Fatalf("%v goes another way", tc)
			}
			p.check(t)

			// Weights that are frozen beside others change nothing about these, nor about the input's gradient.
			last := &p.branches[len(p.branches)-1]
			if len(p.branches) > 1 {
				b.AddWeight = false
				Backward(&p.in, p.dx, p.lddx, false, p.branches)
				dx, first := slices.Clone(p.dx), slices.Clone(b.DWeight)
				last.DWeight = nil
				Backward(&p.in, p.dx, p.lddx, false, p.branches)
				if !slices.Equal(dx, p.dx) || !slices.Equal(first, b.DWeight) {
					t.Errorf("%v: other gradients where those of a branch's weights are not wanted", tc)
				}
			}
		}
	})
}

// TestNonFinite: a NaN or an infinity reaches the outputs whose windows hold it, of Winograd's all of the tiles that have one, and
// nothing else.
func TestNonFinite(t *testing.T) {
	forEachISA(t, func(t *testing.T) {
		for _, k := range []Kernel{Square(16, 16, 3, 1), Square(16, 7, 1, 1), Square(16, 16, 3, 2), dilated(Square(16, 9, 3, 1), 2),
			Square(18, 16, 3, 1)} {
			for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
				p := newProblem(t, testCase{2, 12, 12, k.Cin, activation.ReLU, 0, []Kernel{k}}, 1)
				b := &p.branches[0]
				const py, px = 5, 6
				p.in.X[((12+py)*12+px)*k.Cin+1] = bad // of the second image
				Forward(&p.in, p.branches)
				oh, ow := k.Out(12, 12)
				tile := 1
				if !onTiles && active.winogradFits(&k, k.Cin, k.Cout, oh, ow) {
					tile = 4
				}
				hit := func(o, p int) bool { // whether the windows of a tile hold row or column p
					first := o / tile * tile
					for i := first; i < first+tile; i++ {
						for tap := range k.KH {
							if i*k.Stride-k.PadH+tap*k.Dilation == p {
								return true
							}
						}
					}
					return false
				}
				for i, v := range b.Y {
					n, y, x := i/(oh*ow*k.Cout), i/(ow*k.Cout)%oh, i/k.Cout%ow
					if spoilt := v-v != 0; spoilt != (n == 1 && hit(y, py) && hit(x, px)) {
						t.Fatalf("%+v of %v: y[%d][%d][%d] is %v", k, bad, n, y, x, v)
					}
				}
			}
		}
	})
}

// TestWeightWindows: with weights in a window of larger ones, results are the same bits, and gradients stay within the window.
func TestWeightWindows(t *testing.T) {
	const mark = 12345
	forEachISA(t, func(t *testing.T) {
		defer func(min int) { batchedMin = min }(batchedMin)
		batchedMin = math.MaxInt // which windows rule out
		for i, tc := range cases {
			dense, window := newProblem(t, tc, uint64(i)), newProblem(t, tc, uint64(i))
			for j := range window.branches {
				b, k := &window.branches[j], tc.branches[j]
				b.WChannel = k.Cout + 3
				b.WTap = (k.Cin + 1) * b.WChannel
				b.WRow = (k.KW + i%2) * b.WTap
				w, dw := guard.Sides[i%2](t, b.weightLen()), guard.Sides[i%2](t, b.weightLen())
				for e := range w {
					w[e], dw[e] = float32(math.NaN()), mark
				}
				eachWeight(b, func(inWindow, inDense int) { w[inWindow], dw[inWindow] = b.Weight[inDense], b.DWeight[inDense] })
				b.Weight, b.DWeight = w, dw
			}
			for _, p := range []*problem{dense, window} {
				Forward(&p.in, p.branches)
				Backward(&p.in, p.dx, p.lddx, true, p.branches)
			}
			if !slices.Equal(dense.dx, window.dx) {
				t.Fatalf("%v: dx differs", tc)
			}
			for j := range window.branches {
				b, d := &window.branches[j], &dense.branches[j]
				if !slices.Equal(b.Y, d.Y) {
					t.Fatalf("%v: y of branch %d differs", tc, j)
				}
				eachWeight(b, func(inWindow, inDense int) {
					if b.DWeight[inWindow] != d.DWeight[inDense] {
						t.Fatalf("%v: gradient of weight %d of branch %d differs", tc, inDense, j)
					}
					b.DWeight[inWindow] = mark
				})
				for e, v := range b.DWeight {
					if v != mark {
						t.Fatalf("%v: float %d outside the window of branch %d was overwritten", tc, e, j)
					}
				}
			}
		}
	})
}

// eachWeight calls f with where every weight is in the window of b, and where it would be without gaps.
func eachWeight(b *Branch, f func(inWindow, inDense int)) {
	k := b.Kernel
	for i := range k.Weights() {
		tap, ci, co := i/(k.Cin*k.Cout), i/k.Cout%k.Cin, i%k.Cout
		f(tap/k.KW*b.WRow+tap%k.KW*b.WTap+ci*b.WChannel+co, i)
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	forEachISA(t, func(t *testing.T) {
		var want []float32
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			p := newProblem(t, testCase{19, 8, 8, 16, activation.ReLU, 0, []Kernel{Square(16, 16, 3, 1), Square(16, 32, 1, 1)}}, 3)
			Forward(&p.in, p.branches)
			Backward(&p.in, p.dx, p.lddx, false, p.branches)
			got := slices.Concat(p.dx, p.branches[0].Y, p.branches[0].DWeight, p.branches[1].Y, p.branches[1].DWeight)
			for _, s := range p.branches[0].Sum {
				got = append(got, float32(s))
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(want, got) {
				t.Fatalf("GOMAXPROCS %d changes the result", procs)
			}
		}
	})
}

// TestFewPixels: where they do not make work for all threads, the outputs of 1×1 convolutions are cut into parts, which changes no bit.
func TestFewPixels(t *testing.T) {
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	forEachISA(t, func(t *testing.T) {
		if onTiles {
			t.Skip("strips are cut otherwise")
		}
		for _, tc := range []testCase{
			{16, 2, 2, 160, activation.ReLU, 0, []Kernel{Square(160, 328, 1, 1)}},
			{33, 2, 2, 160, activation.Identity, 5, []Kernel{Square(160, 328, 1, 1), Square(160, 129, 1, 1)}},
		} {
			var want []float32
			for _, threads := range []int{1, 2, 5} {
				runtime.GOMAXPROCS(threads)
				p := newProblem(t, tc, 3)
				Forward(&p.in, p.branches)
				last := forwardTasks.Get()
				if (last.parts > 1) != (threads > 1) {
					t.Errorf("%v: %d chunks in %d parts for %d threads", tc, last.chunks, last.parts, threads)
				}
				forwardTasks.Put(last)
				var got []float32
				for i := range p.branches {
					b := &p.branches[i]
					got = append(got, b.Y...)
					for j := range b.Sum {
						got = append(got, float32(b.Sum[j]), float32(b.SumSq[j]))
					}
				}
				if want == nil {
					want = got
				}
				if !slices.Equal(want, got) {
					t.Errorf("%v: %d threads give other bits than one", tc, threads)
				}
			}
		}
	})
}

// TestCutsDoNotChangeBits: without sums a few images are cut into bands of rows, and many into more chunks; the output is that of the call
// with sums, which is not cut so.
func TestCutsDoNotChangeBits(t *testing.T) {
	defer parallel.SetThreads(parallel.SetThreads(64)) // however few processors there are
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	forEachISA(t, func(t *testing.T) {
		if onTiles {
			t.Skip("strips do not depend on sums")
		}
		banded := 0
		for _, n := range []int{1, 3, 40} {
			for i, size := range [][2]int{{32, 12}, {21, 19}} {
				if n > 3 {
					size = [2]int{8, 8 + i}
				}
				for _, kernels := range [][]Kernel{
					{Square(16, 32, 3, 1)}, {Square(16, 24, 3, 2)}, {Square(16, 16, 5, 1)}, {Square(16, 32, 1, 1)}, {Square(16, 32, 1, 2)},
					{Square(3, 16, 3, 1)}, {Square(16, 40, 1, 1), Square(16, 16, 3, 1)}, {Square(16, 16, 3, 1), Square(16, 16, 3, 2)},
					{{Cin: 16, Cout: 16, KH: 3, KW: 1, Stride: 1, PadH: 2, PadW: 1, Dilation: 2}},
					{{Cin: 16, Cout: 48, KH: 1, KW: 1, Stride: 2, Dilation: 1, Shift: 1}},
					{{Cin: 16, Cout: 48, KH: 3, KW: 3, Stride: 1, Dilation: 1}},
				} {
					p := newProblem(t, testCase{n, size[0], size[1], kernels[0].Cin, activation.Func(min(i, 1)), 0, kernels}, 3)
					for i := range p.branches {
						p.branches[i].Accumulate = false
					}
					Forward(&p.in, p.branches)
					var want [][]float32
					for i := range p.branches {
						want = append(want, slices.Clone(p.branches[i].Y))
						p.branches[i].Sum, p.branches[i].SumSq = nil, nil
						clear(p.branches[i].Y)
					}
					Forward(&p.in, p.branches)
					last := forwardTasks.Get()
					if last.bands > 1 {
						banded++
					}
					forwardTasks.Put(last)
					for i := range p.branches {
						for j, v := range p.branches[i].Y {
							if math.Float32bits(v) != math.Float32bits(want[i][j]) && want[i][j] == want[i][j] {
								t.Fatalf("%d images of %v, kernels %+v: value %d of branch %d is %v, want %v", n, size, kernels, j, i,
									v, want[i][j])
							}
						}
					}
				}
			}
		}
		if banded == 0 {
			t.Error("nothing was cut into bands")
		}
	})
}

func TestNoInputGradient(t *testing.T) {
	p := newProblem(t, testCase{2, 8, 8, 3, activation.Identity, 0, []Kernel{Square(3, 16, 3, 1)}}, 3)
	Forward(&p.in, p.branches)
	p.gradients()
	p.expect(false)
	Backward(&p.in, nil, 0, false, p.branches)
	near(t, "dw", p.branches[0].DWeight, 16, p.dw[0], 16)
}

func TestNoAllocations(t *testing.T) {
	p := newProblem(t, testCase{4, 8, 8, 16, activation.ReLU, 0, []Kernel{Square(16, 16, 3, 1), Square(16, 17, 3, 2)}}, 3)
	defer func(on bool, speed int) { onTiles, tileSpeed = on, speed }(onTiles, tileSpeed)
	tileSpeed = winogradSpeed
	step := func() {
		Forward(&p.in, p.branches)
		Backward(&p.in, p.dx, p.lddx, false, p.branches)
	}
	defer func(min int) { batchedMin = min }(batchedMin)
	for _, branches := range [][]Branch{p.branches, p.branches[:1]} {
		for i, precision := range []gemm.Precision{gemm.Float32, gemm.BF16, gemm.BF16} {
			p.branches, batchedMin, p.in.Precision, onTiles = branches, 1, precision, i == 2
			step()
			if n := testing.AllocsPerRun(10, step); n != 0 {
				t.Fatalf("%d branches, %v, tiles %v: %v allocations", len(branches), precision, onTiles, n)
			}
		}
	}
}

func isShapeError(p any) bool {
	_, ok := p.(fault.ShapeError)
	return ok
}

func TestMisuse(t *testing.T) {
	ok := testCase{2, 8, 8, 16, activation.Identity, 0, []Kernel{Square(16, 16, 3, 1)}}
	for what, spoil := range map[string]func(p *problem){
		"short input":     func(p *problem) { p.in.X = p.in.X[1:] },
		"short weight":    func(p *problem) { p.branches[0].Weight = p.branches[0].Weight[1:] },
		"short bias":      func(p *problem) { p.branches[0].Bias = make([]float32, 15) },
		"short output":    func(p *problem) { p.branches[0].Y = p.branches[0].Y[1:] },
		"channels":        func(p *problem) { p.branches[0].Kernel.Cin = 8 },
		"negative stride": func(p *problem) { p.branches[0].Kernel.Stride = -1 },
		"too large":       func(p *problem) { p.branches[0].Kernel.KH = 11 },
		"ld below width":  func(p *problem) { p.in.LD = 8 },
	} {
		func() {
			p := newProblem(t, ok, 1)
			spoil(p)
			defer func() {
				if p := recover(); !isShapeError(p) {
					t.Errorf("%s: panicked with %v", what, p)
				}
			}()
			Forward(&p.in, p.branches)
		}()
	}
}

// Small problems, of which there are many a second: images of up to ten pixels a side with few channels, or many channels of few pixels.
func FuzzConv(f *testing.F) {
	const most = 1 << 13 // multiply-adds of a problem, which the oracle does one by one
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) {
		rng := rand.New(rand.NewPCG(seed, 2))
		side, channels := 10, 8
		if rng.IntN(2) == 0 {
			side, channels = 4, 40
		}
		tc := testCase{n: 1 + rng.IntN(3), h: 1 + rng.IntN(side), w: 1 + rng.IntN(side), c: 1 + rng.IntN(channels),
			act: activation.Func(rng.IntN(3)), pad: rng.IntN(3)}
		for work, want := 0, 1+rng.IntN(3); len(tc.branches) < want; {
			k := Kernel{Cin: tc.c, Cout: 1 + rng.IntN(channels), KH: 1 + rng.IntN(5), KW: 1 + rng.IntN(5), Stride: 1 + rng.IntN(3),
				PadH: rng.IntN(4), PadW: rng.IntN(4), Dilation: 1 + rng.IntN(2), Shift: rng.IntN(3)}
			if k.Dilation*(k.KH-1) >= tc.h+2*k.PadH || k.Dilation*(k.KW-1) >= tc.w+2*k.PadW {
				continue
			}
			oh, ow := k.Out(tc.h, tc.w)
			if work += tc.n * oh * ow * k.Weights(); work <= most {
				tc.branches = append(tc.branches, k)
			} else if len(tc.branches) > 0 {
				break
			} else {
				work = 0
			}
		}
		forEachISA(t, func(t *testing.T) { newProblem(t, tc, seed).check(t) })
	})
}
