package conv

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Kernel is the geometry of a dense (groups = 1) convolution. Its weights are HWIO: [KH][KW][Cin][Cout].
type Kernel struct {
	Cin, Cout  int
	KH, KW     int
	Stride     int // in both directions; 0 stands for 1
	PadH, PadW int // zeros on either side
	Dilation   int // in both directions; 1 is dense, and 0 stands for it
	// Shift moves all windows that many pixels down and right: there are Shift zeros less above and on the left, and as many more
	// below and on the right, so that the size of the output stays. The second half of a factorised reduction has a shift of 1.
	Shift int
}

// Square returns a k×k kernel with the padding that keeps the image's size at stride 1 (k odd).
func Square(cin, cout, k, stride int) Kernel {
	return Kernel{Cin: cin, Cout: cout, KH: k, KW: k, Stride: stride, PadH: k / 2, PadW: k / 2, Dilation: 1}
}

// WithDefaults returns the kernel with a stride and a dilation of 1 where they are 0, as whoever is given one understands it.
func (k Kernel) WithDefaults() Kernel {
	k.Stride, k.Dilation = cmp.Or(k.Stride, 1), cmp.Or(k.Dilation, 1)
	return k
}

// Out returns the size of the output for an h×w input, which must hold the kernel.
func (k Kernel) Out(h, w int) (oh, ow int) {
	k = k.WithDefaults()
	k.check("conv.Kernel.Out", h, w)
	return (h+2*k.PadH-k.Dilation*(k.KH-1)-1)/k.Stride + 1, (w+2*k.PadW-k.Dilation*(k.KW-1)-1)/k.Stride + 1
}

// before returns how many zeros there are above and to the left of the image; a negative number of pixels is left out.
func (k *Kernel) before() (top, left int) { return k.PadH - k.Shift, k.PadW - k.Shift }

// Pointwise reports whether a pixel of the output depends on the pixel of the input in the same place alone: a product of matrices.
func (k Kernel) Pointwise() bool {
	return k.KH == 1 && k.KW == 1 && k.WithDefaults().Stride == 1 && k.PadH == 0 && k.PadW == 0 && k.Shift == 0
}

// Weights is the number of weights.
func (k Kernel) Weights() int { return k.KH * k.KW * k.Cin * k.Cout }

// work is about how many nanoseconds a thread takes for a pass over n images of h×w outputs, directly or by Winograd's algorithm.
func (k *Kernel) work(n, h, w int, winograd bool) int {
	nanoseconds := n * h * w * k.Weights() / 32
	if winograd {
		return nanoseconds * 2 / 5
	}
	return nanoseconds
}

// check panics when the geometry makes no sense on an h×w input.
func (k Kernel) check(op string, h, w int) {
	if k.Cin < 1 || k.Cout < 1 || k.KH < 1 || k.KW < 1 || k.Stride < 1 || k.Dilation < 1 || k.PadH < 0 || k.PadW < 0 || k.Shift < 0 {
		fault.Shape(op, fmt.Sprintf("kernel %+v", k), "channels, size, stride and dilation of at least 1 and no negative padding or shift")
	}
	if h < 1 || w < 1 || k.Dilation*(k.KH-1) >= h+2*k.PadH || k.Dilation*(k.KW-1) >= w+2*k.PadW {
		fault.Shape(op, fmt.Sprintf("an image of %d×%d", h, w), fmt.Sprintf("one that holds kernel %+v", k))
	}
}

// Input is the batch that the branches of a call read: N×H×W pixels of C channels, consecutive pixels LD floats apart.
type Input struct {
	X          []float32
	LD         int
	N, H, W, C int
	Act        activation.Func // the branches see Act(x): Identity, ReLU or ReLU6
	// Fold, if not nil, is a normalisation of x that the branches, whose kernels all fold ([Kernel.Folds]), evaluate as they read x: they
	// see act(Scale⊙x + Shift). Backward then returns the gradient of Scale⊙x + Shift, and its sums in the Fold.
	Fold *norm.Fold
	// Precision is what the values that the branches see, weights, and output gradients as Backward has them (A⊙G + B⊙Y + C) are rounded to
	// where they are multiplied.
	Precision gemm.Precision
}

