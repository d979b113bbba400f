package vec

// MulRow multiplies every row of a, a matrix of rows × len(row) elements whose rows lie ldA apart, with the same row: d[i][j] =
// a[i][j] * row[j]. It stores the products in dst, where rows lie ldDst apart, or, to accumulate, adds them there. With a row for each step
// it is the dropout that stays the same for a whole sequence.
func MulRow(dst []float32, ldDst int, a []float32, ldA int, row []float32, rows int, accumulate bool) {
	kernel := active.mul
	if accumulate {
		kernel = mulAdd
	}
	overRows("vec.MulRow", kernel, nil, matrix{dst, ldDst}, matrix{a, ldA}, matrix{row, 0}, 1, rows, len(row))
}
