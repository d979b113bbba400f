package depthwise

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels are the inner loops of an instruction set. But for those of tall they work on rows of pixels of one block of channels, a
// vector of lanes, that knows no edges: see ring.go.
type kernels struct {
	lanes int
	// pixels is how far beyond the last pixel of a row convolve may read.
	pixels int

	convolve func(a *convolveArgs)
	// correlate takes so many pieces of three taps at a time.
	pieces    int
	correlate func(a *correlateArgs)
	// load copies n pixels of c channels, which lie ldSrc floats apart in src, to dst: lanes by lanes to blocks that lie block
	// floats apart, zeros behind the last channel. It stores min(max(x, lo), hi); a NaN stays one.
	load func(dst []float32, block int, src []float32, ldSrc, n, c int, lo, hi float32)

	tall *tallKernels // if there are such, nothing else is used: see tall.go
}

// piece is up to three taps of a convolution whose sources are adjacent pixels: the first begins at x, and the weights of tap j
// at w[j], counted in floats.
type piece struct {
	x, n int
	w    [3]int
}

// convolveArgs describes a row of output pixels of a block of channels. Distances count floats. For p < pixels and c < channels,
//
//	dst[p·dstPix + c] = Σ_t Σ_{j<t.n} src[t.x + (p+j)·srcPix + c] · w[t.w[j] + c]   (+ dst[p·dstPix + c])
type convolveArgs struct {
	dst              []float32
	dstPix           int
	src              []float32
	srcPix           int
	w                []float32
	pieces           []piece
	pixels, channels int
	add              int // 1: add to dst, 0: overwrite it

	_ cacheLine
}

// cacheLine keeps the arguments of two chunks, which different threads write, from sharing one.
type cacheLine [64]byte

// correlateArgs describes what a row of pixels adds to the gradients of some pieces, as many as the kernel takes, of three taps
// each: for c < channels,
//
//	dw[t.w[j] + c] += Σ_p x[t.x + (p+j)·xPix + c] · g[p·gPix + c]
type correlateArgs struct {
	dw               []float32
	x                []float32
	xPix             int
	g                []float32
	gPix             int
	pieces           []piece
	pixels, channels int

	_ cacheLine
}

var active = kernelsFor(cpu.Selected())
