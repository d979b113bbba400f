package depthwise

import (
	"slices"

	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// Where an instruction set can mask the lanes of a load, nothing is copied: the inner loops hold eight rows of outputs of one vector of
// channels in registers, and read the rows of their window where they lie. A vector of the source serves all taps of a kernel column
// that meet it; the columns come one after the other. Rows above and below the image are a row of zeros, and masks hide what lies left
// and right of it.
//
// If pixels follow each other without gaps and the stride is one, vectors need not begin with a pixel: the row is cut into
// vectors whatever the number of channels, and after lcm(channels, lanes) floats the weights repeat. No lane is idle.

// tallKernels are the inner loops of that kind. Whatever is called Act passes the source through the bounds of an activation.
type tallKernels struct {
	lanes                   int
	heights                 []int // the numbers of taps that a piece may have
	convolve, convolveAct   func(*tallArgs)
	correlate, correlateAct func(*tallArgs)
}

// tallRows is how many rows of outputs the inner loops compute.
const tallRows = 8

// tallPiece is a run of n taps of a kernel column: tap u of output row o meets source row row+o+u. x is where the column lies, seen from
// the position, in bytes.
type tallPiece struct{ x, row, n int }

// tallArgs describes a band of up to eight rows of outputs at some positions, a vector wide. All distances are bytes. With pointers to
// the rows of the source, position p, lane l and weights w[phase][tap of all pieces][lane],
//
//	out[o·outRow + p·outStep + l] = Σ_pieces Σ_{u<n} rows[row+o+u][x + p·srcStep + piece.x + l] · w[(phase+p) mod phases][u][l]
//
// where masks say which lanes are written, and of each piece, which are read. (+ out, if mode is tallAdd.) correlate adds, the other
// way about, to w the products of the source and of the gradients in out.
type tallArgs struct {
	rows          []unsafe.Pointer
	x             int
	pieces        []tallPiece
	w             unsafe.Pointer
	phase, phases int
	wPhase        int
	out           unsafe.Pointer
	outRow        int
	outs          int
	positions     int
	srcStep       int
	outStep       int
	masks         unsafe.Pointer // [position][1 + pieces]uint16
	maskStep      int            // 0: all positions have the same
	whole         bool           // all masks have all lanes
	mode          int
	lo, hi        float32

	// What a later call needs, and a kernel may fetch on its way: at each position the next few cache lines of the source, and of the
	// outputs.
	fetchSrc, fetchOut uintptr
	srcLines, outLines int

	_ cacheLine
}

// How results are stored.
const (
	tallSet    = iota
	tallAdd    // to what is there
	tallStream // past the cache; whole lines only
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

// plan is how the outputs of a pair of axes are computed.
type plan struct {
	rows, cols axis
	pieces     []tallPiece
	taps       []int // index of every weight of the pieces, in their order
	window     []int // source row of every entry of the table of rows, for the first band
	flat       bool  // vectors need not begin with a pixel
	phases     int   // after which the weights repeat: of a row if it is flat, else blocks of channels
	positions  int   // in a row, of one block if it is not flat
	left       int   // positions that some column of taps does not meet, on the left
	right      int   // and where those on the right begin
	masks      []uint16
	w          []float32 // [phase][tap][lane]
}

// pass is what the plans of a call have in common: the geometry of source and outputs.
type pass struct {
	kernel     Kernel
	lanes      int
	heights    []int
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
				for _, height := range p.heights {
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
		pl.positions = cols.n
	}
	pl.left = min(lo, pl.positions)
	pl.right = max(pl.left, min(hi, pl.positions))
	for _, kind := range [3][2]int{{0, pl.left}, {pl.left, min(pl.left+1, pl.right)}, {pl.right, pl.positions}} {
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
		pl.w = parallel.Aligned(n)
	} else {
		pl.w = pl.w[:n]
	}
	if !pl.flat && c%lanes != 0 { // once more for the last block
		n := len(pl.masks)
		for _, m := range pl.masks[:n] {
			pl.masks = append(pl.masks, m&(1<<(c%lanes)-1))
		}
	}
}

// mask tells which lanes of a position there are, or, if t is not nil, which of them its column of taps meets inside the image.
func (p *pass) mask(pl *plan, pos int, t *tallPiece) (m uint16) {
	for l := range p.lanes {
		pixel := pos
		if pl.flat {
			pixel = (pos*p.lanes + l) / p.kernel.C
		}
		inside := pixel < pl.cols.n
		if inside && t != nil {
			x := pixel*pl.cols.srcStep + t.x/(4*p.ld)
			inside = x >= 0 && x < p.w
		}
		if inside {
			m |= 1 << l
		}
	}
	return m
}

// fill lays out the weights of a plan, channels that do not exist as zeros.
func (p *pass) fill(pl *plan, w Weights) {
	c, lanes, k := p.kernel.C, p.lanes, p.kernel.K
	for ph := range pl.phases {
		for i, tap := range pl.taps {
			src := w.Data[tap/k*w.Row+tap%k*w.LD:][:c]
			for l := range pl.w[(ph*len(pl.taps)+i)*lanes:][:lanes] {
				ch := ph*lanes + l
				v := float32(0)
				if pl.flat {
					v = src[ch%c]
				} else if ch < c {
					v = src[ch]
				}
				pl.w[(ph*len(pl.taps)+i)*lanes+l] = v
			}
		}
	}
}

// band runs kernel over a band of rows of outputs, those from row j of the plan on. src is an image, out its outputs from row top on,
// and zeros a row.
func (p *pass) band(a *tallArgs, pl *plan, kernel func(*tallArgs), j int, src, out []float32, top int, zeros, w []float32) {
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
			rows = append(rows, unsafe.Pointer(&src[y*p.rowS]))
		} else {
			rows = append(rows, unsafe.Pointer(&zeros[0]))
		}
	}
	a.rows, a.pieces = rows, pl.pieces
	a.outs = min(tallRows, pl.rows.n-j)
	a.outRow = 4 * pl.rows.step * p.rowO
	a.wPhase = 4 * len(pl.taps) * lanes
	entry := 1 + len(pl.pieces)
	blocks := pl.phases
	a.phases, a.srcStep, a.outStep = 1, 4*pl.cols.srcStep*p.ld, 4*pl.cols.step*p.ldo
	if pl.flat {
		blocks, a.phases, a.srcStep, a.outStep = 1, pl.phases, 4*lanes, 4*lanes
	}
	for b := range blocks {
		a.w = unsafe.Pointer(&w[b*len(pl.taps)*lanes])
		masks := pl.masks
		if b == blocks-1 && !pl.flat && p.kernel.C%lanes != 0 {
			masks = masks[len(masks)/2:]
		}
		inside := 0
		if pl.right > pl.left {
			inside = 1
		}
		for part, bounds := range [3][3]int{{0, pl.left, 0}, {pl.left, pl.right, pl.left}, {pl.right, pl.positions, pl.left + inside}} {
			lo, hi := bounds[0], bounds[1]
			if lo >= hi {
				continue
			}
			index := bounds[2]
			a.maskStep = 0
			a.whole = part == 1 && masks[index*entry] == 1<<lanes-1
			if part != 1 {
				a.maskStep = 2 * entry
			}
			a.masks = unsafe.Pointer(&masks[index*entry])
			a.positions = hi - lo
			a.phase = lo % a.phases
			a.x = lo * a.srcStep
			at := lo * a.outStep / 4
			if !pl.flat {
				a.x += 4 * b * lanes
				at += b * lanes
			}
			a.out = unsafe.Pointer(&first[at])
			kernel(a)
			a.fetchSrc += uintptr(64 * a.srcLines * a.positions)
			a.fetchOut += uintptr(64 * a.outLines * a.positions)
		}
	}
}

