package gemm

import "github.com/oneshot-nas/oneshot/kernels/parallel"

// layOut copies the panels of a block's columns for k steps to scratch, unless B is packed or read in place.
func (t *task) layOut(scratch []float32, col, cols, from, k int) {
	if t.packed == nil && !t.inPlace() {
		t.kernels.layOut(scratch, t.b, col, cols, from, k, t.alpha)
	} else if rest := cols % t.kernels.cols; rest > 0 && t.packed == nil { // the last panel is read as a whole
		t.kernels.layOut(scratch, t.b, col+cols-rest, rest, from, k, t.alpha)
	}
}

// inPlace tells whether whole panels of B are read where they are: too few rows pass by to pay for a copy.
func (t *task) inPlace() bool { return !t.b.Trans && t.alpha == 1 && t.m < fewRows }

// panel returns the panel at column col, which is column j of its block, and the distance of its rows.
func (t *task) panel(scratch []float32, col, j, from, k int) ([]float32, int) {
	width := t.kernels.cols
	switch {
	case t.packed != nil:
		return t.packed.data[from*roundUp(t.n, width)+col*k:], width
	case !t.inPlace():
		return scratch[j*k:], width
	case col+width <= t.n:
		return t.b.Data[from*t.b.LD+col:], t.b.LD
	}
	return scratch, width
}

// layOut copies rows from … from+k of cols columns of op(B) from column col on to panels, scaled by alpha.
func (ks *kernels) layOut(dst []float32, b Matrix, col, cols, from, k int, alpha float32) {
	if b.Trans {
		ks.transposed(dst, b.Data[col*b.LD+from:], b.LD, k, cols, alpha)
	} else {
		ks.panels(dst, b.Data[from*b.LD+col:], b.LD, k, cols, ks.cols, alpha)
	}
}

func (ks *kernels) pack(n, k int, alpha float32, b Matrix) *Packed {
	width, step := roundUp(n, ks.cols), ks.stepFor(k)
	p := &Packed{kernels: ks, n: n, k: k, data: parallel.Aligned(width * k)}
	if n == 0 {
		return p
	}
	for from := 0; from < k; from += step {
		ks.layOut(p.data[from*width:], b, 0, n, from, min(step, k-from), alpha)
	}
	return p
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
