package conv

import (
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// A 1×1 convolution at stride 1 is a product of matrices, and if nothing has to be done to its operands on the way, neither has to be
// packed for the backward pass: dx = dy·Wᵀ and dW = xᵀ·dy, over all pixels of the batch.

// isPointwise reports whether the branches are one convolution of which that holds.
func isPointwise(in *Input, branches []Branch) bool {
	if len(branches) != 1 {
		return false
	}
	return branches[0].Kernel.Pointwise() && !in.ReLU && branches[0].A == nil
}

func pointwiseBackward(in *Input, dx []float32, lddx int, add bool, branches []Branch) {
	b := &branches[0]
	t := pointwiseTasks.Get()
	defer pointwiseTasks.Put(t)
	if dx != nil {
		t.inputGradient(in, b, dx, lddx, add)
	}
	if b.DWeight != nil {
		t.weightGradient(in, branches)
	}
}

const (
	// pointwiseWhole is the number of weights from which their gradient is cut into blocks of weights; a smaller one is cut into
	// groups of pixels, so that several threads have something to do.
	pointwiseWhole = 256 * 256
	// pointwiseOuter is the number of weights up to which operands are packed if no outer product fits; panels would not pay.
	pointwiseOuter = 64 * 64
	// pointwiseGroup is how many pixels a group has at least: sums of fewer would be a large part of what is read and written.
	pointwiseGroup = 512
	// pointwiseBand is how many pixels meet all weights before the next follow. It must fit into the level-2 cache with the band
	// that is fetched meanwhile.
	pointwiseBand = 128
)

// pointwiseTask sums a weight gradient over groups of pixels, as many as maxChunks, which are added in order.
type pointwiseTask struct {
	in     *Input
	b      *Branch
	outer  outerKernel // of size 0: by products of matrices
	groups int
	part   []float32 // [group][Cin][Cout]
	local  [maxChunks]struct {
		product gemm.Local
		outer   outerArgs
		ahead   lookAhead
		_       cacheLine
	}

	// The input gradient is the forward convolution of these.
	dy         Input
	transposed [1]Branch
	weight     []float32
}

var pointwiseTasks parallel.FreeList[pointwiseTask]

// inputGradient computes dx = dy·Wᵀ as the convolution that it is too.
func (t *pointwiseTask) inputGradient(in *Input, b *Branch, dx []float32, lddx int, add bool) {
	cin, cout := b.Kernel.Cin, b.Kernel.Cout
	_, _, channel := b.weightStrides()
	t.weight = grow(t.weight, cin*cout)
	transpose(t.weight, b.Weight, channel, cin, cout)
	t.dy = Input{X: b.G, LD: b.LDG, N: in.N, H: in.H, W: in.W, C: cout}
	t.transposed[0] = Branch{Kernel: Square(cout, cin, 1, 1), Weight: t.weight, Y: dx, LDY: lddx, Accumulate: add}
	runForward(&active, &t.dy, t.transposed[:])
	t.dy, t.transposed[0] = Input{}, Branch{}
}

// transpose sets dst [cols][rows] to the transpose of src, whose rows lie ld apart, in squares that leave both in cache.
func transpose(dst, src []float32, ld, rows, cols int) {
	const square = 16
	for r := 0; r < rows; r += square {
		for c := 0; c < cols; c += square {
			for j := c; j < min(c+square, cols); j++ {
				to := dst[j*rows+r:][:min(square, rows-r)]
				for i := range to {
					to[i] = src[(r+i)*ld+j]
				}
			}
		}
	}
}

func (t *pointwiseTask) weightGradient(in *Input, branches []Branch) {
	b := &branches[0]
	pixels, cin, cout := in.N*in.H*in.W, b.Kernel.Cin, b.Kernel.Cout
	_, _, channel := b.weightStrides()
	t.outer = outerKernel{}
	if cin*cout >= pointwiseWhole {
		beta := float32(0)
		if b.AddWeight {
			beta = 1
		}
		x := gemm.Matrix{Data: in.X, LD: in.LD, Trans: true}
		gemm.Mul(cin, cout, pixels, 1, x, gemm.Matrix{Data: b.G, LD: b.LDG}, beta, gemm.Matrix{Data: b.DWeight, LD: channel})
		return
	}
	if o := active.outerFor(cout); cin%o.rows == 0 && cout%o.block == 0 { // the kernels have no tails
		t.outer = o
	} else if cin*cout <= pointwiseOuter {
		runBackward(&active, in, nil, 0, false, branches)
		return
	}
	t.in, t.b, t.groups = in, b, min(maxChunks, (pixels+pointwiseGroup-1)/pointwiseGroup)
	n := b.Kernel.Weights()
	if cap(t.part) < t.groups*n {
		t.part = parallel.Aligned(t.groups * n)
	}
	parallel.Run(t.groups, b.Kernel.work(in.N, in.H, in.W), t)
	if !b.AddWeight {
		b.clearDWeight()
	}
	rows, row := cin, cout
	if channel == cout { // without gaps
		rows, row = 1, n
	}
	for g := range t.groups {
		for i := range rows {
			vec.AddTo(b.DWeight[i*channel:][:row], t.part[g*n+i*row:][:row])
		}
	}
	t.in, t.b = nil, nil
}

// Chunk sums over a group of pixels.
func (t *pointwiseTask) Chunk(w *parallel.Worker, i int) {
	b, n := t.b, t.b.Kernel.Weights()
	lo, hi := chunkOf(t.in.N*t.in.H*t.in.W, t.groups, i)
	x, dy, part, l := t.in.X[lo*t.in.LD:], b.G[lo*b.LDG:], t.part[i*n:][:n], &t.local[i]
	if t.outer.run == nil {
		l.product.Mul(w, b.Kernel.Cin, b.Kernel.Cout, hi-lo, 1, gemm.Matrix{Data: x, LD: t.in.LD, Trans: true}, gemm.Matrix{Data: dy, LD: b.LDG},
			0, gemm.Matrix{Data: part, LD: b.Kernel.Cout})
		return
	}
	a := &l.outer
	*a = outerArgs{dwRow: b.Kernel.Cout, xPix: t.in.LD, dyPix: b.LDG, rows: 1}
	calls := t.outer.calls(b.Kernel.Cin) * (b.Kernel.Cout / t.outer.block)
	for p := 0; p < hi-lo; p += pointwiseBand {
		a.cols = min(pointwiseBand, hi-lo-p)
		if p > 0 {
			a.add = 1
		}
		var x2, dy2 []float32 // of the next band, which stream in meanwhile
		if q := p + pointwiseBand; q < hi-lo {
			x2, dy2 = x[q*t.in.LD:], dy[q*b.LDG:]
			x2, dy2 = x2[:min(len(x2), pointwiseBand*t.in.LD)], dy2[:min(len(dy2), pointwiseBand*b.LDG)]
		}
		l.ahead.spread(calls, x2, dy2)
		for c := 0; c < b.Kernel.Cout; c += t.outer.block {
			a.dy = dy[p*b.LDG+c:]
			t.outer.over(a, part[c:], x[p*t.in.LD:], b.Kernel.Cin, &l.ahead)
		}
	}
	a.dw, a.x, a.dy, a.ahead, l.ahead = nil, nil, nil, nil, lookAhead{}
}
