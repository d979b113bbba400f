package strided

import "github.com/oneshot-nas/oneshot/kernels/vec"

// row moves n elements of the inner axis.
func (t *task) row(n, dst, src int) {
	a, d, s := t.inner, t.dst.Data, t.src.Data
	switch {
	case a.dst == 1 && a.src == 1 && !t.add:
		copy(d[dst:dst+n], s[src:src+n])
	case a.dst == 1 && a.src == 1:
		vec.LocalAddTo(d[dst:dst+n], s[src:src+n])
	case a.dst == 0 && a.src == 1:
		d[dst] += float32(vec.LocalSum(s[src : src+n]))
	case t.add:
		for range n {
			d[dst] += s[src]
			dst, src = dst+a.dst, src+a.src
		}
	default:
		for range n {
			d[dst] = s[src]
			dst, src = dst+a.dst, src+a.src
		}
	}
}
