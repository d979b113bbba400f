package vec

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Rows of a matrix without gaps, reduced to one number each, and the way back: as many rows as there are numbers. They are meant for short
// rows, for which a call each, as of [LocalSum], takes longer than the additions. AVX-512 has the kernels of AVX2.

// LocalRowSums adds the sum of each row of x to acc, in float64: elements j mod 4 to four partial sums, what is left of a row to the first,
// and those as (s0 + s1) + (s2 + s3), whatever the instruction set.
func LocalRowSums(acc []float64, x []float32) {
	if cols := columns("vec.LocalRowSums", len(acc), x); cols > 0 {
		active.rowSums(acc, x, cols)
	}
}

// LocalRowMax stores the largest element of each row of x in dst, NaN if there is one in the row.
func LocalRowMax(dst, x []float32) {
	if cols := columns("vec.LocalRowMax", len(dst), x); cols > 0 {
		active.rowMax(dst, x, cols)
	}
}

// LocalRowMin stores the smallest element of each row of x in dst, NaN if there is one in the row.
func LocalRowMin(dst, x []float32) {
	if cols := columns("vec.LocalRowMin", len(dst), x); cols > 0 {
		active.rowMin(dst, x, cols)
	}
}

// LocalRepeat is the way back from a sum: it stores x[i] in all elements of row i of dst.
func LocalRepeat(dst, x []float32) {
	if cols := columns("vec.LocalRepeat", len(x), dst); cols > 0 {
		active.repeat(dst, x, cols)
	}
}

// columns is how long each row of x is.
func columns(op string, rows int, x []float32) int {
	switch {
	case len(x) == 0:
		return 0
	case rows == 0 || len(x)%rows != 0:
		fault.Shape(op, fmt.Sprintf("%d elements", len(x)), fmt.Sprintf("%d rows", rows))
	}
	return len(x) / rows
}

func rowSumsGeneric(acc []float64, x []float32, cols int) {
	for i := range acc {
		row := x[i*cols:][:cols]
		var s0, s1, s2, s3 float64 // an addition takes as long as four
		for ; len(row) >= 4; row = row[4:] {
			s0 += float64(row[0])
			s1 += float64(row[1])
			s2 += float64(row[2])
			s3 += float64(row[3])
		}
		for _, v := range row {
			s0 += float64(v)
		}
		acc[i] += (s0 + s1) + (s2 + s3)
	}
}

func rowMaxGeneric(dst, x []float32, cols int) {
	for i := range dst {
		m := x[i*cols]
		for _, v := range x[i*cols:][:cols] {
			m = max(m, v)
		}
		dst[i] = m
	}
}

func rowMinGeneric(dst, x []float32, cols int) {
	for i := range dst {
		m := x[i*cols]
		for _, v := range x[i*cols:][:cols] {
			m = min(m, v)
		}
		dst[i] = m
	}
}

func repeatGeneric(dst, x []float32, cols int) {
	for i, v := range x {
		row := dst[i*cols:][:cols]
		for j := range row {
			row[j] = v
		}
	}
}
