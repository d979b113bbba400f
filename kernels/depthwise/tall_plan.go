package depthwise

import (
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/memory"
)

// axis is one direction of a pass: outputs first, first+step, …, n of them. Tap tap+u·tapStep of a run meets, for output i, the
// source at src + (i+u)·srcStep.
type axis struct {
	first, step, n int
	srcStep        int
	runs           []run
}

type run struct{ src, tap, count, tapStep int }

// An axes list keeps the memory of what it held.
type axes []axis

// add appends an axis without runs.
func (l *axes) add(first, step, n, srcStep int) *axis {
	*l = growKeep(*l, len(*l)+1)
	a := &(*l)[len(*l)-1]
	*a = axis{first, step, n, srcStep, a.runs[:0]}
	return a
}

// forwardRows appends the axes that make up the rows of the forward pass: outputs that share source rows are together.
func (k *Kernel) forwardRows(list *axes, oh int) {
	lcm, apart, tapsApart := strides(k.Stride, k.Dilation)
	for q := range min(apart, oh) {
		a := list.add(q, apart, (oh-q+apart-1)/apart, lcm)
		for c := range min(tapsApart, k.K) {
			a.runs = append(a.runs, run{q*k.Stride - k.Pad + c*k.Dilation, c, (k.K - c + tapsApart - 1) / tapsApart, tapsApart})
		}
	}
}

// backwardRows is forwardRows for the gradient of h rows of inputs.
func (k *Kernel) backwardRows(list *axes, h int) {
	lcm, apart, tapsApart := strides(k.Stride, k.Dilation)
	for q := range min(lcm, h) {
		a := list.add(q, lcm, (h-q+lcm-1)/lcm, apart)
		for c := range min(tapsApart, k.K) {
			if (q+k.Pad-c*k.Dilation)%k.Stride != 0 {
				continue
			}
			count := (k.K - c + tapsApart - 1) / tapsApart
			last := c + (count-1)*tapsApart
			a.runs = append(a.runs, run{(q + k.Pad - last*k.Dilation) / k.Stride, last, count, -tapsApart})
		}
	}
}

// forwardColumns appends the axis of the columns of the forward pass, with every tap for itself.
func (k *Kernel) forwardColumns(list *axes, ow int) {
	a := list.add(0, 1, ow, k.Stride)
	for c := range k.K {
		a.runs = append(a.runs, run{src: c*k.Dilation - k.Pad, tap: c, count: 1})
	}
}

// backwardColumns appends the axes of the columns of the gradient of inputs w wide.
func (k *Kernel) backwardColumns(list *axes, w int) {
	for q := range min(k.Stride, w) {
		a := list.add(q, k.Stride, (w-q+k.Stride-1)/k.Stride, 1)
		for c := range k.K {
			if d := q + k.Pad - c*k.Dilation; d%k.Stride == 0 {
				a.runs = append(a.runs, run{src: d / k.Stride, tap: c, count: 1})
			}
		}
	}
}

// trim leaves out the taps that no output meets inside the source's size rows or columns, as most of a kernel is that is larger than the
// image. At least one stays. Several axes keep theirs: plans of the forward pass share the weights.
func (l axes) trim(size int) {
	if len(l) != 1 {
		return
	}
	a := &l[0]
	kept := a.runs[:0]
	for i, r := range a.runs {
		// Source src + j·srcStep is inside for j from low to high, and tap u meets those from u to u + n − 1.
		low, high := -floorDiv(r.src, a.srcStep), floorDiv(size-1-r.src, a.srcStep)
		first, last := max(0, low-(a.n-1)), min(r.count-1, high)
		switch {
		case first <= last:
		case i == len(a.runs)-1 && len(kept) == 0:
			first, last = 0, 0
		default:
			continue
		}
		kept = append(kept, run{r.src + first*a.srcStep, r.tap + first*r.tapStep, last - first + 1, r.tapStep})
	}
	a.runs = kept
}

