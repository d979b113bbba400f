package conv

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Kernel is the geometry of a dense (groups = 1) convolution. Its weights are HWIO: [KH][KW][Cin][Cout].
type Kernel struct {
	Cin, Cout  int
	KH, KW     int
	Stride     int // in both directions
	PadH, PadW int // zeros on either side
	Dilation   int // in both directions; 1 is dense
}

// Square returns a k×k kernel with the padding that keeps the image's size at stride 1 (k odd).
func Square(cin, cout, k, stride int) Kernel {
	return Kernel{Cin: cin, Cout: cout, KH: k, KW: k, Stride: stride, PadH: k / 2, PadW: k / 2, Dilation: 1}
}

// Out returns the size of the output for an h×w input.
func (k Kernel) Out(h, w int) (oh, ow int) {
	return (h+2*k.PadH-k.Dilation*(k.KH-1)-1)/k.Stride + 1, (w+2*k.PadW-k.Dilation*(k.KW-1)-1)/k.Stride + 1
}

// Weights is the number of weights.
func (k Kernel) Weights() int { return k.KH * k.KW * k.Cin * k.Cout }

// check panics when the geometry makes no sense on an h×w input.
func (k Kernel) check(h, w int) {
	if k.Cin < 1 || k.Cout < 1 || k.KH < 1 || k.KW < 1 || k.Stride < 1 || k.Dilation < 1 || k.PadH < 0 || k.PadW < 0 {
		panic(fmt.Sprintf("conv: bad kernel %+v", k))
	}
	if oh, ow := k.Out(h, w); oh < 1 || ow < 1 || k.Dilation*(k.KH-1) >= h+2*k.PadH || k.Dilation*(k.KW-1) >= w+2*k.PadW {
		panic(fmt.Sprintf("conv: kernel %+v does not fit a %d×%d image", k, h, w))
	}
}

// Input is the batch that the branches of a call read: N×H×W pixels of C channels, consecutive pixels LD floats apart.
type Input struct {
	X          []float32
	LD         int
	N, H, W, C int
	ReLU       bool // the branches see max(x, 0)
}

