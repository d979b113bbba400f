package attention

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
	"github.com/oneshot-nas/oneshot/kernels/gemm"
	"github.com/oneshot-nas/oneshot/kernels/memory"
	"github.com/oneshot-nas/oneshot/kernels/parallel"
	"github.com/oneshot-nas/oneshot/kernels/softmax"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// Attention is the shape of a scaled dot-product attention of several heads (Vaswani et al. 2017, arXiv 1706.03762): for each sequence of a
// batch and each head,
//
//	O = softmax(Scale·Q·Kᵀ + mask)·V
//
// with Q [Queries][Dim], K [Keys][Dim], V [Keys][ValueDim] and O [Queries][ValueDim].
type Attention struct {
	Batch, Heads  int
	Queries, Keys int
	Dim, ValueDim int
	Scale         float32
	Causal        bool // query i sees the keys 0 to i alone
}

// MACs is the number of multiply-adds of a forward pass, of what is seen.
func (a Attention) MACs() int {
	pairs := a.Queries * a.Keys
	if a.Causal {
		n := min(a.Queries, a.Keys) // queries that see one key more than the one before
		pairs = n*(n+1)/2 + (a.Queries-n)*a.Keys
	}
	return a.Batch * a.Heads * pairs * (a.Dim + a.ValueDim)
}

// Rows is where the rows of an operand lie: position t of sequence b begins b·Sequence + t·LD floats behind the first, and its heads are
// side by side. That is how a linear layer leaves them, whichever of the axes of batch and time comes first.
type Rows struct {
	Data         []float32
	Sequence, LD int
}

// Mask is added to the scores of query i and key j of sequence b: Data[b·Sequence + i·LD + j], for all heads. Distances of zero make it the
// same for all sequences, or queries. Without Data there is none. A key at -Inf is not seen; where a query sees none, its output is zero.
type Mask = Rows

// head is the rows of a head from position t on, as a matrix.
func (r Rows) head(b, h, width, t int) gemm.Matrix {
	return gemm.Matrix{Data: r.Data[b*r.Sequence+t*r.LD+h*width:], LD: r.LD}
}

func (r Rows) check(op, name string, batch, rows, cols int) {
	if batch == 0 || rows == 0 {
		return
	}
	if r.Sequence < 0 || r.LD < 0 {
		fault.Shape(op, fmt.Sprintf("%s with distances of %d and %d", name, r.Sequence, r.LD), "none negative")
	}
	fault.CheckLen(op, name, len(r.Data), (batch-1)*r.Sequence+(rows-1)*r.LD+cols)
}

// Forward computes o from q, k and v. lse [Batch][Heads][Queries] receives the logarithm of the sum of the exponentials of a query's
// scores, +Inf if it sees nothing: all that [Attention.Backward] needs to compute them again.
func (a Attention) Forward(o, q, k, v Rows, mask Mask, lse []float32) {
	const op = "attention.Forward"
	a.check(op, q, k, v, mask, lse)
	o.check(op, "o", a.Batch, a.Queries, a.Heads*a.ValueDim)
	blocks := ceil(a.Queries, block)
	run(&task{Attention: a, q: q, k: k, v: v, o: o, mask: mask, lse: lse, blocks: blocks}, a.Batch*a.Heads*blocks, 2)
}

