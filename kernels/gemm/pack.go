package gemm

import (
	"github.com/oneshot-nas/oneshot/kernels/internal/tile"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// packRows copies k columns from column p on of the given rows of op(A), without gaps.
func packRows(dst []float32, a Matrix, row, rows, p, k int) {
	if !a.Trans {
		copyRows(dst, k, a.Data[min(row*a.LD+p, len(a.Data)):], a.LD, rows, k)
		return
	}
	for i := range k {
		for r, v := range a.Data[(p+i)*a.LD+row:][:rows] {
			dst[r*k+i] = v
		}
	}
}

// packPanel copies rows p to p+k of width columns of op(B) from column col on, scaled by alpha, to a panel of block columns; what
// is missing is zero.
func packPanel(dst []float32, b Matrix, col, width, p, k, block int, alpha float32) {
	if b.Trans {
		for j := range width {
			for i, v := range b.Data[(col+j)*b.LD+p:][:k] {
				dst[i*block+j] = alpha * v
			}
		}
	}
	for i := range k {
		row := dst[i*block:][:block]
		if !b.Trans {
			src := b.Data[(p+i)*b.LD+col:][:width]
			if alpha == 1 {
				copy(row, src)
			} else {
				for j, v := range src {
					row[j] = alpha * v
				}
			}
		}
		clear(row[width:])
	}
}

// panel returns the panel of op(B) that starts at row p and column col, copying it to buf unless it is packed.
func (t *task) panel(buf []float32, col, p, k int) []float32 {
	block := t.tile.Block
	if t.packed != nil {
		return t.packed.data[p*roundUp(t.n, block)+col*k:][:k*block]
	}
	packPanel(buf, t.b, col, min(block, t.n-col), p, k, block, t.alpha)
	return buf[:k*block]
}

func pack(kernels []tile.Kernel, n, k int, alpha float32, b Matrix) *Packed {
	p := &Packed{n: n, k: k, tile: pick(kernels, n)}
	block, step := p.tile.Block, stepFor(p.tile)
	p.data = parallel.Aligned(roundUp(n, block) * k)
	dst := p.data
	for row := 0; row < k; row += step {
		rows := min(step, k-row)
		for col := 0; col < n; col += block {
			packPanel(dst, b, col, min(block, n-col), row, rows, block, alpha)
			dst = dst[rows*block:]
		}
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
