package pool

// maxGrid says where the operands of a maxKernel lie; distances count elements.
type maxGrid struct {
	rows, pixels, cols, taps int
	dstRow, dstStep          int // from a row of dst to the next, from a pixel to the next
	indexRow                 int // likewise in index, where pixels are cols apart
	srcRow, srcStep, tapStep int // likewise in src; from a tap of a pixel to the next
	fromRow, fromStep        int // likewise in from
	fromTap                  int
	pos, posStep             int // position of the first tap, from a tap to the next
}

// A maxKernel finds, for every channel c of every pixel p of every row r, the largest of taps values
//
//	src[r*srcRow + p*srcStep + t*tapStep + c]
//
// stores it in dst[r*dstRow + p*dstStep + c], and in index[r*indexRow + p*cols + c] its position
//
//	pos + t*posStep + from[r*fromRow + p*fromStep + t*fromTap + c]
//
// The first of equal values wins, the last NaN wins over everything.
type maxKernel func(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid)

// maxTaps runs the active kernel after making sure that it stays within its slices.
func maxTaps(dst []float32, index []uint8, src []float32, from []uint8, g maxGrid) {
	if g.rows <= 0 || g.pixels <= 0 || g.cols <= 0 {
		return
	}
	if g.dstStep == g.cols && g.srcStep == g.cols && g.fromStep == g.cols {
		g.pixels, g.cols = 1, g.pixels*g.cols
	}
	dst = dst[:(g.rows-1)*g.dstRow+(g.pixels-1)*g.dstStep+g.cols]
	index = index[:(g.rows-1)*g.indexRow+g.pixels*g.cols]
	src = src[:(g.rows-1)*g.srcRow+(g.pixels-1)*g.srcStep+(g.taps-1)*g.tapStep+g.cols]
	from = from[:(g.rows-1)*g.fromRow+(g.pixels-1)*g.fromStep+(g.taps-1)*g.fromTap+g.cols]
	active.max(dst, index, src, from, g)
}
