package depthwise

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// kernels are the inner loops of an instruction set. They work on rows of pixels whose channels are padded to a multiple of
// lanes, so that they know no edges: see ring.go.
type kernels struct {
	lanes int
	// pixels is how far beyond the last pixel of a row convolve may read.
	pixels int

	convolve func(a *convolveArgs)
	// correlate accumulates as many taps as taps says at a time.
	correlate func(a *correlateArgs)
	taps      int
	// load copies n pixels of c channels, which lie ldSrc floats apart in src, to dst, where they lie a multiple of lanes apart:
	// min(max(x, lo), hi), zeros between them. A NaN stays one.
	load func(dst, src []float32, ldSrc, n, c int, lo, hi float32)
}

// tap is one tap of a convolution: where its first pixel and its weights are, counted in floats.
type tap struct{ x, w int }

// convolveArgs describes a row of output pixels. Distances count floats. For p < pixels and c < channels,
//
//	dst[p·dstPix + c] = Σ_t src[t.x + p·srcPix + c] · w[t.w + c]   (+ dst[p·dstPix + c])
type convolveArgs struct {
	dst              []float32
	dstPix           int
	src              []float32
	srcPix           int
	w                []float32
	taps             []tap
	pixels, channels int
	add              int // 1: add to dst, 0: overwrite it
}

// correlateArgs describes what a row of pixels adds to the gradients of some taps, as many as the kernel has: for c <
// channels,
//
//	dw[t.w + c] += Σ_p x[t.x + p·xPix + c] · g[p·gPix + c]
type correlateArgs struct {
	dw               []float32
	x                []float32
	xPix             int
	g                []float32
	gPix             int
	taps             []tap
	pixels, channels int
}

var active = kernelsFor(cpu.Selected())

var generic = kernels{lanes: 4, pixels: 0, convolve: convolveGeneric, correlate: correlateGeneric, taps: 1, load: loadGeneric}

// The portable loops add in float64: they are the measure of the others, and for speed there are those.

func convolveGeneric(a *convolveArgs) {
	for p := range a.pixels {
		d := a.dst[p*a.dstPix:][:a.channels]
		for c := range d {
			var sum float64
			for _, t := range a.taps {
				sum += float64(a.src[t.x+p*a.srcPix+c]) * float64(a.w[t.w+c])
			}
			if a.add != 0 {
				sum += float64(d[c])
			}
			d[c] = float32(sum)
		}
	}
}

func correlateGeneric(a *correlateArgs) {
	for _, t := range a.taps {
		for c := range a.channels {
			sum := float64(a.dw[t.w+c])
			for p := range a.pixels {
				sum += float64(a.x[t.x+p*a.xPix+c]) * float64(a.g[p*a.gPix+c])
			}
			a.dw[t.w+c] = float32(sum)
		}
	}
}

func loadGeneric(dst, src []float32, ldSrc, n, c int, lo, hi float32) {
	pix := roundUp(c, 4)
	for p := range n {
		d := dst[p*pix:][:pix]
		for i, v := range src[p*ldSrc:][:c] {
			d[i] = min(max(v, lo), hi)
		}
		clear(d[c:])
	}
}

// roundUp returns the least multiple of m that is not below n.
func roundUp(n, m int) int { return (n + m - 1) / m * m }