// fetchAhead makes the kernels fetch, while they compute the group of rows from row j of all plans on, what the next group needs: each
// position an equal share. Bands share it in the order in which they are computed.
func (t *tallTask) fetchAhead(a *tallArgs, j int, src, out []float32) {
	p := &t.pass
	positions := 0
	for i := range t.plans {
		positions += t.plans[i].work()
	}
	share := func(floats int) int { return (4*floats/64 + positions - 1) / positions }
	rows := &t.plans[0].rows
	fresh := tallRows * rows.srcStep // rows of the source that the next group has and this one has not
	last := 0
	for i := range t.plans {
		if w := t.plans[i].window; len(w) > 0 {
			last = max(last, slices.Max(w))
		}
	}
	a.fetchSrc = uintptr(unsafe.Pointer(unsafe.SliceData(src))) + uintptr(4*(last+1+j*rows.srcStep)*p.rowS)
	a.srcLines = share(fresh * p.rowS)
	a.outLines = 0
	if t.mode == tallSet && !t.throughX {
		a.fetchOut = uintptr(unsafe.Pointer(unsafe.SliceData(out))) + uintptr(4*(j+tallRows)*rows.step*p.rowO)
		a.outLines = share(tallRows * rows.step * p.rowO)
	}
}

// work is how many positions a band has.
func (pl *plan) work() int {
	if pl.flat {
		return pl.positions
	}
	return pl.positions * pl.phases
}

