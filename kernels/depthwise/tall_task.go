package depthwise

import (
	"slices"
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

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
	blank, zeros   []float32 // zeros is a row amid blank
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

var tallTasks parallel.FreeList[tallTask]

// start prepares a call whose source has h rows of w pixels and whose outputs are oh rows of ow pixels.
func (t *tallTask) start(k *tallKernels, kernel Kernel, n int, src []float32, ld, h, w int, out []float32, ldo, oh, ow int, act Activation) {
	t.k, t.act, t.n, t.src, t.out = k, act, n, src, out
	t.pass = pass{kernel: kernel, lanes: k.lanes, heights: k.heights, h: h, w: w, ld: ld, ldo: ldo, rowS: w * ld, rowO: ow * ldo}
	t.srcLen, t.outLen, t.outH = h*w*ld, oh*ow*ldo, oh
	// Masks hide what lies left and right of a row of zeros, too. Where that is a page that nobody has ever written, which a masked
	// load does not bring about, the processor takes the slow way every time: whole networks train at a third of their speed.
	margin := (kernel.Pad+kernel.Dilation*(kernel.K-1))*ld + k.lanes
	if n := w*ld + 2*margin; len(t.blank) < n {
		t.blank = make([]float32, n)
		clear(t.blank) // writes
	}
	t.zeros = t.blank[margin:]
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
	sum := t.part[:size]
	for group := 1; group < t.groups; group++ {
		vec.AddTo(sum, t.part[group*size:][:size])
	}
	c, lanes := kernel.C, k.lanes
	for i, tap := range first.taps {
		d := dw.Data[tap/kernel.K*dw.Row+tap%kernel.K*dw.LD:][:c]
		if !add {
			clear(d)
		}
		ch := 0
		for ph := range first.phases {
			for _, v := range sum[(ph*len(first.taps)+i)*lanes:][:lanes] {
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

// fetchAhead makes the kernels fetch, while they compute the group of rows from row j of all plans on, what the next group needs: each
// piece of each position an equal share. Bands share it in the order in which they are computed.
func (t *tallTask) fetchAhead(a *tallArgs, j int, src, out []float32) {
	p := &t.pass
	pieces := 0 // of all positions
	for i := range t.plans {
		pieces += t.plans[i].positions * len(t.plans[i].pieces)
	}
	pieces = max(pieces, 1)
	share := func(floats int) int { return (4*floats/64 + pieces - 1) / pieces }
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
