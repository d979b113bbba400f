package autograd

import (
	"fmt"
	"sync/atomic"

	"github.com/oneshot-nas/oneshot/kernels/norm"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Mode says what a tape is for.
type Mode int

const (
	// Training records operations for Backward and normalises with batch statistics, which also move the running ones.
	Training Mode = iota
	// Inference records nothing and normalises with running statistics.
	Inference
	// BatchStatistics records nothing and normalises with the statistics of the batch at hand; the running ones stay.
	BatchStatistics
	// Recalibration is BatchStatistics and also averages what it sees, apart from the running statistics: the plain mean
	// over batches, weighted by their size, of the batch means and of the biased batch variances. See [Tape.Recalibrate].
	Recalibration
	// Recalibrated records nothing and normalises with the averages that Recalibration has collected on the same tape.
	Recalibrated
)

// Tape records the operations of one step in execution order and owns the memory of everything between parameters and
// loss. A tape serves one goroutine. Call [Tape.Reset] between steps.
type Tape struct {
	mode  Mode
	arena tensor.Arena
	ops   []op

	// calibration is the number of the last Recalibrate: sums collected under another one are stale.
	calibration uint64

	touched []*Param // parameters with a gradient in this step

	vars    slab[Var]
	buffers slab[buffer]

	convs      slab[convOp]
	depthwises slab[depthwiseOp]
	sums       slab[sumOp]
	relus      slab[reluOp]
	pools      slab[poolOp]
	maxes      slab[maxPoolOp]
	globals    slab[globalOp]
	linears    slab[linearOp]
	lstms      slab[lstmOp]
	highways   slab[highwayOp]
	embeddings slab[embeddingOp]
	dropouts   slab[dropoutOp]
	losses     slab[lossOp]
	reshapes   slab[reshapeOp]

	// Scratch of the calls that wrap another one.
	branches []ConvBranch
	sumTerms []Term
	terms    []norm.Term
}

// calibrations numbers the calls of Recalibrate on all tapes.
var calibrations atomic.Uint64

// NewTape returns an empty tape.
func NewTape() *Tape { return &Tape{calibration: calibrations.Add(1)} }

// op is one recorded operation.
type op interface {
	// backward adds to the gradients of the inputs what the gradients of the outputs imply.
	backward(tp *Tape)
	// outputs are released once backward has run.
	outputs() []*Var
	// release returns what the operation holds beyond its outputs.
	release(tp *Tape)
}

// buffer is a piece of the arena with several owners.
type buffer struct {
	data []float32
	refs int
}

// Var is a value on a tape.
type Var struct {
	Value tensor.Tensor

	buf  *buffer // owner of Value; nil for a leaf that belongs to somebody else
	grad *buffer // dense gradient in the shape of Value, maybe shared with other Vars (refs > 1)
	lazy lazy
	// needs says whether a gradient is wanted: false for inputs of the network and all that depends on them alone.
	needs bool
	// sums of the values per channel, collected by the operation that made them, for a batch norm that follows.
	sum, sumsq []float64
	hasSums    bool
}

// lazy is a gradient that is known as a⊙g + b⊙value + c per channel and has not been written down.
type lazy struct {
	g       *buffer
	a, b, c []float32
}

// Grad returns the gradient of v once Backward has reached it, the zero Tensor if there is none. It is meant for leaves
// made with [Tape.Variable]: gradients of intermediate values are given back as soon as they have been used.
func (v *Var) Grad() tensor.Tensor {
	if v.grad == nil {
		return tensor.Tensor{}
	}
	return tensor.Wrap(v.grad.data, v.Value.Shape()...)
}

// Reset forgets the step: all Vars and gradients of the tape become invalid, touched parameters are untouched, and the
// memory is ready for the next step, which is run in the given mode.
func (tp *Tape) Reset(mode Mode) {
	for i := len(tp.ops) - 1; i >= 0; i-- {
		tp.ops[i].release(tp)
	}
	clear(tp.ops)
	tp.ops = tp.ops[:0]
	for _, v := range tp.vars.live() {
		tp.drop(v)
		sum, sumsq := v.sum, v.sumsq
		*v = Var{sum: sum, sumsq: sumsq}
	}
	tp.vars.reset()
	tp.buffers.reset()
	tp.convs.reset()
	tp.depthwises.reset()
	tp.sums.reset()
	tp.relus.reset()
	tp.pools.reset()
	tp.maxes.reset()
	tp.globals.reset()
	tp.linears.reset()
	tp.lstms.reset()
	tp.highways.reset()
	tp.embeddings.reset()
	tp.dropouts.reset()
	tp.losses.reset()
	tp.reshapes.reset()
	for _, p := range tp.touched {
		p.touched = false
	}
	tp.touched = tp.touched[:0]
	tp.mode = mode
}

// Mode is what the tape was reset to.
func (tp *Tape) Mode() Mode { return tp.mode }

// Recalibrate discards what Recalibration has collected: the next batches start afresh.
func (tp *Tape) Recalibrate() { tp.calibration = calibrations.Add(1) }

// Touched lists the parameters that have a gradient in this step, in the order in which Backward reached them.
func (tp *Tape) Touched() []*Param { return tp.touched }

// PeakBytes is the most memory that activations and gradients of this tape have taken at one time.
func (tp *Tape) PeakBytes() int64 { return tp.arena.Peak() }

// Constant makes a value available on the tape without wanting its gradient. The tape does not own its memory.
func (tp *Tape) Constant(t tensor.Tensor) *Var {
	v := tp.vars.get()
	v.Value = t
	return v
}

// Variable is Constant with a gradient, which [Var.Grad] returns after Backward.
func (tp *Tape) Variable(t tensor.Tensor) *Var {
	v := tp.Constant(t)
	v.needs = true
	return v
}

// Release says that nothing will read v any more. In a training step it does nothing: values go once Backward has used
// them. In the other modes it returns the memory at once.
func (tp *Tape) Release(v *Var) {
	if tp.mode != Training {
		tp.drop(v)
		v.Value = tensor.Tensor{}
	}
}

// Seed is a gradient to start a backward pass from.
type Seed struct {
	Var  *Var
	Grad tensor.Tensor // dense, in the shape of the Var's value
}

// Backward starts with a gradient of one at loss and walks the tape to its beginning.
func (tp *Tape) Backward(loss *Var) {
	if loss.Value.Len() != 1 {
		panic(tensor.ShapeError{Op: "autograd.Backward", Got: shapeOf(loss), Want: "a loss of one element"})
	}
	loss.grad = tp.buffer(1)
	loss.grad.data[0] = 1
	tp.walk()
}

// BackwardFrom starts with given gradients of any values on the tape: the gradients that it leads to are those of the sum
// of all elements of value·gradient.
func (tp *Tape) BackwardFrom(seeds ...Seed) {
	for _, s := range seeds {
		if !s.Grad.SameShape(s.Var.Value) || !s.Grad.Dense() {
			panic(tensor.ShapeError{Op: "autograd.BackwardFrom", Got: fmt.Sprint(s.Grad.Shape()), Want: "dense " + shapeOf(s.Var)})
		}
		grad, add := tp.contribute(s.Var)
		if add {
			vec.AddTo(grad, s.Grad.Data[:len(grad)])
		} else {
			copy(grad, s.Grad.Data)
		}
	}
	tp.walk()
}

// walk runs the recorded operations backwards.
func (tp *Tape) walk() {
	if tp.mode != Training {
		panic("autograd: backward pass on a tape that was not reset to Training")
	}
	for i := len(tp.ops) - 1; i >= 0; i-- {
		o := tp.ops[i]
		o.backward(tp)
		for _, v := range o.outputs() {
			tp.drop(v)
		}
		o.release(tp)
		tp.ops[i] = nil
	}
	tp.ops = tp.ops[:0]
	for _, v := range tp.vars.live() { // leaves with a batch norm as their only consumer
		tp.materialise(v)
	}
}

// record appends an operation if its gradient will be wanted.
func (tp *Tape) record(o op) { tp.ops = append(tp.ops, o) }

// recording says whether an operation on x must be recorded.
func (tp *Tape) recording(x *Var) bool { return tp.mode == Training && x.needs }

// output makes a new dense value of the given shape.
func (tp *Tape) output(needs bool, shape ...int) *Var {
	v := tp.vars.get()
	v.buf = tp.buffer(tensor.Size(shape...))
	v.Value = tensor.Wrap(v.buf.data, shape...)
	v.needs = needs
	return v
}

// outputLike makes a new dense value with the shape of t.
func (tp *Tape) outputLike(needs bool, t tensor.Tensor) *Var {
	v := tp.vars.get()
	v.buf = tp.buffer(t.Len())
	v.Value = tensor.WrapLike(v.buf.data, t)
	v.needs = needs
	return v
}

// buffer returns n floats of the arena with one owner.
func (tp *Tape) buffer(n int) *buffer {
	b := tp.buffers.get()
	b.data, b.refs = tp.arena.Get(n), 1
	return b
}

// unref gives up one ownership of b.
func (tp *Tape) unref(b *buffer) {
	if b == nil {
		return
	}
	if b.refs--; b.refs == 0 {
		tp.arena.Put(b.data)
		b.data = nil
	}
}

// drop gives up the value and the gradient of v.
func (tp *Tape) drop(v *Var) {
	tp.unref(v.buf)
	tp.unref(v.grad)
	tp.unref(v.lazy.g)
	v.buf, v.grad, v.lazy = nil, nil, lazy{}
	v.hasSums = false
}

// gradOf returns the gradient of v as dense values, writing down a lazy one; nil if there is none.
func (tp *Tape) gradOf(v *Var) []float32 {
	tp.materialise(v)
	if v.grad == nil {
		return nil
	}
	return v.grad.data
}

// contribute returns where a contribution to the gradient of v is to be written, dense, and whether it is to be added to
// what is there.
func (tp *Tape) contribute(v *Var) (grad []float32, add bool) {
	tp.materialise(v)
	switch {
	case v.grad == nil:
		v.grad = tp.buffer(v.Value.Len())
		return v.grad.data, false
	case v.grad.refs > 1: // somebody else reads it
		own := tp.buffer(v.Value.Len())
		copy(own.data, v.grad.data)
		tp.unref(v.grad)
		v.grad = own
	}
	return v.grad.data, true
}

// contributeShared adds the dense gradient g to that of v. If it is the first contribution, nothing is copied.
func (tp *Tape) contributeShared(v *Var, g *buffer) {
	if v.grad == nil && v.lazy.g == nil {
		g.refs++
		v.grad = g
		return
	}
	grad, _ := tp.contribute(v)
	vec.AddTo(grad, g.data)
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
	affine(grad, add, v, g.data, a, b, c)
}

// materialise writes down a lazy gradient.
func (tp *Tape) materialise(v *Var) {
	if v.lazy.g == nil {
		return
	}
	l := v.lazy
	v.grad = tp.buffer(v.Value.Len())
	affine(v.grad.data, false, v, l.g.data, l.a, l.b, l.c)
	v.lazy = lazy{}
	tp.unref(l.g)
}

func affine(dst []float32, add bool, v *Var, g, a, b, c []float32) {
	cols := v.Value.Cols()
	norm.Affine(dst, cols, add, g, cols, v.Value.Data, v.Value.LD(), v.Value.Rows(), cols, a, b, c)
}

// slab hands out pointers to structs that are reused after reset.
type slab[T any] struct {
	items []*T
	used  int
}

func (s *slab[T]) get() *T {
	if s.used == len(s.items) {
		s.items = append(s.items, new(T))
	}
	s.used++
	return s.items[s.used-1]
}

func (s *slab[T]) live() []*T { return s.items[:s.used] }
func (s *slab[T]) reset()     { s.used = 0 }
