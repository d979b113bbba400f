package gemm

import "github.com/oneshot-nas/oneshot/kernels/parallel"

// layOut copies rows from … from+k of cols columns of op(B) from column col on to panels, scaled by alpha.
func (ks *kernels) layOut(dst []float32, b Matrix, col, cols, from, k int, alpha float32) {
	if b.Trans {
		ks.transposed(dst, b.Data[col*b.LD+from:], b.LD, k, cols, alpha)
	} else {
		ks.panels(dst, b.Data[from*b.LD+col:], b.LD, k, cols, ks.cols, alpha)
	}
}

func (ks *kernels) pack(p *Packed, n, k int, alpha float32, b Matrix) {
	width, step := roundUp(n, ks.cols), ks.stepFor(k)
	p.kernels, p.n, p.k = ks, n, k
	if size := width * k; cap(p.data) < size {
		p.data = parallel.Aligned(size)
	} else {
		p.data = p.data[:size]
	}
	for from := 0; from < k; from += step {
		rows := min(step, k-from)
		for col := 0; col < n; col += colsPerBlock { // assembly cannot be preempted: a block is some tens of microseconds
			ks.layOut(p.data[from*width+col*rows:], b, col, min(colsPerBlock, n-col), from, rows, alpha)
		}
	}
}

// copyRows copies rows × cols floats.
func copyRows(dst []float32, dstLD int, src []float32, srcLD, rows, cols int) {
	for r := range rows {
		copy(dst[r*dstLD:][:cols], src[r*srcLD:][:cols])
	}
}

// scale multiplies rows × cols floats by s; zero erases whatever was there.
func scale(c []float32, ld, rows, cols int, s float32) {
	for r := range rows {
		row := c[r*ld:][:cols]
		if s == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= s
		}
	}
}
