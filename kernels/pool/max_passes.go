package pool

import (
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// maxima computes output rows in two passes, as in separable, but columns first: the maximum of each input row in the
// columns of a window, at kx, then the maximum of those. Of equal ones both passes keep the first, which makes it the
// first in the order of ky·Kernel+kx; the other way round kx would decide before ky.
func (t *task) maxima(worker *parallel.Worker, n, from, to int) {
	c, dst, src, m := t.c, &t.dst, &t.src, t.max
	line := dst.w * c
	low, _ := m.windows().window(from, src.h)
	_, high := m.windows().window(to-1, src.h)
	size := (high - low) * line
	lines := worker.Scratch(size + (size+line+3)/4)
	at := unsafe.Slice((*uint8)(unsafe.Pointer(unsafe.SliceData(lines[size:]))), size+line)
	zeros := at[size:] // the positions that a first pass starts from
	clear(zeros)
	for _, r := range t.horizontal.list {
		maxTaps(lines[r.row*c:], at[r.row*c:], src.from(n, low)[r.first*src.ld:], zeros, maxGrid{
			rows: high - low, pixels: r.rows, cols: c, taps: len(r.w),
			dstRow: line, dstStep: r.step * c, indexRow: line,
			srcRow: src.w * src.ld, srcStep: r.advance * src.ld, tapStep: src.ld,
			fromStep: c,
			pos:      r.first + m.Pad - r.row*m.Stride, posStep: 1,
		})
	}
	for _, r := range t.vertical.list {
		r = r.clip(from, to)
		if r.rows <= 0 {
			continue
		}
		first := (r.first - low) * line
		maxTaps(dst.from(n, r.row), t.index[(n*dst.h+r.row)*line:], lines[first:], at[first:], maxGrid{
			rows: r.rows, pixels: dst.w, cols: c, taps: len(r.w),
			dstRow: r.step * dst.w * dst.ld, dstStep: dst.ld, indexRow: r.step * line,
			srcRow: r.advance * line, srcStep: c, tapStep: line,
			fromRow: r.advance * line, fromStep: c, fromTap: line,
			pos: (r.first + m.Pad - r.row*m.Stride) * m.Kernel, posStep: m.Kernel,
		})
	}
}

// layTaps lists, for each pair of a vertical and a horizontal run, the windows that hold a pixel of it and the pixel's
// position in each. The distances of neighbouring windows are given for the gradient and for the index.
func (t *task) layTaps(row, step, indexRow, indexStep int) {
	m := t.max
	t.taps = t.taps[:0]
	for _, v := range t.vertical.list {
		for _, h := range t.horizontal.list {
			ky, kx := v.row+m.Pad-v.first*m.Stride, h.row+m.Pad-h.first*m.Stride
			for i := range v.w {
				for j := range h.w {
					t.taps = append(t.taps, tap{
						src: i*row + j*step, index: i*indexRow + j*indexStep,
						pos: (ky-i*m.Stride)*m.Kernel + kx - j*m.Stride,
					})
				}
			}
		}
	}
}

// routed computes rows of the gradient of the maxima. Each pixel gathers from the windows that hold it, so no two chunks
// write to the same place.
func (t *task) routed(_ *parallel.Worker, n, from, to int) {
	c, dst, src := t.c, &t.dst, &t.src
	taps := t.taps
	for _, v := range t.vertical.list {
		rows := v.clip(from, to)
		for _, h := range t.horizontal.list {
			count := len(v.w) * len(h.w)
			if rows.rows > 0 {
				route(dst.from(n, rows.row)[h.row*dst.ld:], src.from(n, rows.first)[h.first*src.ld:],
					t.index[((n*src.h+rows.first)*src.w+h.first)*c:], taps[:count], routeGrid{
						rows: rows.rows, pixels: h.rows, cols: c,
						dstRow: rows.step * dst.w * dst.ld, dstStep: h.step * dst.ld,
						srcRow: rows.advance * src.w * src.ld, srcStep: h.advance * src.ld,
						indexRow: rows.advance * src.w * c,
					}, t.accumulate, cpu.NonTemporal(4*t.n*dst.h*dst.w*c))
			}
			taps = taps[count:]
		}
	}
}
