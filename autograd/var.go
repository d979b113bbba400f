package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Var is a value on a tape.
type Var struct {
	// Value holds what an operation has computed. Once it has been given back, it is [tensor.Released]: see [Tape.Keep].
	Value tensor.Tensor

	tape   *Tape
	fate   fate
	kept   bool       // see Keep
	scalar [1]float32 // a single element, after Backward
	final  *buffer    // gradient of a value that is kept, until Backward has gone through the operation that made it

	buf  *buffer // owner of Value; nil for a leaf that belongs to somebody else
	grad *buffer // gradient in the shape of Value, maybe shared with other Vars (refs > 1)
	lazy lazy
	// needs says whether a gradient is wanted: false for inputs of the network and all that depends on them alone.
	needs bool
	// sums of the values per channel, collected by the operation that made them, for a batch norm that follows.
	sum, sumsq []float64
	hasSums    bool
}

// buffer is a piece of the arena with several owners, or a window of another buffer, of which it is one owner.
type buffer struct {
	data []float32
	// ld is the distance between the rows of a gradient, which are as long as those of the value that it belongs to.
	ld     int
	refs   int
	parent *buffer
}

// lazy is a gradient that is known as a⊙g + b⊙value + c per channel and has not been written down.
type lazy struct {
	g       *buffer
	a, b, c []float32
}

var (
	vars    = varSlabs{newSlab[Var](), newSlab[Var]()}
	buffers = newSlab[buffer]()
)

// Grad returns the gradient of v once Backward has reached it, the zero Tensor if there is none. It is meant for leaves
// made with [Tape.Variable], and for values that are kept ([Tape.Keep]): gradients of other values are given back as soon as they
// have been used.
func (v *Var) Grad() tensor.Tensor {
	if v == nil || v.tape == nil || v.fate != inUse && !v.kept {
		refuse("autograd.Var.Grad", v, "the Var")
	}
	v.tape.asked = true
	if v.grad == nil {
		return tensor.Tensor{}
	}
	return tensor.WrapLike(v.grad.data[:v.Value.Len()], v.Value)
}

// RequiresGrad says whether a gradient of v will be wanted: whether it depends on a [Tape.Variable], or on a parameter that is not frozen.
func (v *Var) RequiresGrad() bool { return v.needs }

// Constant makes a value available on the tape without wanting its gradient. The tape does not own its memory.
func (tp *Tape) Constant(t tensor.Tensor) *Var {
	if t.Rank() == 0 && t.IsZero() {
		panic(tensor.ShapeError{Op: "autograd.Tape.Constant", Got: "the zero Tensor",
			Want: "a tensor with elements, or with an axis of none"})
	}
	v := vars.get(tp)
	v.Value = t
	return v
}

// Variable is Constant with a gradient, which [Var.Grad] returns after Backward.
func (tp *Tape) Variable(t tensor.Tensor) *Var {
	v := tp.Constant(t)
	v.needs = true
	return v
}

// Block calls f and, where nothing is recorded, gives back the memory of all that f has made but its result, and that of
// the values that are consumed: read in f for the last time. So a network runs in the memory of its widest block, without
// a word about memory within blocks:
//
//	x = tp.Block(func() *autograd.Var { return cell.Forward(tp, x) }, x)
//
// While recording, or if something has been recorded and waits for Backward, it only calls f: values go once Backward has used them.
func (tp *Tape) Block(f func() *Var, consumed ...*Var) *Var {
	y, _ := tp.Block2(func() (_, _ *Var) { return f(), nil }, consumed...)
	return y
}

// Block2 is Block for two results, the second of which may be nil.
func (tp *Tape) Block2(f func() (y, z *Var), consumed ...*Var) (y, z *Var) {
	before := len(vars.live(tp))
	y, z = f()
	for i, v := range consumed { // maybe within f already
		if v == nil || v.tape != tp {
			tp.refuse("autograd.Tape.Block", i, len(consumed), v)
		}
	}
	if tp.records || len(tp.ops) > 0 {
		return y, z
	}
	for _, v := range vars.live(tp)[before:] {
		if v != y && v != z {
			tp.forget(v)
		}
	}
	for _, v := range consumed {
		if v != y && v != z {
			tp.forget(v)
		}
	}
	return y, z
}