// tallTask is a call.
type tallTask struct {
	k          *tallKernels
	pass       pass
	rows, cols axes
	plans      []plan
	act        Activation

	n, bands       int
	src, out       []float32
	srcLen, outLen int // of an image
	outH           int // rows of outputs of an image
	scratch        []tallArgs
	zeros          []float32
	mode           int

	// The gradient of the input through an activation: it lies in scratch first.
	in       Input
	dx       []float32
	lddx     int
	add      bool
	throughX bool

	// Weight gradients: each group of images sums its own.
	groups int
	part   []float32
}

var tall tallTask

// start prepares a call whose source has h rows of w pixels and whose outputs are oh rows of ow pixels.
func (t *tallTask) start(k *tallKernels, kernel Kernel, n int, src []float32, ld, h, w int, out []float32, ldo, oh, ow int, act Activation) {
	t.k, t.act, t.n, t.src, t.out = k, act, n, src, out
	t.pass = pass{kernel: kernel, lanes: k.lanes, heights: k.heights, h: h, w: w, ld: ld, ldo: ldo, rowS: w * ld, rowO: ow * ldo}
	t.srcLen, t.outLen, t.outH = h*w*ld, oh*ow*ldo, oh
	if len(t.zeros) < w*ld {
		t.zeros = make([]float32, w*ld)
	}
	t.throughX, t.groups = false, 0
	t.rows, t.cols = t.rows[:0], t.cols[:0]
}

// plan lays out a plan for every pair of axes.
func (t *tallTask) plan() {
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
	return cpu.Streams(4*len(t.out)) && p.lanes == 16 && c%16 == 0 && p.ldo%16 == 0 && uintptr(unsafe.Pointer(unsafe.SliceData(t.out)))%64 == 0
}

func (t *tallTask) forward(k *tallKernels, kernel Kernel, in Input, w Weights, y []float32, ldy, oh, ow int, add bool) {
	t.start(k, kernel, in.N, in.X, in.LD, in.H, in.W, y, ldy, oh, ow, in.Act)
	kernel.forwardRows(&t.rows, oh)
	kernel.forwardColumns(&t.cols, ow)
	t.plan()
	t.fill(w)
	t.convolve(add)
}

func (t *tallTask) backwardData(k *tallKernels, kernel Kernel, in Input, w Weights, dx []float32, lddx int, g []float32, ldg, oh, ow int, add bool) {
	c := kernel.C
	ldo := lddx
	if in.Act != Identity {
		ldo = c
	}
	t.start(k, kernel, in.N, g, ldg, oh, ow, dx, ldo, in.H, in.W, Identity)
	if in.Act != Identity {
		t.throughX, t.in, t.dx, t.lddx, t.add = true, in, dx, lddx, add
	}
	kernel.backwardRows(&t.rows, in.H)
	kernel.backwardColumns(&t.cols, in.W)
	t.plan()
	t.fill(w)
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
	t.bands = max(1, min((chunks+max(t.n, 1)-1)/max(t.n, 1), t.outH/minBand))
	t.run(t.n * t.bands)
}

func (t *tallTask) backwardWeights(k *tallKernels, kernel Kernel, in Input, dw Weights, g []float32, ldg, oh, ow int, add bool) {
	t.start(k, kernel, in.N, in.X, in.LD, in.H, in.W, g, ldg, oh, ow, in.Act)
	kernel.forwardRows(&t.rows, oh)
	kernel.forwardColumns(&t.cols, ow)
	t.plan()
	t.groups = max(1, min(in.N, maxGroups))
	t.mode = tallSet
	first := &t.plans[0]
	size := len(first.w)
	t.part = grow(t.part, t.groups*size)
	clear(t.part)
	t.run(min(in.N, t.groups))
	c, lanes := kernel.C, k.lanes
	for i, tap := range first.taps {
		d := dw.Data[tap/kernel.K*dw.Row+tap%kernel.K*dw.LD:][:c]
		if !add {
			clear(d)
		}
		for group := range t.groups {
			part := t.part[group*size:]
			for ph := range first.phases {
				for l, v := range part[(ph*len(first.taps)+i)*lanes:][:lanes] {
					if ch := ph*lanes + l; first.flat {
						d[ch%c] += v
					} else if ch < c {
						d[ch] += v
					}
				}
			}
		}
	}
}