// Backward adds the gradients of q, k and v to dq, dk and dv, of which those without Data are not wanted, from do, that of o. All else is
// as Forward has read or left it.
func (a Attention) Backward(dq, dk, dv, do, q, k, v, o Rows, mask Mask, lse []float32) {
	const op = "attention.Backward"
	a.check(op, q, k, v, mask, lse)
	for _, r := range []struct {
		Rows
		name        string
		rows, width int
	}{
		{o, "o", a.Queries, a.ValueDim}, {do, "do", a.Queries, a.ValueDim},
		{dq, "dq", a.Queries, a.Dim}, {dk, "dk", a.Keys, a.Dim}, {dv, "dv", a.Keys, a.ValueDim},
	} {
		if r.Data != nil {
			r.check(op, r.name, a.Batch, r.rows, a.Heads*r.width)
		}
	}
	heads := a.Batch * a.Heads
	t := task{Attention: a, q: q, k: k, v: v, o: o, mask: mask, lse: lse, do: do, dq: dq, dk: dk, dv: dv, backward: true, blocks: 1}
	// A head is computed at once, five products to a pair of blocks, unless that leaves threads idle: then the gradients of the keys come
	// first, and what those of the queries need is computed once more, which makes seven. The order of all sums is the same.
	if threads := parallel.Threads(); 5*ceil(heads, threads)*threads <= 7*heads {
		run(&t, heads, 5)
		return
	}
	if keys := t; dk.Data != nil || dv.Data != nil {
		keys.dq = Rows{}
		keys.blocks, keys.byKeys = ceil(a.Keys, block), true
		run(&keys, heads*keys.blocks, 4)
	}
	if dq.Data != nil {
		t.dk, t.dv = Rows{}, Rows{}
		t.blocks = ceil(a.Queries, block)
		run(&t, heads*t.blocks, 3)
	}
}

func (a Attention) check(op string, q, k, v Rows, mask Mask, lse []float32) {
	if a.Batch < 0 || a.Heads < 1 || a.Queries < 1 || a.Keys < 1 || a.Dim < 1 || a.ValueDim < 1 {
		fault.Shape(op, fmt.Sprintf("%+v", a), "at least one of everything but sequences")
	}
	q.check(op, "q", a.Batch, a.Queries, a.Heads*a.Dim)
	k.check(op, "k", a.Batch, a.Keys, a.Heads*a.Dim)
	v.check(op, "v", a.Batch, a.Keys, a.Heads*a.ValueDim)
	if mask.Data != nil {
		mask.check(op, "mask", a.Batch, a.Queries, a.Keys)
	}
	fault.CheckLen(op, "lse", len(lse), a.Batch*a.Heads*a.Queries)
}

func ceil(n, m int) int { return (n + m - 1) / m }

// block is how many queries and keys are looked at together. A block of scores, or two of them backwards, stays in the level-2 cache, and
// whole tiles of all micro kernels of gemm fit, so that it is multiplied as it lies. It decides the order of sums.
const block = 144

// task is a pass of an attention. A chunk is a block of queries of one head forward; backward it is a head, or one block of its keys or its
// queries.
type task struct {
	Attention
	q, k, v, o       Rows
	mask             Mask
	lse              []float32
	do, dq, dk, dv   Rows
	backward, byKeys bool
	blocks           int // of a head: chunks
}

var tasks parallel.FreeList[task]

// run runs a pass of so many products.
func run(call *task, chunks, products int) {
	t := tasks.Get()
	defer tasks.Put(t)
	*t = *call
	parallel.Run(chunks, products*t.Batch*t.Heads*t.Queries*t.Keys*t.Dim/32, t)
	*t = task{}
}

// scratch is what a chunk works with.
type scratch struct {
	gemm          gemm.Local
	scores, slope []float32 // [block][block]: scores and then probabilities, and their gradients
	rows          []softmax.Running
	close         []float32 // forward: the queries
	lse, delta    []float32 // backward, of each query: −lse, and −Σ do⊙o
}

var scratches parallel.FreeList[scratch]

func (t *task) Chunk(w *parallel.Worker, i int) {
	s := scratches.Get()
	defer scratches.Put(s)
	if s.scores == nil {
		s.scores = memory.Aligned(block * block)
	}
	head, n := i/t.blocks, i%t.blocks
	b, h := head/t.Heads, head%t.Heads
	switch {
	case !t.backward:
		t.forward(w, s, b, h, n*block)
	case t.blocks == 1:
		t.gradients(w, s, b, h, 0, t.Queries, 0, t.Keys)
	case t.byKeys:
		t.gradients(w, s, b, h, 0, t.Queries, n*block, min((n+1)*block, t.Keys))
	default:
		t.gradients(w, s, b, h, n*block, min((n+1)*block, t.Queries), 0, t.Keys)
	}
}