// Branch is one convolution of the shared input, with what it needs in the forward and in the backward pass.
type Branch struct {
	Kernel Kernel
	Weight []float32 // [KH][KW][Cin][Cout]
	// The weights of tap (kh, kw) and input channel ci begin at Weight[kh·WRow + kw·WTap + ci·WChannel]: a window of larger, shared
	// weights, like their first channels or their middle taps. Zeros stand for weights without gaps. DWeight lies like Weight, and
	// what is outside the window stays as it is.
	WRow, WTap, WChannel int
	wOut                 int // floats between the weights of adjacent output channels; 0: 1

	// Output, N×OH×OW pixels of Cout channels, consecutive pixels LDY floats apart. Forward writes it, or adds to it if
	// Accumulate is set, as a node of a cell sums what its edges bring.
	Y          []float32
	LDY        int
	Accumulate bool

	// Bias, if not nil, holds Cout values, which Forward adds to every pixel. Its gradient is the sum of that of the output over all
	// pixels ([github.com/oneshot-nas/oneshot/kernels/norm.Stats]).
	Bias []float32

	// Sum and SumSq, if not nil, receive in the forward pass Σy and Σy² of every channel over all pixels of the finished output: what
	// a following batch norm needs. They are summed in float32 over a few images and in float64 beyond, so the variance
	// Σy²/m − (Σy/m)² carries a relative error of about 1e-6·(1 + mean²/variance).
	Sum, SumSq []float64

	// G, laid out as N×OH×OW pixels LDG floats apart, is the gradient that Backward starts from: with respect to Y
	// when A is nil; else dY = A⊙G + B⊙Y + C channel by channel, which is how the backward pass of a batch norm that
	// follows looks once its sums are known ([github.com/oneshot-nas/oneshot/kernels/norm]): the gradient with respect
	// to Y then never goes through memory.
	G       []float32
	LDG     int
	A, B, C []float32

	// DWeight, if not nil, receives the gradient of Weight; it is added to what is there if AddWeight is set.
	DWeight   []float32
	AddWeight bool
}

// check panics if the input makes no sense; its values may be missing where nobody reads them.
func (in *Input) check(op string, read bool) {
	if in.N < 0 || in.H < 1 || in.W < 1 || in.C < 1 {
		fault.Shape(op, fmt.Sprintf("%d images of %d×%d with %d channels", in.N, in.H, in.W, in.C), "images of at least 1×1 with a channel")
	}
	if read {
		need(op, "input", in.X, in.N*in.H*in.W, in.C, in.LD)
	}
	if !in.Act.Clamps() {
		fault.Shape(op, fmt.Sprintf("activation %d", in.Act), "Identity, ReLU or ReLU6")
	}
	if in.Fold != nil && in.Act != activation.Identity {
		fault.Shape(op, fmt.Sprintf("a folded normalisation and %v", in.Act), "one of them: a fold has an activation of its own")
	}
}

// checkFold panics unless the branches can do what is asked of them with a folded normalisation.
func (in *Input) checkFold(op string, branches []Branch, sums bool) {
	if in.Fold == nil {
		return
	}
	in.Fold.Check(op, in.C, sums)
	for i := range branches {
		if k := branches[i].Kernel; !k.Folds() {
			fault.Shape(op, fmt.Sprintf("a folded normalisation and kernel %+v", k), "kernels that fold")
		}
	}
}

// activation is what the branches see the values behind.
func (in *Input) activation() activation.Func {
	if in.Fold != nil {
		return in.Fold.Act
	}
	return in.Act
}

func need(op, operand string, s []float32, rows, cols, ld int) {
	fault.CheckRows(op, operand, len(s), rows, cols, ld)
}

// weightStrides returns the distances of rows of taps, taps and input channels in the weights.
func (b *Branch) weightStrides() (row, tap, channel int) {
	row, tap, channel = b.WRow, b.WTap, b.WChannel
	if channel == 0 {
		channel = b.Kernel.Cout
	}
	if tap == 0 {
		tap = b.Kernel.Cin * channel
	}
	if row == 0 {
		row = b.Kernel.KW * tap
	}
	return row, tap, channel
}

// prepareOutput leaves in the channels from to to-1 of some pixels of the output, which y begins with, what the convolution is added to, and
// reports whether that is anything.
func (b *Branch) prepareOutput(y []float32, pixels, from, to int) bool {
	switch {
	case b.Bias == nil:
		return b.Accumulate
	case b.Accumulate:
		for i := range pixels {
			vec.LocalAddTo(y[i*b.LDY:][:to-from], b.Bias[from:to])
		}
	default:
		for i := range pixels {
			copy(y[i*b.LDY:], b.Bias[from:to])
		}
	}
	return true
}

// weightLen is how many floats the weights span.
func (b *Branch) weightLen() int {
	row, tap, channel := b.weightStrides()
	return (b.Kernel.KH-1)*row + (b.Kernel.KW-1)*tap + (b.Kernel.Cin-1)*channel + b.Kernel.Cout
}

// clearDWeight sets the gradient of the weights to zero.
func (b *Branch) clearDWeight() {
	row, tap, channel := b.weightStrides()
	for y := range b.Kernel.KH {
		for x := range b.Kernel.KW {
			for i := range b.Kernel.Cin {
				clear(b.DWeight[y*row+x*tap+i*channel:][:b.Kernel.Cout])
			}
		}
	}
}

func (b *Branch) check(op string, in *Input) (oh, ow int) {
	k := b.Kernel
	k.check(op, in.H, in.W)
	if k.Cin != in.C {
		fault.Shape(op, fmt.Sprintf("kernel %+v", k), fmt.Sprintf("the input's %d channels", in.C))
	}
	row, tap, channel := b.weightStrides()
	if channel < k.Cout || tap < (k.Cin-1)*channel+k.Cout && k.KW > 1 || row < (k.KW-1)*tap+(k.Cin-1)*channel+k.Cout && k.KH > 1 {
		fault.Shape(op, fmt.Sprintf("weights of rows %d, taps %d and channels %d apart", row, tap, channel),
			fmt.Sprintf("no overlap for kernel %+v", k))
	}
	fault.CheckLen(op, "weights", len(b.Weight), b.weightLen())
	return k.Out(in.H, in.W)
}

