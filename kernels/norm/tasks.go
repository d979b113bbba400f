package norm

import (
	"unsafe"

	"github.com/oneshot-nas/oneshot/kernels/activation"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
)

// chunkFloats is how many values a chunk holds: small enough to balance, large enough to pay for handing it out. Sums are
// float32 within a chunk and float64 beyond.
const chunkFloats = 32 << 10

// blockFloats is how many values of each operand the multi-operand loops touch at a time, so that what they touch again
// is still in the level-1 cache.
const blockFloats = 2 << 10

// cut is how rows × c values are cut into chunks, by their shape alone.
type cut struct{ rows, perChunk, chunks int }

func cutRows(rows, c int) cut {
	per := max(4, chunkFloats/c)
	return cut{rows, per, (rows + per - 1) / per}
}

// at returns the rows of chunk i.
func (k cut) at(i int) (lo, hi int) { return i * k.perChunk, min((i+1)*k.perChunk, k.rows) }

// partial holds one row of float32 sums per chunk.
type partial struct {
	sums []float32
	n    int
}

func (p *partial) reset(chunks, n int) {
	if p.n = n; cap(p.sums) < chunks*n {
		p.sums = make([]float32, chunks*n)
	}
	p.sums = p.sums[:chunks*n]
	clear(p.sums)
}

func (p *partial) of(chunk int) []float32 { return p.sums[chunk*p.n:][:p.n] }

// total sets dst to the sums at offset off of every chunk's row, added in chunk order.
func (p *partial) total(dst []float64, off int) {
	clear(dst)
	for i := off; i < len(p.sums); i += p.n {
		addWide(dst, p.sums[i:])
	}
}

// addWide adds float32 sums to float64 ones.
func addWide(dst []float64, sums []float32) {
	for j, v := range sums[:len(dst)] {
		dst[j] += float64(v)
	}
}

type statsTask struct {
	k     *kernels
	x     []float32
	c, ld int
	cut   cut
	part  partial
	// Of wide rows, a chunk is wideCols columns, and its sums go here at once: a row of partial sums would be as long as a row of values.
	sum, sumsq []float64
}

// wide is the number of columns from which the sums of a chunk of rows take much of the memory traffic.
const wide, wideCols = 2 << 10, 512

var statsTasks parallel.FreeList[statsTask]

func runStats(k *kernels, x []float32, rows, c, ld int, sum, sumsq []float64) {
	t := statsTasks.Get()
	defer statsTasks.Put(t)
	t.k, t.x, t.c, t.ld, t.cut = k, x, c, ld, cutRows(rows, c)
	if c >= wide {
		t.sum, t.sumsq = sum[:c], sumsq[:c]
		parallel.Run((c+wideCols-1)/wideCols, rows*c/4, t)
		t.x, t.sum, t.sumsq = nil, nil, nil
		return
	}
	t.part.reset(t.cut.chunks, 2*c)
	parallel.Run(t.cut.chunks, rows*c/4, t)
	t.part.total(sum[:c], 0)
	t.part.total(sumsq[:c], c)
	t.x = nil
}

func (t *statsTask) Chunk(w *parallel.Worker, i int) {
	if t.sum == nil {
		p := t.part.of(i)
		t.rows(i, 0, p[:t.c], p[t.c:])
		return
	}
	col := i * wideCols
	n := min(wideCols, t.c-col)
	sum, sumsq := t.sum[col:][:n], t.sumsq[col:][:n]
	clear(sum)
	clear(sumsq)
	p := w.Scratch(2 * n)
	for i := range t.cut.chunks {
		clear(p)
		t.rows(i, col, p[:n], p[n:])
		addWide(sum, p[:n])
		addWide(sumsq, p[n:])
	}
}

// rows adds up chunk i of the rows, from column col on.
func (t *statsTask) rows(i, col int, sum, sumsq []float32) {
	lo, hi := t.cut.at(i)
	step := max(4, blockFloats/t.c)
	for ; lo < hi; lo += step {
		t.k.stats(t.x[lo*t.ld+col:], min(step, hi-lo), t.ld, sum, sumsq)
	}
}

type applyTask struct {
	k           *kernels
	dst         []float32
	c, ld       int
	terms       []Term
	act         activation.Func
	cut         cut
	nonTemporal bool // the caches
	// Scale and shift of a term without.
	ones, zeros []float32
}

var applyTasks parallel.FreeList[applyTask]

