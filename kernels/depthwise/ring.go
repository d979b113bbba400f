package depthwise

import "math"

// ring holds the latest rows of an image, padded: a border of zeros on the left and the right, channels filled up with zeros to a
// multiple of the lanes. A pixel then is a whole number of vectors, and taps read beyond the image as they read inside it.
// Rows above and below the image are not there: their taps are left out.
type ring struct {
	buf      []float32
	rows     int // that it holds
	pix, row int // floats of a pixel, of a row
	border   int // floats left of the image
	end      int // the row of the image that comes next
}

// ringLen is how many floats a ring takes for rows of w pixels with borders of left and right pixels. slack is how many more
// pixels may be read behind the last row.
func ringLen(rows, w, left, right, slack, pix int) int { return (rows*(left+w+right) + slack) * pix }

func newRing(buf []float32, rows, w, left, right, pix int) ring {
	r := ring{buf: buf, rows: rows, pix: pix, row: (left + w + right) * pix, border: left * pix}
	for i := range rows {
		row := buf[i*r.row:][:r.row]
		clear(row[:r.border])
		clear(row[(left+w)*pix:])
	}
	clear(buf[rows*r.row:]) // so that what is read and dropped is no denormal that costs time
	return r
}

// at returns where row y begins, its border included.
func (r *ring) at(y int) int { return y % r.rows * r.row }

// advance makes the ring hold the rows before end of an image whose rows are w pixels of c channels, ld apart.
func (r *ring) advance(k *kernels, end int, image []float32, ld, w, c int, act Activation) {
	lo, hi := act.bounds()
	for ; r.end < end; r.end++ {
		k.load(r.buf[r.at(r.end)+r.border:], image[r.end*w*ld:], ld, w, c, lo, hi)
	}
}

// bounds returns between what an activation keeps its values.
func (a Activation) bounds() (lo, hi float32) {
	inf := float32(math.Inf(1))
	switch a {
	case ReLU:
		return 0, inf
	case ReLU6:
		return 0, 6
	}
	return -inf, inf
}