// Branch is one convolution of the shared input, with what it needs in the forward and in the backward pass.
type Branch struct {
	Kernel Kernel
	Weight []float32 // [KH][KW][Cin][Cout]
	// The weights of tap (kh, kw) and input channel ci begin at Weight[kh·WRow + kw·WTap + ci·WChannel]: a window of larger, shared
	// weights, like their first channels or their middle taps. Zeros stand for weights without gaps. DWeight lies like Weight, and
	// what is outside the window stays as it is.
	WRow, WTap, WChannel int

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

func (in *Input) check() {
	if in.N < 0 || in.H < 1 || in.W < 1 || in.C < 1 || in.LD < in.C {
		panic(fmt.Sprintf("conv: bad input N=%d H=%d W=%d C=%d LD=%d", in.N, in.H, in.W, in.C, in.LD))
	}
	need("input", in.X, in.N*in.H*in.W, in.C, in.LD)
}

// need panics when s is too short for rows × cols with leading dimension ld.
func need(what string, s []float32, rows, cols, ld int) {
	if ld < cols {
		panic(fmt.Sprintf("conv: %s has leading dimension %d for %d channels", what, ld, cols))
	}
	if rows > 0 && len(s) < (rows-1)*ld+cols {
		panic(fmt.Sprintf("conv: %s holds %d floats, want %d (%d pixels of %d channels, %d apart)", what, len(s), (rows-1)*ld+cols, rows, cols, ld))
	}
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

// prepareOutput leaves in some pixels of the output what the convolution is added to, and reports whether that is anything.
func (b *Branch) prepareOutput(y []float32, pixels int) bool {
	c := b.Kernel.Cout
	switch {
	case b.Bias == nil:
		return b.Accumulate
	case b.Accumulate:
		for i := range pixels {
			vec.LocalAddTo(y[i*b.LDY:][:c], b.Bias[:c])
		}
	default:
		for i := range pixels {
			copy(y[i*b.LDY:][:c], b.Bias)
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

func (b *Branch) check(in *Input) (oh, ow int) {
	b.Kernel.check(in.H, in.W)
	if b.Kernel.Cin != in.C {
		panic(fmt.Sprintf("conv: kernel wants %d input channels, the input has %d", b.Kernel.Cin, in.C))
	}
	if b.Bias != nil && len(b.Bias) < b.Kernel.Cout {
		panic(fmt.Sprintf("conv: bias holds %d values, want %d", len(b.Bias), b.Kernel.Cout))
	}
	row, tap, channel := b.weightStrides()
	if channel < b.Kernel.Cout || tap < (b.Kernel.Cin-1)*channel+b.Kernel.Cout && b.Kernel.KW > 1 || row < (b.Kernel.KW-1)*tap+(b.Kernel.Cin-1)*channel+b.Kernel.Cout && b.Kernel.KH > 1 {
		panic(fmt.Sprintf("conv: weights of rows %d, taps %d and channels %d floats apart overlap for %+v", row, tap, channel, b.Kernel))
	}
	if want := b.weightLen(); len(b.Weight) < want {
		panic(fmt.Sprintf("conv: weight holds %d floats, want %d for %+v", len(b.Weight), want, b.Kernel))
	}
	return b.Kernel.Out(in.H, in.W)
}

// mu serialises calls: they share the workspace, and the worker pool serves one at a time anyway.
var mu parallel.Mutex

// Forward computes every branch of one input:
//
//	y[n,oy,ox,co] = Σ_{kh,kw,ci} x'[n, oy·s − p + kh·d, ox·s − p + kw·d, ci] · w[kh,kw,ci,co]
//
// with x' = max(x, 0) if in.ReLU is set, else x, and zero outside the image; to which come the branch's bias and, if it
// accumulates, what y held. The input is brought into cache once for all branches. The summation order depends on the shape and the instruction set only.
func Forward(in *Input, branches []Branch) {
	in.check()
	for i := range branches {
		b := &branches[i]
		oh, ow := b.check(in)
		need("output", b.Y, in.N*oh*ow, b.Kernel.Cout, b.LDY)
	}
	if in.N == 0 {
		for _, b := range branches {
			clear(b.Sum)
			clear(b.SumSq)
		}
		return
	}
	mu.Lock()
	defer mu.Unlock()
	if active.isWide(in, branches) {
		wide.forward(&active, in, &branches[0])
	} else {
		forward.run(&active, in, branches)
	}
}

// Backward computes, from the gradients G of all branches, the gradient of the input and of every weight:
//
//	dx[n,y,x,ci]     = [x' side] Σ over branches, taps and co of dy · w
//	dw[kh,kw,ci,co]  = Σ_{n,oy,ox} x'[…] · dy[n,oy,ox,co]
//
// If in.ReLU is set, dx is zero where x ≤ 0. dx has the input's shape with pixels lddx floats apart; it is overwritten,
// or added to if accumulate is set; a nil dx skips it (the first layer of a network). The order of summation depends on
// the shape and the instruction set only.
func Backward(in *Input, dx []float32, lddx int, accumulate bool, branches []Branch) {
	in.check()
	if dx != nil {
		need("input gradient", dx, in.N*in.H*in.W, in.C, lddx)
	}
	for i := range branches {
		b := &branches[i]
		oh, ow := b.check(in)
		need("gradient", b.G, in.N*oh*ow, b.Kernel.Cout, b.LDG)
		if b.A != nil {
			need("output", b.Y, in.N*oh*ow, b.Kernel.Cout, b.LDY)
			if c := b.Kernel.Cout; len(b.A) < c || len(b.B) < c || len(b.C) < c {
				panic(fmt.Sprintf("conv: gradient coefficients hold %d, %d, %d values, want %d", len(b.A), len(b.B), len(b.C), c))
			}
		}
		if b.DWeight != nil && len(b.DWeight) < b.weightLen() {
			panic(fmt.Sprintf("conv: weight gradient holds %d floats, want %d", len(b.DWeight), b.weightLen()))
		}
	}
	if in.N == 0 {
		for _, b := range branches {
			if b.DWeight != nil && !b.AddWeight {
				b.clearDWeight()
			}
		}
		return
	}
	mu.Lock()
	defer mu.Unlock()
	switch {
	case isPointwise(in, branches):
		pointwiseBackward(in, dx, lddx, accumulate, branches)
	case active.isWide(in, branches):
		wide.backward(&active, in, dx, lddx, accumulate, &branches[0])
	default:
		backward.run(&active, in, dx, lddx, accumulate, branches)
	}
}
