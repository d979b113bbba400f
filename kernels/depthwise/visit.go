package depthwise

import (
	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// visitTask computes the gradients of weights and input together: it goes down each image once, and what the rows of the output's gradient
// add to the weights' they add while they are in cache for the input's. A gradient that is an affine function, and an input that is a
// folded normalisation, are evaluated on the way, into rows that slide down the image with it.
type visitTask struct {
	weights, data tallTask
	in            Input
	g             Gradient
	dx            []float32
	lddx          int
	add           bool
	oh, ow        int
	sums          []float32 // [image][2·C], of the folded normalisation's gradient
}

var visitTasks parallel.FreeList[visitTask]

func (t *visitTask) run(k *tallKernels, kernel Kernel, in Input, w Weights, dx []float32, lddx int, addX bool, dw Weights, addW bool,
	g Gradient, oh, ow int) {
	c := kernel.C
	t.in, t.g, t.dx, t.lddx, t.add, t.oh, t.ow = in, g, dx, lddx, addX, oh, ow
	ldx, ldg := in.LD, g.LD
	if in.Fold != nil {
		ldx = c
	}
	if g.A != nil {
		ldg = c
	}
	a := &t.weights
	a.start(k, kernel, in.N, in.X, ldx, in.H, in.W, g.G, ldg, oh, ow, in.Act)
	kernel.forwardRows(&a.rows, oh)
	kernel.forwardColumns(&a.cols, ow)
	a.plan()
	a.groups, a.mode = max(1, min(in.N, maxGroups)), tallSet
	a.clearParts()
	n := min(in.N, a.groups)
	a.scratch = growKeep(a.scratch, n)
	if dx != nil {
		d := &t.data
		ldo := lddx
		if in.Act != activation.Identity {
			ldo = c
		}
		d.start(k, kernel, in.N, g.G, ldg, oh, ow, dx, ldo, in.H, in.W, activation.Identity)
		kernel.backwardRows(&d.rows, in.H)
		kernel.backwardColumns(&d.cols, in.W)
		d.plan()
		d.fill(w)
		d.throughX, d.mode, d.lddx = in.Act != activation.Identity, tallSet, lddx
		switch {
		case d.throughX:
		case addX:
			d.mode = tallAdd
		case in.Fold == nil && d.streams():
			d.mode = tallStream
		}
		d.scratch = growKeep(d.scratch, n)
	}
	if in.Fold != nil {
		t.sums = grow(t.sums, in.N*2*c)
		clear(t.sums)
	}
	parallel.Run(n, 2*kernel.work(in.N, oh, ow), t)
	a.addParts(dw, addW)
	if in.Fold != nil && dx != nil {
		total(in.Fold.SumG[:c], in.Fold.SumGX[:c], t.sums)
	}
	a.forget()
	if dx != nil {
		t.data.forget()
	}
	t.in, t.g, t.dx = Input{}, Gradient{}, nil
}

// Chunk goes through a group of images.
func (t *visitTask) Chunk(w *parallel.Worker, i int) {
	a, in, g := &t.weights, &t.in, &t.g
	i = min(in.N, a.groups) - 1 - i // the sums over the gradient, which come before, have left its end in cache
	var xs, gs slide
	steps := (a.plans[0].rows.n + tallRows - 1) / tallRows
	low, high := a.reach()
	xSpan, gSpan := high-low, a.perGroup()
	through := 0 // floats
	if t.dx != nil {
		d := &t.data
		per := d.perGroup()
		steps = max(steps, (in.H+per-1)/per)
		dl, dh := d.reach()
		gSpan = max(dh, gSpan) - min(dl, 0)
		xSpan = max(high, per) - min(low, 0)
		if d.throughX {
			through = per * d.pass.rowO
		}
	}
	c := a.pass.kernel.C
	if in.Fold != nil {
		xs.size(xSpan, in.H, in.W*c)
	}
	if g.A != nil {
		gs.size(gSpan, t.oh, t.ow*c)
	}
	scratch := w.Scratch(through + xs.len() + gs.len())
	rows := scratch[:through]
	xs.buf, gs.buf = scratch[through:][:xs.len()], scratch[through+xs.len():]
	for n := in.N * i / a.groups; n < in.N*(i+1)/a.groups; n++ {
		xs.restart()
		gs.restart()
		for q := range steps {
			t.step(i, n, q, &xs, &gs, rows)
		}
	}
}

// step visits the q-th group of rows of image n.
func (t *visitTask) step(i, n, q int, xs, gs *slide, rows []float32) {
	a, d, in, g := &t.weights, &t.data, &t.in, &t.g
	c := a.pass.kernel.C
	x, dy := a.src[n*a.srcLen:], a.out[n*a.outLen:]
	xAhead, dyAhead := x, dy
	// Rows of the output's gradient that the weights' takes, and of the input's gradient.
	first, last, top, bottom := min(t.oh, q*a.perGroup()), min(t.oh, (q+1)*a.perGroup()), 0, 0
	if t.dx != nil {
		per := d.perGroup()
		top, bottom = min(in.H, q*per), min(in.H, (q+1)*per)
	}
	if g.A != nil {
		low, high := first, last
		if t.dx != nil {
			l, h := d.reachAt(q)
			low, high = min(low, l), max(high, h)
		}
		if y := gs.advance(low, high); y < high {
			at := (n*t.oh + y) * t.ow
			norm.AffineRows(gs.at(y), c, g.G[at*g.LD:], g.LD, g.Y[at*g.LDY:], g.LDY, (high-y)*t.ow, g.A[:c], g.B[:c], g.C[:c])
		}
		dy, dyAhead = gs.buf, nil
	}
	if in.Fold != nil {
		low, high := a.reachAt(q)
		if t.dx != nil {
			low, high = min(low, top), max(high, bottom)
		}
		a.foldRows(xs, in, in.Fold, n, low, high)
		x, xAhead = xs.buf, nil
	}
	args := &a.scratch[i]
	args.mode = a.mode
	args.lo, args.hi = a.act.Bounds()
	kernel := a.k.correlate
	if a.act != activation.Identity {
		kernel = a.k.correlateAct
	}
	size := len(a.plans[0].w)
	a.fetchAhead(args, q*tallRows, xAhead, dyAhead)
	for b := range a.plans {
		a.pass.band(args, &a.plans[b], kernel, q*tallRows, x, xs.base, dy, gs.base, a.zeros, a.part[i*size:][:size])
	}
	if top == bottom {
		return
	}
	args = &d.scratch[i]
	args.mode = d.mode
	args.lo, args.hi = activation.Identity.Bounds()
	out, outTop := rows, top
	if !d.throughX {
		out, outTop = t.dx[n*d.outLen:], 0
	}
	d.fetchAhead(args, q*tallRows, nil, t.dx[n*in.H*in.W*t.lddx:])
	for b := range d.plans {
		d.pass.band(args, &d.plans[b], d.k.convolve, q*tallRows, dy, gs.base, out, outTop, d.zeros, d.plans[b].w)
	}
	switch {
	case in.Fold != nil:
		s, at := t.sums[n*2*c:][:2*c], (n*in.H+top)*in.W
		in.Fold.Gradient(t.dx[at*t.lddx:], t.lddx, xs.at(top), c, in.X[at*in.LD:], in.LD, (bottom-top)*in.W, s[:c], s[c:])
	case d.throughX:
		for y := top; y < bottom; y++ {
			storeThrough(in, c, t.dx, t.lddx, rows[(y-top)*d.pass.rowO:][:d.pass.rowO], (n*in.H+y)*in.W, t.add)
		}
	}
}