// checkIfAny checks an operand that may be nil.
func checkIfAny[T any](op, operand string, s []T, want int) {
	if s != nil {
		fault.CheckLen(op, operand, len(s), want)
	}
}

// Forward computes every branch of one input:
//
//	y[n,oy,ox,co] = Σ_{kh,kw,ci} x'[n, oy·s − p + kh·d, ox·s − p + kw·d, ci] · w[kh,kw,ci,co]
//
// with x' = in.Act(x), and zero outside the image, and p the padding less the shift; to which come the branch's bias and, if it
// accumulates, what y held. The input is brought into cache once for all branches. The summation order depends on the shape and the
// instruction set only.
func Forward(in *Input, branches []Branch) {
	const op = "conv.Forward"
	in.check(op, true)
	for i := range branches {
		b := &branches[i]
		b.Kernel = b.Kernel.WithDefaults()
		oh, ow := b.check(op, in)
		need(op, "output", b.Y, in.N*oh*ow, b.Kernel.Cout, b.LDY)
		checkIfAny(op, "bias", b.Bias, b.Kernel.Cout)
		checkIfAny(op, "sums", b.Sum, b.Kernel.Cout)
		checkIfAny(op, "sums of squares", b.SumSq, b.Kernel.Cout)
	}
	in.checkFold(op, branches, false)
	if in.N == 0 {
		for _, b := range branches {
			clear(b.Sum)
			clear(b.SumSq)
		}
		return
	}
	switch {
	case in.fitsTiles(branches):
		forwardOnTiles(in, branches)
	case active.batchesWinograd(in, branches):
		batched := batchedTasks.Get()
		defer batchedTasks.Put(batched)
		batched.forward(&active, in, &branches[0])
	default:
		runForward(&active, in, branches)
	}
}

// Backward computes, from the gradients G of all branches, the gradient of the input and of every weight:
//
//	dx[n,y,x,ci]     = [x' side] Σ over branches, taps and co of dy · w
//	dw[kh,kw,ci,co]  = Σ_{n,oy,ox} x'[…] · dy[n,oy,ox,co]
//
// dx is zero where in.Act is flat (x ≤ 0, or x ≥ 6 for ReLU6). With a folded normalisation dx is the gradient of what it normalises to,
// before its activation. dx has the input's shape with pixels lddx floats apart; it is overwritten, or added to if accumulate is set; a nil
// dx skips it (the first layer of a network). The values of the input are not needed for dx alone, without a ReLU or a folded
// normalisation. The order of summation depends on the shape and the instruction set only.
func Backward(in *Input, dx []float32, lddx int, accumulate bool, branches []Branch) {
	const op = "conv.Backward"
	in.check(op, in.Act != activation.Identity || in.Fold != nil ||
		slices.ContainsFunc(branches, func(b Branch) bool { return b.DWeight != nil }))
	if dx != nil {
		need(op, "input gradient", dx, in.N*in.H*in.W, in.C, lddx)
	}
	for i := range branches {
		b := &branches[i]
		b.Kernel = b.Kernel.WithDefaults()
		oh, ow := b.check(op, in)
		need(op, "gradient", b.G, in.N*oh*ow, b.Kernel.Cout, b.LDG)
		if b.A != nil {
			need(op, "output", b.Y, in.N*oh*ow, b.Kernel.Cout, b.LDY)
			for _, v := range [][]float32{b.A, b.B, b.C} {
				fault.CheckLen(op, "coefficients", len(v), b.Kernel.Cout)
			}
		}
		checkIfAny(op, "weight gradient", b.DWeight, b.weightLen())
	}
	in.checkFold(op, branches, dx != nil)
	if in.Fold != nil && accumulate {
		fault.Shape(op, "a folded normalisation whose gradient is added", "one that nothing else reads")
	}
	if in.N == 0 {
		if in.Fold != nil {
			clear(in.Fold.SumG)
			clear(in.Fold.SumGX)
		}
		for _, b := range branches {
			if b.DWeight != nil && !b.AddWeight {
				b.clearDWeight()
			}
		}
		return
	}
	switch {
	case in.fitsTiles(branches):
		backwardOnTiles(in, dx, lddx, accumulate, branches)
	case isPointwise(in, branches):
		pointwiseBackward(in, dx, lddx, accumulate, branches)
	case active.batchesWinograd(in, branches):
		batched := batchedTasks.Get()
		defer batchedTasks.Put(batched)
		batched.backward(&active, in, dx, lddx, accumulate, &branches[0])
	default:
		runBackward(&active, in, dx, lddx, accumulate, branches)
	}
}
