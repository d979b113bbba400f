package pool

// grid says where the operands of a tapsKernel lie; distances count floats.
type grid struct {
	rows, pixels, cols int
	dstRow, dstStep    int // from a row of dst to the next, from a pixel to the next
	srcRow, srcStep    int // likewise in src
	tapStep            int // from a tap of a pixel to the next
}

// A tapsKernel computes the weighted sum of len(w) taps for every channel c of every pixel p of every row r,
//
//	dst[r*dstRow+p*dstStep+c] = Σ_t w[t] * src[r*srcRow+p*srcStep+t*tapStep+c]
//
// and, to accumulate, starts the sum with the old value of dst instead of zero. Terms are added in the order of t.
type tapsKernel func(dst, src, w []float32, g grid, accumulate bool)

// taps runs the active kernel after making sure that it stays within its slices.
func taps(dst, src, w []float32, g grid, accumulate bool) {
	if g.rows <= 0 || g.pixels <= 0 || g.cols <= 0 {
		return
	}
	if g.dstStep == g.cols && g.srcStep == g.cols {
		g.pixels, g.cols = 1, g.pixels*g.cols
	}
	dst = dst[:(g.rows-1)*g.dstRow+(g.pixels-1)*g.dstStep+g.cols]
	if len(w) > 0 {
		src = src[:(g.rows-1)*g.srcRow+(g.pixels-1)*g.srcStep+(len(w)-1)*g.tapStep+g.cols]
	}
	active.taps(dst, src, w, g, accumulate)
}
