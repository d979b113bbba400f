package depthwise

import (
	"math"
	"slices"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// tallTask is a call.
type tallTask struct {
	k          *tallKernels
	pass       pass
	rows, cols axes
	plans      []plan
	act        activation.Func

	n, bands       int
	src, out       []float32
	srcLen, outLen int // of an image
	outH           int // rows of outputs of an image
	scratch        []tallArgs
	blank, zeros   []float32 // zeros is a row amid blank
	mode           int

	// The gradient of the input through an activation: it lies in scratch first.
	in       Input
	dx       []float32
	lddx     int
	add      bool
	throughX bool

	fold *norm.Fold // of the source, nil: none
	sums []float32  // [chunk][2·C]: Σy and Σy² of the outputs; empty: nobody wants them

	// Weight gradients: each group of images sums its own.
	groups int
	part   []float32
}

var tallTasks parallel.FreeList[tallTask]

// start prepares a call whose source has h rows of w pixels and whose outputs are oh rows of ow pixels.
func (t *tallTask) start(k *tallKernels, kernel Kernel, n int, src []float32, ld, h, w int, out []float32, ldo, oh, ow int,
	act activation.Func) {
	t.k, t.act, t.n, t.src, t.out = k, act, n, src, out
	t.pass = pass{kernel: kernel, lanes: k.lanes, h: h, w: w, ld: ld, ldo: ldo, rowS: w * ld, rowO: ow * ldo}
	t.srcLen, t.outLen, t.outH = h*w*ld, oh*ow*ldo, oh
	// Masks hide what lies left and right of a row of zeros, too. Where that is a page that nobody has ever written, which a masked
	// load does not bring about, the processor takes the slow way every time: whole networks train at a third of their speed.
	margin := (kernel.Pad+kernel.Dilation*(kernel.K-1))*ld + k.lanes
	if n := w*ld + 2*margin; len(t.blank) < n {
		t.blank = make([]float32, n)
		clear(t.blank) // writes
	}
	t.zeros = t.blank[margin:]
	t.throughX, t.groups, t.fold, t.sums = false, 0, nil, t.sums[:0]
	t.rows, t.cols = t.rows[:0], t.cols[:0]
}

// plan lays out a plan for every pair of axes.
func (t *tallTask) plan() {
	t.rows.trim(t.pass.h)
	t.cols.trim(t.pass.w)
	t.plans = t.plans[:0]
	for _, rows := range t.rows {
		for _, cols := range t.cols {
			t.plans = growKeep(t.plans, len(t.plans)+1)
			t.pass.build(&t.plans[len(t.plans)-1], rows, cols)
		}
	}
}

func (t *tallTask) fill(w Weights) {
	for i := range t.plans {
		t.pass.fill(&t.plans[i], w)
	}
}

// streams reports whether the outputs had better not stay in the cache, and can be written past it.
func (t *tallTask) streams() bool {
	c, p := t.pass.kernel.C, &t.pass
	return cpu.NonTemporal(4*len(t.out)) && p.lanes == 16 && c%16 == 0 && p.ldo%16 == 0 &&
		uintptr(unsafe.Pointer(unsafe.SliceData(t.out)))%64 == 0
}

func (t *tallTask) forward(k *tallKernels, kernel Kernel, in Input, w Weights, y []float32, ldy, oh, ow int, add bool, sum,
	sumsq []float64) {
	ld := in.LD
	if in.Fold != nil {
		ld = kernel.C // of what it is evaluated to
	}
	t.start(k, kernel, in.N, in.X, ld, in.H, in.W, y, ldy, oh, ow, in.Act)
	t.fold, t.in = in.Fold, in
	kernel.forwardRows(&t.rows, oh)
	kernel.forwardColumns(&t.cols, ow)
	t.plan()
	t.fill(w)
	t.cut()
	if sum != nil {
		t.sums = grow(t.sums, in.N*t.bands*2*kernel.C)
		clear(t.sums)
	}
	t.convolve(add)
	if sum != nil {
		total(sum, sumsq, t.sums)
	}
	t.fold, t.in = nil, Input{}
}

// total sets a and b to the sums over chunks, in their order, of the values that each has of a and then of b.
func total(a, b []float64, chunks []float32) {
	clear(a)
	clear(b)
	for c := len(a); len(chunks) > 0; chunks = chunks[2*c:] {
		for i := range a {
			a[i] += float64(chunks[i])
			b[i] += float64(chunks[c+i])
		}
	}
}

func (t *tallTask) backwardData(k *tallKernels, kernel Kernel, in Input, w Weights, dx []float32, lddx int, g []float32, ldg, oh,
	ow int, add bool) {
	c := kernel.C
	ldo := lddx
	if in.Act != activation.Identity {
		ldo = c
	}
	t.start(k, kernel, in.N, g, ldg, oh, ow, dx, ldo, in.H, in.W, activation.Identity)
	if in.Act != activation.Identity {
		t.throughX, t.in, t.dx, t.lddx, t.add = true, in, dx, lddx, add
	}
	kernel.backwardRows(&t.rows, in.H)
	kernel.backwardColumns(&t.cols, in.W)
	t.plan()
	t.fill(w)
	t.cut()
	t.convolve(add)
	t.in, t.dx = Input{}, nil
}

func (t *tallTask) convolve(add bool) {
	switch {
	case t.throughX:
		t.mode = tallSet
	case add:
		t.mode = tallAdd
	case t.streams():
		t.mode = tallStream
	default:
		t.mode = tallSet
	}
	t.run(t.n * t.bands)
}

// cut decides into how many bands of rows each image is cut.
func (t *tallTask) cut() {
	t.bands = max(1, min((chunks+max(t.n, 1)-1)/max(t.n, 1), t.outH/minBand))
}

func (t *tallTask) backwardWeights(k *tallKernels, kernel Kernel, in Input, dw Weights, g []float32, ldg, oh, ow int, add bool) {
	t.start(k, kernel, in.N, in.X, in.LD, in.H, in.W, g, ldg, oh, ow, in.Act)
	kernel.forwardRows(&t.rows, oh)
	kernel.forwardColumns(&t.cols, ow)
	t.plan()
	t.groups = max(1, min(in.N, maxGroups))
	t.mode = tallSet
	t.clearParts()
	t.run(min(in.N, t.groups))
	t.addParts(dw, add)
}

// clearParts makes room for the weight gradients of the groups.
func (t *tallTask) clearParts() {
	t.part = grow(t.part, t.groups*len(t.plans[0].w))
	clear(t.part)
}

// addParts adds the weight gradients of the groups up in dw, to what is there if add is set.
func (t *tallTask) addParts(dw Weights, add bool) {
	first, kernel := &t.plans[0], t.pass.kernel
	size := len(first.w)
	sum := t.part[:size]
	for group := 1; group < t.groups; group++ {
		vec.AddTo(sum, t.part[group*size:][:size])
	}
	c, lanes := kernel.C, t.k.lanes
	if !add {
		for tap := range kernel.K * kernel.K {
			clear(dw.at(kernel, tap))
		}
	}
	for i, tap := range first.taps {
		d := dw.at(kernel, tap)
		ch := 0
		for ph := range first.phases {
			of := sum[(ph*len(first.taps)+i)*lanes:][:lanes]
			if c%lanes == 0 {
				to := d[ph*lanes:][:lanes]
				for l, v := range of {
					to[l] += v
				}
				continue
			}
			for _, v := range of {
				if ch < c {
					d[ch] += v
				}
				if ch++; ch == c && first.flat {
					ch = 0 // the lanes of the phases go through the channels again and again
				}
			}
		}
	}
}

func (t *tallTask) run(n int) {
	t.scratch = growKeep(t.scratch, n)
	parallel.Run(n, t.pass.kernel.work(t.n, t.pass.h, t.pass.w), t)
	t.forget()
}

// forget lets go of the operands of a call.
func (t *tallTask) forget() {
	for i := range t.scratch { // let go of the operands, but not of the table
		rows := t.scratch[i].rows
		clear(rows)
		t.scratch[i] = tallArgs{rows: rows[:0]}
	}
	t.src, t.out = nil, nil
}

// Chunk computes some rows of an image, or sums over a group of images.
func (t *tallTask) Chunk(w *parallel.Worker, i int) {
	a := &t.scratch[i]
	a.mode = t.mode
	a.lo, a.hi = t.act.Bounds()
	if t.groups > 0 {
		kernel := t.k.correlate
		if t.act != activation.Identity {
			kernel = t.k.correlateAct
		}
		size := len(t.plans[0].w)
		for n := t.n * i / t.groups; n < t.n*(i+1)/t.groups; n++ {
			src, out := t.src[n*t.srcLen:], t.out[n*t.outLen:]
			for j := 0; j < t.plans[0].rows.n; j += tallRows {
				t.fetchAhead(a, j, src, out)
				for b := range t.plans {
					t.pass.band(a, &t.plans[b], kernel, j, src, 0, out, 0, t.zeros, t.part[i*size:][:size])
				}
			}
		}
		return
	}
	kernel := t.k.convolve
	if t.act != activation.Identity {
		kernel = t.k.convolveAct
	}
	n, band := i/t.bands, i%t.bands
	src, out := t.src[n*t.srcLen:], t.out
	rowO, c := t.pass.rowO, t.pass.kernel.C
	per := t.perGroup()
	groups := (t.outH + per - 1) / per
	through := 0 // floats
	if t.throughX {
		through = per * rowO
	} else {
		out = out[n*t.outLen:]
	}
	var rows slide
	if t.fold != nil {
		low, high := t.reach()
		rows.size(high-low, t.pass.h, t.pass.rowS)
		src = nil
	}
	scratch := w.Scratch(through + rows.len())
	if rows.buf = scratch[through:]; t.throughX {
		out = scratch[:through]
	}
	for q := groups * band / t.bands; q < groups*(band+1)/t.bands; q++ {
		top := 0
		if t.throughX {
			top = q * per
		}
		switch {
		case t.fold != nil:
			low, high := t.reachAt(q)
			t.foldRows(&rows, &t.in, t.fold, n, low, high)
			t.fetchAhead(a, q*tallRows, nil, out)
			src = rows.buf
		case t.throughX:
			t.fetchAhead(a, q*tallRows, src, t.dx[n*t.outH*t.in.W*t.lddx:])
		default:
			t.fetchAhead(a, q*tallRows, src, out)
		}
		for b := range t.plans {
			t.pass.band(a, &t.plans[b], kernel, q*tallRows, src, rows.base, out, top, t.zeros, t.plans[b].w)
		}
		for y := top; t.throughX && y < min(t.outH, top+per); y++ {
			storeThrough(&t.in, c, t.dx, t.lddx, out[(y-top)*rowO:][:rowO], (n*t.outH+y)*t.in.W, t.add)
		}
		if len(t.sums) > 0 {
			s := t.sums[i*2*c:][:2*c]
			norm.AddStats(out[q*per*rowO:], (min(t.outH, (q+1)*per)-q*per)*(rowO/t.pass.ldo), c, t.pass.ldo, s[:c], s[c:])
		}
	}
}

// perGroup is how many rows of outputs the plans compute together.
func (t *tallTask) perGroup() int { return tallRows * t.plans[0].rows.step }

// reach returns the rows of the source, low to high-1, that the first group of rows of outputs reads, inside the image or not.
func (t *tallTask) reach() (low, high int) {
	low, high = math.MaxInt, math.MinInt
	for i := range t.plans {
		if w := t.plans[i].window; len(w) > 0 {
			low, high = min(low, slices.Min(w)), max(high, slices.Max(w)+1)
		}
	}
	if low > high {
		return 0, 0
	}
	return low, high
}

// reachAt returns the rows of the image that group q reads.
func (t *tallTask) reachAt(q int) (low, high int) {
	low, high = t.reach()
	step := q * tallRows * t.plans[0].rows.srcStep
	return min(max(0, low+step), t.pass.h), min(max(0, high+step), t.pass.h)
}

// foldRows evaluates the folded normalisation of rows low to high-1 of image n, as far as rows does not hold them.
func (t *tallTask) foldRows(rows *slide, in *Input, fold *norm.Fold, n, low, high int) {
	if y := rows.advance(low, high); y < high {
		fold.Rows(rows.at(y), t.pass.kernel.C, in.X[(n*in.H+y)*in.W*in.LD:], in.LD, (high-y)*in.W)
	}
}

// fetchAhead makes the kernels fetch, while they compute the group of rows from row j of all plans on, what the next group needs: an
// equal share each time that they do so. Bands share it in the order in which they are computed. What is nil is in cache. If the outputs
// lie in scratch first, out is where they pass through an activation to, and what is fetched of it is for this group.
func (t *tallTask) fetchAhead(a *tallArgs, j int, src, out []float32) {
	p, rows := &t.pass, &t.plans[0].rows
	last, positions, pieces := 0, 0, 0 // of all plans
	for i := range t.plans {
		pl := &t.plans[i]
		if len(pl.window) > 0 {
			last = max(last, slices.Max(pl.window))
		}
		positions += pl.positions
		pieces += pl.positions * len(pl.pieces)
	}
	srcBytes, outBytes := 0, 0
	if src != nil {
		a.fetchSrc = uintptr(unsafe.Pointer(unsafe.SliceData(src))) + uintptr(4*(last+1+j*rows.srcStep)*p.rowS)
		srcBytes = 4 * tallRows * rows.srcStep * p.rowS // the rows that the next group has and this one has not
	}
	if t.mode == tallSet && out != nil {
		row, next := p.rowO, j+tallRows
		if t.throughX {
			row, next = p.rowO/p.ldo*t.lddx, j
		}
		a.fetchOut = uintptr(unsafe.Pointer(unsafe.SliceData(out))) + uintptr(4*next*rows.step*row)
		outBytes = 4 * tallRows * rows.step * row
	}
	times := max(positions, 1)
	if a.fetchPieces = t.k.fetchPieces || srcBytes+outBytes > 64*fetchesAtOnce*times; a.fetchPieces {
		times = max(pieces, 1)
	}
	a.srcLines, a.outLines = (srcBytes/64+times-1)/times, (outBytes/64+times-1)/times
}

// fetchesAtOnce is how many cache lines a position may fetch, which a stride makes many. If there are more, its pieces share them.
const fetchesAtOnce = 8