// plan is how the outputs of a pair of axes are computed.
type plan struct {
	rows, cols axis
	pieces     []tallPiece
	taps       []int // index of every weight of the pieces, in their order
	window     []int // source row of every entry of the table of rows, for the first band
	flat       bool  // vectors need not begin with a pixel; else each pixel is some blocks of channels
	phases     int   // positions after which the weights repeat
	positions  int   // in a row
	left       int   // positions that some column of taps does not meet, on the left
	right      int   // and where those on the right begin
	inside     int   // masks of the positions between: one, or one for each block
	masks      []uint16
	w          []float32 // [phase][tap][lane]
}

// pass is what the plans of a call have in common: the geometry of source and outputs.
type pass struct {
	kernel     Kernel
	lanes      int
	h, w       int // source
	ld, ldo    int // of pixels of the source and of the outputs, floats
	rowO, rowS int // of rows, floats
}

// build lays a plan out.
func (p *pass) build(pl *plan, rows, cols axis) {
	c, lanes := p.kernel.C, p.lanes
	*pl = plan{rows: rows, cols: cols, pieces: pl.pieces[:0], taps: pl.taps[:0], window: pl.window[:0], masks: pl.masks[:0], w: pl.w}
	for i, x := range cols.runs {
		table := 0
		for _, y := range rows.runs {
			for u := 0; u < y.count; {
				n := 1
				for _, height := range tallHeights {
					if height <= y.count-u {
						n = height
						break
					}
				}
				pl.pieces = append(pl.pieces, tallPiece{x: 4 * x.src * p.ld, row: table + u, n: n})
				for j := range n {
					pl.taps = append(pl.taps, (y.tap+(u+j)*y.tapStep)*p.kernel.K+x.tap)
				}
				u += n
			}
			if i == 0 {
				for v := range y.count + tallRows - 1 {
					pl.window = append(pl.window, y.src+v*rows.srcStep)
				}
			}
			table += y.count + tallRows - 1
		}
	}
	pl.flat = cols.srcStep == 1 && cols.step == 1 && p.ld == c && p.ldo == c
	// Pixels all of whose columns are inside.
	lo, hi := 0, cols.n
	for _, x := range cols.runs {
		lo = max(lo, -floorDiv(x.src, cols.srcStep))
		hi = min(hi, floorDiv(p.w-1-x.src, cols.srcStep)+1)
	}
	if pl.flat {
		pl.phases = c / gcd(c, lanes)
		pl.positions = (cols.n*c + lanes - 1) / lanes
		lo, hi = (lo*c+lanes-1)/lanes, floorDiv(hi*c, lanes)
	} else {
		pl.phases = (c + lanes - 1) / lanes
		pl.positions = cols.n * pl.phases
		lo, hi = lo*pl.phases, hi*pl.phases
	}
	pl.left = min(lo, pl.positions)
	pl.right = max(pl.left, min(hi, pl.positions))
	pl.inside = min(pl.right-pl.left, 1)
	if !pl.flat && c%lanes != 0 {
		pl.inside = min(pl.right-pl.left, pl.phases)
	}
	for _, kind := range [3][2]int{{0, pl.left}, {pl.left, pl.left + pl.inside}, {pl.right, pl.positions}} {
		for pos := kind[0]; pos < kind[1]; pos++ {
			pl.masks = append(pl.masks, p.mask(pl, pos, nil))
			var m uint16
			for i := range pl.pieces {
				if t := &pl.pieces[i]; i == 0 || t.x != pl.pieces[i-1].x {
					m = p.mask(pl, pos, t)
				}
				pl.masks = append(pl.masks, m)
			}
		}
	}
	if n := pl.phases * len(pl.taps) * lanes; cap(pl.w) < n {
		pl.w = memory.Aligned(n)
	} else {
		pl.w = pl.w[:n]
	}
}

// mask tells which lanes of a position there are, or, if t is not nil, which of them its column of taps meets inside the image.
func (p *pass) mask(pl *plan, pos int, t *tallPiece) (m uint16) {
	different := p.lanes
	if p.kernel.C%p.lanes == 0 { // all lanes are of one pixel
		different = 1
	}
	for l := range different {
		pixel, channel := pos/pl.phases, pos%pl.phases*p.lanes+l
		if pl.flat {
			pixel, channel = (pos*p.lanes+l)/p.kernel.C, 0
		}
		inside := pixel < pl.cols.n && channel < p.kernel.C
		if inside && t != nil {
			x := pixel*pl.cols.srcStep + t.x/(4*p.ld)
			inside = x >= 0 && x < p.w
		}
		if inside {
			m |= 1 << l
		}
	}
	if different == 1 {
		m *= 1<<p.lanes - 1
	}
	return m
}

