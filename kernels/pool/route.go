package pool

import "unsafe"

// tap is a window that holds a pixel: where its gradient and its index lie, counted from those of the first window, and
// the position of the pixel in it.
type tap struct{ src, index, pos int }

// routeGrid says where the operands of a routeKernel lie; distances count elements.
type routeGrid struct {
	rows, pixels, cols int
	dstRow, dstStep    int // from a row of dst to the next, from a pixel to the next
	srcRow, srcStep    int // likewise in src
	indexRow           int // likewise in index, where pixels are cols apart
}

// A routeKernel sums up, for every channel c of every pixel p of every row r, what comes from the windows that found their
// maximum there:
//
//	dst[r*dstRow + p*dstStep + c] = Σ_t index[r*indexRow + p*cols + t.index + c] == t.pos ? src[r*srcRow + p*srcStep + t.src + c] : 0
//
// and, to accumulate, starts the sum with the old value of dst instead of zero. Terms are added in the order of taps. If nonTemporal is
// set, dst may be written past the caches (non-temporal stores): its rows and pixels begin at cache lines, and cols is a multiple of 64.
type routeKernel func(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool)

// route runs the active kernel after making sure that it stays within its slices.
func route(dst, src []float32, index []uint8, taps []tap, g routeGrid, accumulate, nonTemporal bool) {
	if g.rows <= 0 || g.pixels <= 0 || g.cols <= 0 {
		return
	}
	if g.dstStep == g.cols && g.srcStep == g.cols {
		g.pixels, g.cols = 1, g.pixels*g.cols
	}
	dst = dst[:(g.rows-1)*g.dstRow+(g.pixels-1)*g.dstStep+g.cols]
	if n := len(taps); n > 0 { // the last one is the farthest
		src = src[:(g.rows-1)*g.srcRow+(g.pixels-1)*g.srcStep+taps[n-1].src+g.cols]
		index = index[:(g.rows-1)*g.indexRow+g.pixels*g.cols+taps[n-1].index]
	}
	nonTemporal = nonTemporal && !accumulate && g.cols%64 == 0 && g.dstStep%16 == 0 && g.dstRow%16 == 0 &&
		uintptr(unsafe.Pointer(&dst[0]))%64 == 0
	active.route(dst, src, index, taps, g, accumulate, nonTemporal)
}