func (t *tallTask) run(n int) {
	t.scratch = growKeep(t.scratch, n)
	parallel.Run(n, t)
	for i := range t.scratch {
		t.scratch[i] = tallArgs{rows: t.scratch[i].rows[:0]}
	}
	t.src, t.out = nil, nil
}

// Chunk computes some rows of an image, or sums over a group of images.
func (t *tallTask) Chunk(w *parallel.Worker, i int) {
	a := &t.scratch[i]
	a.mode = t.mode
	a.lo, a.hi = t.act.bounds()
	if t.groups > 0 {
		kernel := t.k.correlate
		if t.act != Identity {
			kernel = t.k.correlateAct
		}
		size := len(t.plans[0].w)
		for n := t.n * i / t.groups; n < t.n*(i+1)/t.groups; n++ {
			src, out := t.src[n*t.srcLen:], t.out[n*t.outLen:]
			for j := 0; j < t.plans[0].rows.n; j += tallRows {
				t.fetchAhead(a, j, src, out)
				for b := range t.plans {
					t.pass.band(a, &t.plans[b], kernel, j, src, out, 0, t.zeros, t.part[i*size:][:size])
				}
			}
		}
		return
	}
	kernel := t.k.convolve
	if t.act != Identity {
		kernel = t.k.convolveAct
	}
	n, band := i/t.bands, i%t.bands
	src := t.src[n*t.srcLen:]
	out, rowO := t.out, t.pass.rowO
	per := tallRows * t.plans[0].rows.step // rows that the plans compute together
	groups := (t.outH + per - 1) / per
	if t.throughX {
		out = w.Scratch(per * rowO)
	} else {
		out = out[n*t.outLen:]
	}
	for q := groups * band / t.bands; q < groups*(band+1)/t.bands; q++ {
		top := 0
		if t.throughX {
			top = q * per
		}
		t.fetchAhead(a, q*tallRows, src, out)
		for b := range t.plans {
			t.pass.band(a, &t.plans[b], kernel, q*tallRows, src, out, top, t.zeros, t.plans[b].w)
		}
		for y := top; t.throughX && y < min(t.outH, top+per); y++ {
			storeThrough(&t.in, t.pass.kernel.C, t.dx, t.lddx, out[(y-top)*rowO:][:rowO], (n*t.outH+y)*t.in.W, t.add)
		}
	}
}

// tallGeneric says what the inner loops do; forward is convolve, else correlate.
func tallGeneric(a *tallArgs, forward bool) {
	const lanes = 4
	at := func(p unsafe.Pointer, offset int) *float32 { return (*float32)(unsafe.Add(p, offset)) }
	for p := range a.positions {
		masks := unsafe.Slice((*uint16)(unsafe.Add(a.masks, p*a.maskStep)), 1+len(a.pieces))
		w := unsafe.Add(a.w, (a.phase+p)%a.phases*a.wPhase)
		for l := range lanes {
			if masks[0]>>l&1 == 0 {
				continue
			}
			for o := range a.outs {
				out := at(a.out, o*a.outRow+p*a.outStep+4*l)
				var sum float64
				tap := 0
				for i, t := range a.pieces {
					for u := range t.n {
						weight := at(w, 4*(tap*lanes+l))
						tap++
						var x float32
						if masks[1+i]>>l&1 != 0 {
							x = min(max(*at(a.rows[t.row+o+u], a.x+t.x+p*a.srcStep+4*l), a.lo), a.hi)
						}
						if forward {
							sum += float64(x) * float64(*weight)
						} else {
							*weight = float32(float64(*weight) + float64(x)*float64(*out))
						}
					}
				}
				if forward {
					if a.mode == tallAdd {
						sum += float64(*out)
					}
					*out = float32(sum)
				}
			}
		}
	}
}
