package strided

// tile is the side of a square that is transposed at a time, and strip how many of the destination's rows a chunk writes.
const tile, strip = 16, 64

// transpose moves the elements lo to hi-1 across the inner axis.
func (t *task) transpose(dst, src, lo, hi int) {
	d, s := t.dst.Data, t.src.Data
	for b := lo; b < hi; b += tile {
		h := min(tile, hi-b)
		for a := 0; a < t.inner.n; a += tile {
			w := min(tile, t.inner.n-a)
			for i := range h {
				to := d[dst+(b+i)*t.across.dst+a:][:w]
				from := src + b + i + a*t.inner.src
				for j := range to {
					to[j] = s[from]
					from += t.inner.src
				}
			}
		}
	}
}