// output makes a new value of the given shape: dense, or where [Concat.Next] has said.
func (tp *Tape) output(needs bool, shape ...int) *Var {
	v := vars.get(tp)
	v.needs = needs
	if tp.place != nil {
		tp.place.take(tp, v, shape...)
		return v
	}
	v.buf = tp.buffer(tensor.Size(shape...))
	v.Value = tensor.Wrap(v.buf.data, shape...)
	return v
}

// denseOutput is output for operations that cannot leave gaps between rows.
func (tp *Tape) denseOutput(needs bool, shape ...int) *Var {
	tp.place = nil // Concat.Join will copy
	return tp.output(needs, shape...)
}

// outputLike is output in the shape of t.
func (tp *Tape) outputLike(needs bool, t tensor.Tensor) *Var {
	shape, rank := dims(t)
	return tp.output(needs, shape[:rank]...)
}

// denseOutputLike is denseOutput in the shape of t.
func (tp *Tape) denseOutputLike(needs bool, t tensor.Tensor) *Var {
	shape, rank := dims(t)
	return tp.denseOutput(needs, shape[:rank]...)
}

// dims is t.Shape without an allocation.
func dims(t tensor.Tensor) (shape [tensor.MaxRank]int, rank int) {
	for i := range t.Rank() {
		shape[i] = t.Dim(i)
	}
	return shape, t.Rank()
}

// buffer returns n floats of the arena with one owner.
func (tp *Tape) buffer(n int) *buffer {
	b := buffers.get(tp)
	*b = buffer{data: tp.arena.Get(n), refs: 1}
	return b
}

// gradient returns a dense buffer in the shape of v's value.
func (tp *Tape) gradient(v *Var) *buffer {
	b := tp.buffer(v.Value.Len())
	b.ld = v.Value.Cols()
	return b
}

// window returns the columns of b from lo on as a buffer of its own, with one owner.
func (tp *Tape) window(b *buffer, lo int) *buffer {
	b.refs++
	w := buffers.get(tp)
	*w = buffer{data: from(b.data, lo), ld: b.ld, refs: 1, parent: b}
	return w
}

// unref gives up one ownership of b.
func (tp *Tape) unref(b *buffer) {
	if b == nil {
		return
	}
	if b.refs--; b.refs > 0 {
		return
	}
	if b.parent != nil {
		tp.unref(b.parent)
	} else {
		tp.arena.Put(b.data)
	}
	b.data, b.parent = nil, nil
}

// drop gives up the value and the gradient of v.
func (tp *Tape) drop(v *Var) {
	tp.unref(v.buf)
	tp.unref(v.grad)
	tp.unref(v.lazy.g)
	v.buf, v.grad, v.lazy = nil, nil, lazy{}
	v.hasSums = false
}

// gradOf returns the gradient of v, writing down a lazy one; nil if there is none.
func (tp *Tape) gradOf(v *Var) *buffer {
	tp.materialise(v)
	return v.grad
}

// denseGradOf is gradOf for operations that want no gaps between rows.
func (tp *Tape) denseGradOf(v *Var) []float32 {
	if tp.gradOf(v) == nil {
		return nil
	}
	if v.grad.ld != v.Value.Cols() {
		tp.own(v)
	}
	return v.grad.data[:v.Value.Len()]
}

// own replaces the gradient of v by a dense copy that belongs to v alone.
func (tp *Tape) own(v *Var) {
	b := tp.gradient(v)
	vec.CopyRows(b.data, b.ld, v.grad.data, v.grad.ld, v.Value.Rows(), v.Value.Cols())
	tp.unref(v.grad)
	v.grad = b
}