func runApply(k *kernels, dst []float32, rows, c, ld int, terms []Term, act activation.Func) {
	t := applyTasks.Get()
	defer applyTasks.Put(t)
	t.k, t.dst, t.c, t.ld, t.act, t.cut = k, dst, c, ld, act, cutRows(rows, c)
	t.terms = append(t.terms[:0], terms...)
	t.nonTemporal = k.scaleNonTemporal != nil && len(terms) == 1 && isLarge(dst, rows, c, ld) && &terms[0].X[0] != &dst[0]
	for len(t.ones) < c {
		t.ones, t.zeros = append(t.ones, 1), append(t.zeros, 0)
	}
	for i := range t.terms {
		if x := &t.terms[i]; x.Scale == nil {
			x.Scale, x.Shift = t.ones, t.zeros
		}
	}
	parallel.Run(t.cut.chunks, rows*c*max(1, len(terms))/4, t)
	clear(t.terms)
	t.dst = nil
}

// isLarge reports whether rows × c values had better be written past the caches, and can be in whole lines.
func isLarge(dst []float32, rows, c, ld int) bool {
	return cpu.NonTemporal(4*rows*c) && c%16 == 0 && ld%16 == 0 && uintptr(unsafe.Pointer(&dst[0]))%64 == 0
}

// Chunk takes the chunks from the last to the first: the end of what the sums went over is still in cache.
func (t *applyTask) Chunk(_ *parallel.Worker, i int) {
	lo, hi := t.cut.at(t.cut.chunks - 1 - i)
	step := max(1, blockFloats/t.c)
	for ; lo < hi; lo += step {
		n := min(step, hi-lo)
		if len(t.terms) == 0 {
			for r := lo; r < lo+n; r++ {
				clear(t.dst[r*t.ld:][:t.c])
			}
		}
		if t.k.scaleTwo != nil {
			t.pairs(lo, n)
			continue
		}
		for j := range t.terms {
			x := &t.terms[j]
			if t.nonTemporal {
				low, high := t.act.Bounds()
				t.k.scaleNonTemporal(t.dst[lo*t.ld:], t.ld, x.X[lo*x.LD:], x.LD, n, x.Scale[:t.c], x.Shift[:t.c], low, high)
				continue
			}
			t.k.scale(t.dst[lo*t.ld:], t.ld, x.X[lo*x.LD:], x.LD, n, x.Scale[:t.c], x.Shift[:t.c], j > 0)
		}
		if !t.nonTemporal {
			activate(t.dst[lo*t.ld:], t.ld, n, t.c, t.act)
		}
	}
}

// pairs sums the terms of n rows from row lo on two by two, and passes the activation with the last ones. Of an odd number, the first comes
// alone.
func (t *applyTask) pairs(lo, n int) {
	dst, terms := t.dst[lo*t.ld:], t.terms
	low, high := activation.Identity.Bounds()
	if len(terms)%2 == 1 {
		x := &terms[0]
		terms = terms[1:]
		if len(terms) == 0 {
			low, high = t.act.Bounds()
		}
		t.k.scaleClamp(dst, t.ld, x.X[lo*x.LD:], x.LD, n, x.Scale[:t.c], x.Shift[:t.c], low, high)
	}
	for ; len(terms) > 0; terms = terms[2:] {
		if len(terms) == 2 {
			low, high = t.act.Bounds()
		}
		x, z := &terms[0], &terms[1]
		t.k.scaleTwo(dst, t.ld, x.X[lo*x.LD:], x.LD, z.X[lo*z.LD:], z.LD, n, x.Scale[:t.c], x.Shift[:t.c], z.Scale[:t.c], z.Shift[:t.c],
			len(terms) < len(t.terms), low, high)
	}
}

type gradSumsTask struct {
	k     *kernels
	g     []float32
	c, ld int
	terms []Term
	gate  gate
	dst   []float32 // what goes through the gate, if somebody wants it
	ldd   int
	cut   cut
	part  partial
}

var gradSumsTasks parallel.FreeList[gradSumsTask]