// fill lays out the weights of a plan, channels that do not exist as zeros.
func (p *pass) fill(pl *plan, w Weights) {
	c, lanes := p.kernel.C, p.lanes
	for i, tap := range pl.taps {
		src := w.at(p.kernel, tap)
		ch := 0
		for ph := range pl.phases {
			dst := pl.w[(ph*len(pl.taps)+i)*lanes:][:lanes]
			if c%lanes == 0 {
				for x := src[ph*lanes:][:lanes]; len(x) > 0; x, dst = x[4:], dst[4:] { // no call for so few
					*(*[4]float32)(dst) = *(*[4]float32)(x)
				}
				continue
			}
			for l := range dst {
				dst[l] = 0
				if ch < c {
					dst[l] = src[ch]
				}
				if ch++; ch == c && pl.flat {
					ch = 0
				}
			}
		}
	}
}

// band runs kernel over a band of rows of outputs, those from row j of the plan on. src is an image from row srcTop on, out its outputs
// from row top on, and zeros a row.
func (p *pass) band(a *tallArgs, pl *plan, kernel func(*tallArgs), j int, src []float32, srcTop int, out []float32, top int, zeros,
	w []float32) {
	if j >= pl.rows.n {
		return
	}
	lanes := p.lanes
	first := out[(pl.rows.first+j*pl.rows.step-top)*p.rowO+pl.cols.first*p.ldo:]
	if len(pl.taps) == 0 { // pixels that a stride has passed over
		for o := 0; o < min(tallRows, pl.rows.n-j) && a.mode != tallAdd; o++ {
			for x := range pl.cols.n {
				clear(first[o*pl.rows.step*p.rowO+x*pl.cols.step*p.ldo:][:p.kernel.C])
			}
		}
		return
	}
	rows := a.rows[:0]
	for _, y := range pl.window {
		if y += j * pl.rows.srcStep; y >= 0 && y < p.h {
			rows = append(rows, unsafe.Pointer(&src[(y-srcTop)*p.rowS]))
		} else {
			rows = append(rows, unsafe.Pointer(&zeros[0]))
		}
	}
	a.rows, a.pieces = rows, pl.pieces
	a.outs = min(tallRows, pl.rows.n-j)
	a.outRow = 4 * pl.rows.step * p.rowO
	a.wPhase = 4 * len(pl.taps) * lanes
	entry := 1 + len(pl.pieces)
	a.w, a.phases = unsafe.Pointer(&w[0]), pl.phases
	a.srcStep, a.srcJump, a.outStep, a.outJump = 4*lanes, 0, 4*lanes, 0
	if !pl.flat {
		a.srcJump = 4 * (pl.cols.srcStep*p.ld - pl.phases*lanes)
		a.outJump = 4 * (pl.cols.step*p.ldo - pl.phases*lanes)
	}
	for part, bounds := range [3][3]int{{0, pl.left, 0}, {pl.left, pl.right, pl.left}, {pl.right, pl.positions, pl.left + pl.inside}} {
		lo, hi := bounds[0], bounds[1]
		if lo >= hi {
			continue
		}
		a.positions, a.phase = hi-lo, lo%pl.phases
		a.maskStep, a.maskJump = 2*entry, 0
		a.whole = p.kernel.C%lanes == 0 || part == 1 && pl.flat
		switch {
		case part == 1 && a.whole:
			a.maskStep = 0
		case part == 1:
			a.maskJump = -pl.phases * a.maskStep
		}
		a.masks = unsafe.Pointer(&pl.masks[bounds[2]*entry])
		a.x = lo*a.srcStep + lo/pl.phases*a.srcJump
		a.out = unsafe.Pointer(&first[(lo*a.outStep+lo/pl.phases*a.outJump)/4])
		kernel(a)
		times := a.positions
		if a.fetchPieces {
			times *= len(pl.pieces)
		}
		a.fetchSrc += uintptr(64 * a.srcLines * times)
		a.fetchOut += uintptr(64 * a.outLines * times)
	}
}