// contribute returns where a contribution to the gradient of v is to be written, which has no gaps between rows, and whether it is to be
// added to what is there.
func (tp *Tape) contribute(v *Var) (grad *buffer, add bool) {
	tp.materialise(v)
	if v.grad == nil {
		v.grad = tp.gradient(v)
		return v.grad, false
	}
	if tp.borrowed(v) {
		tp.own(v)
	}
	return v.grad, true
}

// borrowed reports whether the gradient of v cannot be added to, as somebody else reads it, or had better not be: to windows of a gradient,
// whose rows the processor does not foresee, adding takes two to four times as long as to rows without gaps.
func (tp *Tape) borrowed(v *Var) bool { return v.grad.refs > 1 || v.grad.ld != v.Value.Cols() }

// contributeDense is contribute for operations on vectors.
func (tp *Tape) contributeDense(v *Var) (grad []float32, add bool) {
	g, add := tp.contribute(v)
	return g.data[:v.Value.Len()], add
}

// contributeShared adds the gradient g to that of v. If it is the first contribution, nothing is copied.
func (tp *Tape) contributeShared(v *Var, g *buffer) {
	if v.grad == nil && v.lazy.g == nil {
		g.refs++
		v.grad = g
		return
	}
	tp.contributeRows(v, g.data, g.ld)
}

// contributeRows adds a gradient that belongs to nobody on the tape, with rows ld apart.
func (tp *Tape) contributeRows(v *Var, g []float32, ld int) {
	rows, cols := v.Value.Rows(), v.Value.Cols()
	tp.materialise(v)
	switch old := v.grad; {
	case old == nil:
		v.grad = tp.gradient(v)
		vec.CopyRows(v.grad.data, cols, g, ld, rows, cols)
	case tp.borrowed(v): // copied as it is added to
		v.grad = tp.gradient(v)
		tp.terms = append(tp.terms[:0], norm.Term{X: old.data, LD: old.ld}, norm.Term{X: g, LD: ld})
		norm.ApplySum(v.grad.data, rows, cols, cols, tp.terms)
		tp.unref(old)
	default:
		vec.AddToRows(old.data, old.ld, g, ld, rows, cols)
	}
}

// contributeLazy adds a⊙g + b⊙value + c to the gradient of v, without writing it down if it is the first contribution.
// The coefficients must stay untouched until v has been dropped.
func (tp *Tape) contributeLazy(v *Var, g *buffer, a, b, c []float32) {
	if v.grad == nil && v.lazy.g == nil {
		g.refs++
		v.lazy = lazy{g, a, b, c}
		return
	}
	grad, add := tp.contribute(v)
	affine(grad, add, v, g, a, b, c)
}

// materialise writes down a lazy gradient.
func (tp *Tape) materialise(v *Var) {
	if v.lazy.g == nil {
		return
	}
	l := v.lazy
	v.grad = tp.gradient(v)
	affine(v.grad, false, v, l.g, l.a, l.b, l.c)
	v.lazy = lazy{}
	tp.unref(l.g)
}

func affine(dst *buffer, add bool, v *Var, g *buffer, a, b, c []float32) {
	norm.Affine(dst.data, dst.ld, add, g.data, g.ld, v.Value.Data, v.Value.LD(), v.Value.Rows(), v.Value.Cols(), a, b, c)
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// resizeKeep is resize that keeps the elements' own buffers when it grows.
func resizeKeep[T any](s []T, n int) []T {
	if cap(s) < n {
		s = append(s[:cap(s)], make([]T, n-cap(s))...)
	}
	return s[:n]
}

func shapeOf(v *Var) string { return fmt.Sprint(v.Value.Shape()) }

// rank4 panics unless v is an image batch.
func rank4(op string, v *Var) (n, h, w, c int) {
	if v.Value.Rank() != 4 {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(v), Want: "[N][H][W][C]"})
	}
	return v.Value.Dim(0), v.Value.Dim(1), v.Value.Dim(2), v.Value.Dim(3)
}
