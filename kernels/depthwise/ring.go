package depthwise

import "github.com/oneshot-nas/oneshot/kernels/activation"

// ring holds the latest rows of an image, [block of channels][row][pixel][lane]: a block's rows, which all its taps read, lie
// together and stay in the level-1 cache. There is a border of zeros on the left and the right, and the last block is filled up
// with zeros, so that taps read beyond the image as they read inside it. Rows above and below the image are not there: their
// taps are left out.
type ring struct {
	k      *kernels
	buf    []float32
	rows   int // that it holds
	row    int // floats of a row of a block
	border int // floats left of the image
	w, c   int // pixels of a row of the image, channels
	next   int // the row of the image that comes next
	lo, hi float32
}

// ringLen is how many floats a ring takes for rows of w pixels of c channels with borders of left and right pixels. Another slack
// pixels may be read behind the last row.
func ringLen(k *kernels, rows, w, c, left, right, slack int) int {
	return (blocks(k, c)*rows*(left+w+right) + slack) * k.lanes
}

func blocks(k *kernels, c int) int { return (c + k.lanes - 1) / k.lanes }

// newRing makes an empty ring in buf, which has ringLen floats.
func newRing(k *kernels, buf []float32, rows, w, c, left, right int, act activation.Func) ring {
	r := ring{k: k, buf: buf, rows: rows, row: (left + w + right) * k.lanes, border: left * k.lanes, w: w, c: c}
	r.lo, r.hi = act.Bounds()
	n := blocks(k, c) * rows
	for i := range n {
		row := buf[i*r.row:][:r.row]
		clear(row[:r.border])
		clear(row[r.border+w*k.lanes:])
	}
	clear(buf[n*r.row:]) // what is read and dropped should be no denormals, which cost time
	return r
}

// source tells where the pixels of a block lie, its left border included.
func (r *ring) source() source { return source{r.rows, r.row, r.k.lanes} }

// block returns the rows of block i, and what follows them.
func (r *ring) block(i int) []float32 { return r.buf[i*r.rows*r.row:] }

// advance makes the ring hold the rows from … end-1 of an image whose pixels lie ld apart.
func (r *ring) advance(from, end int, image []float32, ld int) {
	for r.next = max(r.next, from); r.next < end; r.next++ {
		r.k.load(r.buf[r.source().at(r.next)+r.border:], r.rows*r.row, image[r.next*r.w*ld:], ld, r.w, r.c, r.lo, r.hi)
	}
}

// together returns how many rows of n are computed one after the other for a block of channels: as many as keep what they
// read in the level-1 cache, for then that is fetched once for all of them; but one if all blocks stay there anyway. Each reads
// reach rows of rowLen floats, step rows on.
func together(n, reach, step, rowLen, blocks int) int {
	const room = 36 << 10 / 4
	if blocks*reach*rowLen <= room {
		return 1
	}
	return max(1, min(n, maxTogether, (room/rowLen-reach)/step+1))
}

const maxTogether = 8
