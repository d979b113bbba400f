package strided

import "github.com/oneshot-nas/oneshot/kernels/vec"

// copied is the length from which rows are worth a call of copy.
const copied = 16

// rows moves one row for each index of the axis around them.
func (t *task) rows(around, row axis, dst, src int) {
	d, s, n := t.dst.Data, t.src.Data, row.n
	switch {
	case n == 0:
		return
	case row.dst == 1 && row.src == 1 && t.add:
		for range around.n {
			vec.LocalAddTo(d[dst:dst+n], s[src:src+n])
			dst, src = dst+around.dst, src+around.src
		}
		return
	case row.dst == 1 && row.src == 1 && n >= copied:
		for range around.n {
			copy(d[dst:dst+n], s[src:src+n])
			dst, src = dst+around.dst, src+around.src
		}
		return
	case row.dst == 0 && row.src == 1:
		for range around.n {
			d[dst] += float32(vec.LocalSum(s[src : src+n]))
			dst, src = dst+around.dst, src+around.src
		}
		return
	}
	for range around.n {
		t.singly(row, dst, src)
		dst, src = dst+around.dst, src+around.src
	}
}

// singly moves a row element by element.
func (t *task) singly(row axis, dst, src int) {
	d, s, n := t.dst.Data, t.src.Data, row.n
	switch {
	case t.add:
		for range n {
			d[dst] += s[src]
			dst, src = dst+row.dst, src+row.src
		}
	case row.dst == 1 && row.src == 0:
		fill(d[dst:dst+n], s[src])
	case row.dst == 1 && row.src == -1:
		to, from := d[dst:dst+n], s[src-n+1:src+1]
		for i := range to {
			to[i] = from[len(from)-1-i]
		}
	case row.dst == 1:
		to := d[dst : dst+n]
		for i := range to {
			to[i] = s[src]
			src += row.src
		}
	case row.src == 1:
		for _, v := range s[src : src+n] {
			d[dst] = v
			dst += row.dst
		}
	default:
		for range n {
			d[dst] = s[src]
			dst, src = dst+row.dst, src+row.src
		}
	}
}

// fill stores v in all of d.
func fill(d []float32, v float32) {
	const step = 8
	eight := [step]float32{v, v, v, v, v, v, v, v}
	for len(d) >= step {
		*(*[step]float32)(d) = eight
		d = d[step:]
	}
	for i := range d {
		d[i] = v
	}
}