// forward computes the output of a block of queries, from position i0 on: as it goes over the keys, the output is that of a softmax over
// those that it has seen, but for the division by its sum.
func (t *task) forward(w *parallel.Worker, s *scratch, b, h, i0 int) {
	m := min(block, t.Queries-i0)
	q, o := s.closeUp(t.q.head(b, h, t.Dim, i0), m, t.Dim), t.o.head(b, h, t.ValueDim, i0)
	s.rows = s.rows[:0]
	for range m {
		s.rows = append(s.rows, softmax.NewRunning())
	}
	for j0 := 0; j0 < t.visible(i0+m-1); j0 += block {
		n := min(block, t.Keys-j0)
		k, v := t.k.head(b, h, t.Dim, j0), t.v.head(b, h, t.ValueDim, j0)
		k.Trans = true
		var keep float32
		if t.mask.Data != nil {
			keep = 1
			for r := range m {
				copy(s.scores[r*n:][:n], t.mask.Data[b*t.mask.Sequence+(i0+r)*t.mask.LD+j0:])
			}
		}
		scores := gemm.Matrix{Data: s.scores, LD: n}
		s.gemm.Mul(w, m, n, t.Dim, t.Scale, q, k, keep, scores)
		for r := range m {
			row := s.scores[r*n:][:n]
			seen := min(max(t.visible(i0+r)-j0, 0), n)
			clear(row[seen:])
			if factor := s.rows[r].Add(row[:seen]); factor != 1 && j0 > 0 {
				out := o.Data[r*o.LD:][:t.ValueDim]
				vec.LocalScale(out, factor, out)
			}
		}
		keep = 1
		if j0 == 0 {
			keep = 0
		}
		s.gemm.Mul(w, m, t.ValueDim, n, 1, scores, v, keep, o)
	}
	lse := t.lse[(b*t.Heads+h)*t.Queries+i0:]
	for r := range s.rows {
		row := &s.rows[r]
		lse[r] = float32(row.LogSum())
		if row.Sum == 0 {
			lse[r] = float32(math.Inf(1))
			continue
		}
		out := o.Data[r*o.LD:][:t.ValueDim]
		vec.LocalScale(out, float32(1/row.Sum), out)
	}
}

// closeUp copies the rows of a matrix that several products read: as far apart as those of all heads together are, gemm would copy them for
// each.
func (s *scratch) closeUp(x gemm.Matrix, rows, cols int) gemm.Matrix {
	if n := rows * cols; cap(s.close) < n {
		s.close = memory.Aligned(block * cols)
	}
	s.close = s.close[:rows*cols]
	for r := range rows {
		copy(s.close[r*cols:][:cols], x.Data[r*x.LD:])
	}
	return gemm.Matrix{Data: s.close, LD: cols}
}

// visible is how many keys a query sees.
func (t *task) visible(i int) int {
	if t.Causal {
		return min(i+1, t.Keys)
	}
	return t.Keys
}

