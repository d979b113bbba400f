package pool

import "github.com/oneshot-nas/oneshot/kernels/cpu"

// grid says where the operands of a tapsKernel lie; steps count floats.
type grid struct {
	pixels, cols int
	dstStep      int // from a pixel of dst to the next
	srcStep      int // from a pixel of src to the next
	tapStep      int // from a tap of a pixel to the next
}

// A tapsKernel computes the weighted sum of len(w) taps for every channel c of every pixel p,
//
//	dst[p*dstStep+c] = Σ_t w[t] * src[p*srcStep+t*tapStep+c]
//
// and, to accumulate, starts the sum with the old value of dst instead of zero. Terms are added in the order of t.
type tapsKernel func(dst, src, w []float32, g grid, accumulate bool)

var active = kernelsFor(cpu.Selected())

// taps runs the active kernel after making sure that it stays within its slices.
func taps(dst, src, w []float32, g grid, accumulate bool) {
	if g.pixels <= 0 || g.cols <= 0 {
		return
	}
	if g.dstStep == g.cols && g.srcStep == g.cols {
		g.pixels, g.cols = 1, g.pixels*g.cols
	}
	dst = dst[:(g.pixels-1)*g.dstStep+g.cols]
	if len(w) > 0 {
		src = src[:(g.pixels-1)*g.srcStep+(len(w)-1)*g.tapStep+g.cols]
	}
	active(dst, src, w, g, accumulate)
}

// portable is the specification of all other kernels.
func portable(dst, src, w []float32, g grid, accumulate bool) {
	for p := range g.pixels {
		d := dst[p*g.dstStep:][:g.cols]
		if !accumulate {
			clear(d)
		}
		for t, wt := range w {
			s := src[p*g.srcStep+t*g.tapStep:][:g.cols]
			for c := range d {
				d[c] += wt * s[c]
			}
		}
	}
}