func runGradSums(k *kernels, g []float32, rows, c, ld int, terms []Term, gate gate, dst []float32, ldd int, sumG []float64,
	sumGX [][]float64) {
	t := gradSumsTasks.Get()
	defer gradSumsTasks.Put(t)
	t.k, t.g, t.c, t.ld, t.gate, t.dst, t.ldd, t.cut = k, g, c, ld, gate, dst, ldd, cutRows(rows, c)
	t.terms = append(t.terms[:0], terms...)
	// Per chunk: Σg, what comes with it or with the terms and nobody wants, then Σg·x of every term.
	t.part.reset(t.cut.chunks, (2+len(terms))*c)
	parallel.Run(t.cut.chunks, rows*c*(1+len(terms))/4, t)
	t.part.total(sumG[:c], 0)
	for i := range terms {
		t.part.total(sumGX[i][:c], (2+i)*c)
	}
	clear(t.terms)
	t.g, t.gate.y, t.dst = nil, nil, nil
}

func (t *gradSumsTask) Chunk(w *parallel.Worker, i int) {
	lo, hi := t.cut.at(i)
	p := t.part.of(i)
	step := max(4, blockFloats/t.c)
	for ; lo < hi; lo += step {
		n := min(step, hi-lo)
		if t.gate.act != activation.Identity && t.dst == nil && t.k.gradSumsGate != nil && len(t.terms) == 1 {
			x := &t.terms[0]
			t.k.gradSumsGate(t.g[lo*t.ld:], t.ld, x.X[lo*x.LD:], x.LD, t.gate.y[lo*t.gate.ld:], t.gate.ld, n, p[:t.c], p[2*t.c:3*t.c],
				t.gate.hi())
			continue
		}
		var g []float32
		var ld int
		if t.dst != nil {
			g, ld = t.dst[lo*t.ldd:], t.ldd
			t.gate.rows(g, ld, t.g[lo*t.ld:], t.ld, lo, n, t.c)
		} else {
			g, ld = t.gate.through(w, t.g, t.ld, lo, n, t.c)
		}
		if len(t.terms) == 0 {
			t.k.stats(g, n, ld, p[:t.c], p[t.c:2*t.c])
		}
		for j := range t.terms {
			x, sum := &t.terms[j], p[:t.c]
			if j > 0 { // nobody wants Σg a second time
				sum = p[t.c : 2*t.c]
			}
			t.k.gradSums(g, ld, x.X[lo*x.LD:], x.LD, n, sum, p[(2+j)*t.c:][:t.c])
		}
	}
}

type affineTask struct {
	k             *kernels
	dst, g, x     []float32
	ldd, ldg, ldx int
	channels      int
	gate          gate
	a, b, c       []float32
	add           bool
	cut           cut
	nonTemporal   bool // the caches
}

var affineTasks parallel.FreeList[affineTask]

func runAffine(k *kernels, dst []float32, ldd int, add bool, g []float32, ldg int, x []float32, ldx int, rows, c int, gate gate, a, b,
	c0 []float32) {
	t := affineTasks.Get()
	defer affineTasks.Put(t)
	*t = affineTask{k, dst, g, x, ldd, ldg, ldx, c, gate, a, b, c0, add, cutRows(rows, c), false}
	t.nonTemporal = k.affineNonTemporal != nil && !add && isLarge(dst, rows, c, ldd) && &dst[0] != &g[0] && &dst[0] != &x[0]
	parallel.Run(t.cut.chunks, rows*c/2, t)
	*t = affineTask{}
}

// Chunk takes the chunks from the last to the first, as applyTask does.
func (t *affineTask) Chunk(w *parallel.Worker, i int) {
	lo, hi := t.cut.at(t.cut.chunks - 1 - i)
	step := max(4, blockFloats/t.channels)
	for ; lo < hi; lo += step {
		n := min(step, hi-lo)
		if t.gate.act != activation.Identity && t.k.affineGate != nil {
			mode := 0
			switch {
			case t.add:
				mode = 1
			case t.nonTemporal:
				mode = 2
			}
			t.k.affineGate(t.dst[lo*t.ldd:], t.ldd, t.g[lo*t.ldg:], t.ldg, t.x[lo*t.ldx:], t.ldx, t.gate.y[lo*t.gate.ld:], t.gate.ld, n,
				t.a, t.b, t.c, t.gate.hi(), mode)
			continue
		}
		g, ld := t.gate.through(w, t.g, t.ldg, lo, n, t.channels)
		if t.nonTemporal {
			t.k.affineNonTemporal(t.dst[lo*t.ldd:], t.ldd, g, ld, t.x[lo*t.ldx:], t.ldx, n, t.a, t.b, t.c)
			continue
		}
		t.k.affine(t.dst[lo*t.ldd:], t.ldd, g, ld, t.x[lo*t.ldx:], t.ldx, n, t.a, t.b, t.c, t.add)
	}
}