// gradients adds up what the queries iLo to iHi-1 and the keys jLo to jHi-1 have to do with each other. Scores are computed with keys as
// rows, so that what the queries have subtracted is a row that all begin with: with P = exp(Scale·K·Qᵀ − lse) and G = P⊙(V·dOᵀ − Σ dO⊙O),
//
//	dV += P·dO,  dK += Scale·G·Q,  dQ += Scale·Gᵀ·K
func (t *task) gradients(w *parallel.Worker, s *scratch, b, h, iLo, iHi, jLo, jHi int) {
	if s.slope == nil {
		s.slope = memory.Aligned(block * block)
	}
	t.perQuery(s, b, h, iLo, iHi)
	for j0 := jLo; j0 < jHi; j0 += block {
		n := min(block, t.Keys-j0)
		k, v := t.k.head(b, h, t.Dim, j0), t.v.head(b, h, t.ValueDim, j0)
		for i0 := iLo; i0 < iHi; i0 += block {
			m := min(block, t.Queries-i0)
			if t.visible(i0+m-1) <= j0 {
				continue
			}
			q, do := t.q.head(b, h, t.Dim, i0), t.do.head(b, h, t.ValueDim, i0)
			t.probabilities(w, s, b, i0, m, j0, n, q, k, s.lse[i0-iLo:][:m])
			p := gemm.Matrix{Data: s.scores, LD: m}
			if t.dv.Data != nil {
				s.gemm.Mul(w, n, t.ValueDim, m, 1, p, do, 1, t.dv.head(b, h, t.ValueDim, j0))
			}
			if t.dk.Data == nil && t.dq.Data == nil {
				continue
			}
			g := gemm.Matrix{Data: s.slope, LD: m}
			repeat(s.slope, s.delta[i0-iLo:][:m], n)
			do.Trans = true
			s.gemm.Mul(w, n, m, t.ValueDim, 1, v, do, 1, g)
			vec.LocalMul(s.slope[:n*m], s.slope[:n*m], s.scores[:n*m])
			if t.dk.Data != nil {
				s.gemm.Mul(w, n, t.Dim, m, t.Scale, g, q, 1, t.dk.head(b, h, t.Dim, j0))
			}
			if t.dq.Data != nil {
				g.Trans = true
				s.gemm.Mul(w, m, t.Dim, n, t.Scale, g, k, 1, t.dq.head(b, h, t.Dim, i0))
			}
		}
	}
}

// perQuery finds −lse and −Σ dO⊙O of the queries from lo to hi-1.
func (t *task) perQuery(s *scratch, b, h, lo, hi int) {
	s.lse, s.delta = s.lse[:0], s.delta[:0]
	o, do := t.o.head(b, h, t.ValueDim, 0), t.do.head(b, h, t.ValueDim, 0)
	for i := lo; i < hi; i++ {
		s.lse = append(s.lse, -t.lse[(b*t.Heads+h)*t.Queries+i])
		s.delta = append(s.delta, -float32(vec.LocalDot(o.Data[i*o.LD:][:t.ValueDim], do.Data[i*do.LD:][:t.ValueDim])))
	}
}

// probabilities computes those of n keys, as rows, and m queries again.
func (t *task) probabilities(w *parallel.Worker, s *scratch, b, i0, m, j0, n int, q, k gemm.Matrix, lse []float32) {
	repeat(s.scores, lse, n)
	t.addMask(s.scores, b, i0, m, j0, n)
	q.Trans = true
	s.gemm.Mul(w, n, m, t.Dim, t.Scale, k, q, 1, gemm.Matrix{Data: s.scores, LD: m})
	vec.LocalExp(s.scores[:n*m], s.scores[:n*m])
	if t.Causal {
		for c := range n { // key j0+c is seen from query j0+c on
			clear(s.scores[c*m:][:min(max(j0+c-i0, 0), m)])
		}
	}
}

// addMask adds the mask of n keys, as rows, and m queries to their scores.
func (t *task) addMask(scores []float32, b, i0, m, j0, n int) {
	if t.mask.Data == nil {
		return
	}
	mask := t.mask.Data[b*t.mask.Sequence+i0*t.mask.LD+j0:]
	if t.mask.LD == 0 { // which keys there are, the same for all queries
		for c, v := range mask[:n] {
			row := scores[c*m:][:m]
			vec.LocalAddScalar(row, row, v)
		}
		return
	}
	for r := range m {
		for c, v := range mask[r*t.mask.LD:][:n] {
			scores[c*m+r] += v
		}
	}
}

// repeat fills so many rows with row.
func repeat(dst, row []float32, rows int) {
	for r := range rows {
		copy(dst[r*len(row):], row)
	}
}
