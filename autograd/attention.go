package autograd

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/attention"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// AttentionConfig says what kind of [Attention] it is.
type AttentionConfig struct {
	Heads  int  // into which the columns of queries, keys and values are cut
	Causal bool // query i sees the keys 0 to i alone
	// TimeFirst says that the operands are [T][B][…], as sequences of recurrent networks are, rather than [B][T][…].
	TimeFirst bool
	// Scale is what products of queries and keys are multiplied with; 0 stands for 1/√D.
	Scale float64
	// Mask is added to the scores, -Inf where a key is not to be seen: [Tq][Tk], or [B][Tq][Tk], in which axes but the last may have the
	// length 1. It is the same for all heads, has no gradient, must stay as it is until Backward has run, and may be the zero Tensor.
	Mask tensor.Tensor
}

// Attention computes softmax(scale·Q·Kᵀ + mask)·V for each head of each sequence (Vaswani et al. 2017, arXiv 1706.03762). q is
// [B][Tq][H·D], k [B][Tk][H·D] and v [B][Tk][H·Dv], the heads side by side, as linear layers make them; they may be windows of one value
// ([Window]). The result is [B][Tq][H·Dv]. A query that sees no key has a result of zero.
//
// The scores are computed block by block, and once more backwards, so that memory grows with the length of the sequences, not with its
// square: see [attention.Attention].
func Attention(tp *Tape, q, k, v *Var, c AttentionConfig) *Var {
	tp.Check("autograd.Attention", q, k, v)
	o := attentions.get(tp)
	o.q, o.k, o.v, o.timeFirst = q, k, v, c.TimeFirst
	o.check(&c)
	needs := tp.recording(q) || tp.recording(k) || tp.recording(v)
	shape, rank := dims(q.Value)
	shape[rank-1] = c.Heads * o.attention.ValueDim
	y := tp.output(needs, shape[:rank]...)
	o.y[0] = y
	a := &o.attention
	lse := tp.buffer(a.Batch * a.Heads * a.Queries)
	if y.Value.Len() > 0 {
		a.Forward(o.value(y), o.value(q), o.value(k), o.value(v), o.mask, lse.data)
	}
	if !needs {
		tp.unref(lse)
		return y
	}
	o.lse = lse
	tp.record(o)
	return y
}

type attentionOp struct {
	q, k, v   *Var
	y         [1]*Var
	timeFirst bool
	attention attention.Attention
	mask      attention.Mask
	lse       *buffer
}

var attentions = newSlab[attentionOp]()

// check fills in the sizes, and panics if something does not have them.
func (o *attentionOp) check(c *AttentionConfig) {
	q, k, v := o.q.Value, o.k.Value, o.v.Value
	fail := func(got, want string) { panic(tensor.ShapeError{Op: "autograd.Attention", Got: got, Want: want}) }
	batch, time := 0, 1
	if c.TimeFirst {
		batch, time = 1, 0
	}
	fits := q.Rank() == 3 && k.Rank() == 3 && v.Rank() == 3 && q.Dim(2) == k.Dim(2) && k.Dim(time) == v.Dim(time)
	fits = fits && q.Dim(batch) == k.Dim(batch) && k.Dim(batch) == v.Dim(batch) && q.Dim(2)*v.Dim(2)*q.Dim(time)*k.Dim(time) > 0
	if !fits || c.Heads < 1 || q.Dim(2)%c.Heads != 0 || v.Dim(2)%c.Heads != 0 {
		want := "[B][Tq][H·D], [B][Tk][H·D] and [B][Tk][H·Dv]"
		if c.TimeFirst {
			want = "[Tq][B][H·D], [Tk][B][H·D] and [Tk][B][H·Dv]"
		}
		fail(fmt.Sprintf("q %s, k %s, v %s with %d heads", shapeOf(o.q), shapeOf(o.k), shapeOf(o.v), c.Heads), want)
	}
	d := q.Dim(2) / c.Heads
	scale := c.Scale
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(d))
	}
	o.attention = attention.Attention{Batch: q.Dim(batch), Heads: c.Heads, Queries: q.Dim(time), Keys: k.Dim(time),
		Dim: d, ValueDim: v.Dim(2) / c.Heads, Scale: float32(scale), Causal: c.Causal}
	o.mask = attention.Mask{}
	if c.Mask.IsZero() {
		return
	}
	a, m := o.attention, batchOf(c.Mask, false)
	stretches := func(have, want int) bool { return have == 1 || have == want }
	r := c.Mask.Rank()
	if r < 2 || r > 3 || !c.Mask.Dense() || m.cols != a.Keys || !stretches(m.rows, a.Queries) || !stretches(m.inner, a.Batch) {
		fail(fmt.Sprintf("a mask of %v", c.Mask.Shape()),
			fmt.Sprintf("dense [%d][%d] or [%d][%[1]d][%[2]d], any axis of which but the last may be of length 1", a.Queries, a.Keys, a.Batch))
	}
	o.mask.Data = c.Mask.Data
	if m.rows > 1 {
		o.mask.LD = m.cols
	}
	if m.inner > 1 {
		o.mask.Sequence = m.rows * m.cols
	}
}

// value is where the rows of a value lie.
func (o *attentionOp) value(v *Var) attention.Rows { return o.rows(v, v.Value.Data, v.Value.LD()) }

func (o *attentionOp) rows(v *Var, data []float32, ld int) attention.Rows {
	if o.timeFirst {
		return attention.Rows{Data: data, Sequence: ld, LD: v.Value.Dim(1) * ld}
	}
	return attention.Rows{Data: data, Sequence: v.Value.Dim(1) * ld, LD: ld}
}

func (o *attentionOp) outputs() []*Var { return o.y[:] }

func (o *attentionOp) release(tp *Tape) {
	tp.unref(o.lse)
	o.q, o.k, o.v, o.lse, o.mask.Data = nil, nil, nil, nil, nil
}

func (o *attentionOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil || o.y[0].Value.Len() == 0 {
		return
	}
	dq, dk, dv := o.gradient(tp, o.q), o.gradient(tp, o.k), o.gradient(tp, o.v)
	dy, y := o.rows(o.y[0], g.data, g.ld), o.value(o.y[0])
	o.attention.Backward(dq, dk, dv, dy, o.value(o.q), o.value(o.k), o.value(o.v), y, o.mask, o.lse.data)
}

// gradient is where to add the gradient of a value, if one is wanted.
func (o *attentionOp) gradient(tp *Tape, v *Var) attention.Rows {
	if !v.needs {
		return attention.Rows{}
	}
	d, add := tp.contribute(v)
	if !add {
		vec.FillRows(d.data, d.ld, 0, v.Value.Rows(), v.Value.Cols(), false)
	}
	return o.rows(v, d.data, d.ld)
}
