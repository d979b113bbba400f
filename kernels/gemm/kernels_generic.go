package gemm

var generic = kernels{
	cols:       16,
	step:       256,
	micros:     []micro{{rows: 4, run: microGeneric}},
	panels:     panelsGeneric,
	transposed: transposedGeneric,
}

// microGeneric adds in float64: it is the measure of the others, and for speed there are those.
func microGeneric(p *args) {
	const height, width = 4, 16
	for r := range p.rows {
		c := p.c[r*p.ldc:][:p.cols]
		for j := range c {
			var sum float64
			for i := range p.k {
				sum += float64(p.a[r/height*p.aTile+r%height*p.aRow+i*p.aStep]) * float64(p.b[i*width+j])
			}
			if p.add != 0 {
				sum += float64(c[j])
			}
			c[j] = float32(sum)
		}
	}
}

// panelsGeneric goes along the rows, which are then read as they lie.
func panelsGeneric(dst, src []float32, ld, k, cols, width int, alpha float32) {
	for i := range k {
		for col := 0; col < cols; col += width {
			n := min(width, cols-col)
			row, from := dst[(col/width*k+i)*width:][:width], src[i*ld+col:][:n]
			if alpha == 1 {
				copy(row, from)
			} else {
				for j, v := range from {
					row[j] = alpha * v
				}
			}
			clear(row[n:])
		}
	}
}

func transposedGeneric(dst, src []float32, ld, k, cols int, alpha float32) {
	transposedPanels(dst, src, ld, k, cols, 16, alpha)
}

// transposedPanels goes through the matrix in squares, which leave both sides in cache.
func transposedPanels(dst, src []float32, ld, k, cols, width int, alpha float32) {
	const side = 16
	for i := 0; i < k; i += side {
		n := min(side, k-i)
		for col := range cols {
			to := dst[(col/width*k+i)*width+col%width:]
			for r, v := range src[col*ld+i:][:n] {
				to[r*width] = alpha * v
			}
		}
	}
}
