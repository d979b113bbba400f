package autograd

import (
	"fmt"
	"sync/atomic"

	"github.com/oneshot-nas/oneshot/kernels/norm"
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
	// CollectStatistics is BatchStatistics and also averages what it sees, apart from the running statistics: the plain mean
	// over batches, weighted by their size, of the batch means and of the biased batch variances. That recalibrates a network whose
	// weights have changed since its running statistics were found, or of which a part is evaluated: PyTorch's update_bn, or precise batch
	// norm (Wu and Johnson 2021, arXiv 2105.07576). See [Tape.DiscardStatistics].
	CollectStatistics
	// PopulationStatistics records nothing and normalises with the averages that CollectStatistics has found on the same tape: estimates of
	// what Ioffe and Szegedy (2015) call the statistics of the population.
	PopulationStatistics
)

// Tape records the operations of one step in execution order and owns the memory of everything between parameters and
// loss. A tape serves one goroutine. Call [Tape.Reset] between steps.
type Tape struct {
	// Precision is what the operations from here on round the operands of their products to, forward and backward: see [Precision]. It
	// stays from step to step.
	Precision Precision

	mode    Mode
	records bool
	open    bool // see Unbounded
	arena   tensor.Arena
	ops     []op
	stocks  []interface{ reset() } // by slab

	// collection is the number of the last DiscardStatistics: sums of another one are stale.
	collection uint64

	step    uint64   // number of the last Reset
	paths   uint     // how often the Vars of the tape have been forgotten
	touched []*Param // parameters with a gradient in this step
	asked   bool     // whether somebody has looked at a gradient of this step
	losing  losing
	keeps   bool // whether a value is kept

	observer *Observer // nil: nobody wants to know

	// place is where the next value goes, see [Concat.Next]; nil: wherever there is room.
	place *place

	// Scratch of the calls that wrap another one.
	branches []ConvBranch
	sumTerms []Term
	terms    []norm.Term
	boxes    [2][]box
	pathTerm [1]*Var
	pathMask [1][]float32
}

// collections numbers the calls of DiscardStatistics, steps those of Reset, on all tapes.
var collections, steps atomic.Uint64

// NewTape returns an empty tape.
func NewTape() *Tape {
	return &Tape{records: true, collection: collections.Add(1), step: steps.Add(1)}
}

// op is one recorded operation.
type op interface {
	// backward adds to the gradients of the inputs what the gradients of the outputs imply.
	backward(tp *Tape)
	// outputs are released once backward has run.
	outputs() []*Var
	// release returns what the operation holds beyond its outputs.
	release(tp *Tape)
}

// Reset forgets the step: all Vars and gradients of the tape become invalid, touched parameters are untouched, and the
// memory is ready for the next step, which is run in the given mode.
func (tp *Tape) Reset(mode Mode) {
	if mode < Training || mode > PopulationStatistics {
		panic(tensor.ShapeError{Op: "autograd.Tape.Reset", Got: fmt.Sprintf("mode %d", mode),
			Want: "Training, Inference or another of the modes"})
	}
	if tp.Precision > BF16 {
		panic(tensor.ShapeError{Op: "autograd.Tape.Reset", Got: fmt.Sprintf("precision %d", uint8(tp.Precision)), Want: "Float32 or BF16"})
	}
	tp.NextPath()
	tp.losing.forget(tp)
	for _, p := range tp.touched {
		if p.step == tp.step {
			p.regions = p.regions[:0]
		}
	}
	tp.touched, tp.step = tp.touched[:0], steps.Add(1)
	tp.mode, tp.records, tp.open, tp.asked = mode, mode == Training, false, false
}

// NextPath forgets all Vars of the tape, as Reset does, but keeps the gradients of the parameters: what the next
// [Tape.Backward] finds is added to them. So several architectures, or several small batches, make one step of an
// optimiser; to average their gradients, scale their losses ([Scale]).
func (tp *Tape) NextPath() {
	for i := len(tp.ops) - 1; i >= 0; i-- {
		tp.ops[i].release(tp)
	}
	clear(tp.ops)
	tp.ops = tp.ops[:0]
	vars.forgetAll(tp)
	tp.keeps = false
	for _, p := range tp.stocks {
		if p != nil {
			p.reset()
		}
	}
	tp.place = nil
}

// Record decides whether the operations from here on are recorded, whatever the mode that the tape was reset to: a network
// that normalises with running statistics ([Inference]) can be differentiated, and Training can be run for its effect on
// the running statistics alone. Reset decides anew.
func (tp *Tape) Record(on bool) { tp.records = on }

// Unbounded makes every ReLU6 a ReLU, so that a network of positive weights is linear where its input is positive. Reset ends it.
func (tp *Tape) Unbounded() { tp.open = true }

// Mode is what the tape was reset to.
func (tp *Tape) Mode() Mode { return tp.mode }

// DiscardStatistics discards what CollectStatistics has found: the next batches start afresh.
func (tp *Tape) DiscardStatistics() { tp.collection = collections.Add(1) }

// Touched lists the parameters that have a gradient in this step, in the order in which Backward reached them. Of a
// parameter that was used in windows ([Param.Window]) it lists the whole; [Param.Spans] tells which of its elements.
func (tp *Tape) Touched() []*Param {
	tp.asked = true
	return tp.touched
}

// PeakBytes is the most memory that activations and gradients of this tape have taken at one time.
func (tp *Tape) PeakBytes() int64 { return tp.arena.Peak() }

// OutputGradient is the gradient of an output, to start a backward pass from.
type OutputGradient struct {
	Var  *Var
	Grad tensor.Tensor // dense, in the shape of the Var's value
}

// Backward starts with a gradient of one at loss and walks the tape to its beginning. It gives back what operations have computed
// on the way, and can go through each of them once: see [Tape.Keep].
func (tp *Tape) Backward(loss *Var) {
	const name = "autograd.Backward"
	tp.Check(name, loss)
	tp.checkRecorded(name)
	if loss.Value.Len() != 1 {
		panic(tensor.ShapeError{Op: name, Got: shapeOf(loss), Want: "a loss of one element"})
	}
	if !loss.needs {
		panic(tensor.ShapeError{Op: name, Got: "a loss that depends on no parameter and no Variable",
			Want: "one that was computed from some while the tape recorded"})
	}
	g, add := tp.contribute(loss)
	if !add {
		g.data[0] = 0
	}
	g.data[0]++
	tp.walk()
}

// BackwardFrom starts with given gradients of any values on the tape: the gradients that it leads to are those of the sum
// of all elements of value·gradient.
func (tp *Tape) BackwardFrom(outputs ...OutputGradient) {
	const name = "autograd.BackwardFrom"
	tp.checkRecorded(name)
	for _, s := range outputs {
		tp.Check(name, s.Var)
		if !s.Grad.SameShape(s.Var.Value) || !s.Grad.Dense() {
			panic(tensor.ShapeError{Op: name, Got: fmt.Sprint(s.Grad.Shape()), Want: "dense " + shapeOf(s.Var)})
		}
		tp.contributeRows(s.Var, s.Grad.Data, s.Grad.Cols())
	}
	tp.walk()
}

// checkRecorded panics unless there is something to walk through.
func (tp *Tape) checkRecorded(op string) {
	if !tp.records && len(tp.ops) == 0 {
		panic(tensor.ShapeError{Op: op, Got: "a tape that records nothing",
			Want: "one that was reset to Training, or that Record has switched on"})
	}
}

// walk runs the recorded operations backwards.
func (tp *Tape) walk() {
	for i := len(tp.ops) - 1; i >= 0; i-- {
		o := tp.ops[i]
		tp.differentiated(o)
		if tp.keeps {
			for _, v := range o.outputs() {
				if v.kept {
					v.final = tp.gradientCopy(v)
				}
			}
		}
		o.backward(tp)
		for _, v := range o.outputs() {
			tp.finished(v)
		}
		o.release(tp)
		tp.ops[i], tp.ops = nil, tp.ops[:i]
	}
	for _, v := range vars.live(tp) { // what is left are the gradients of leaves: written down, and without gaps
		tp.denseGradOf(v)
	}
}

// record appends an operation if its gradient will be wanted.
func (tp *Tape) record(o op) {
	tp.ops = append(tp.ops, o)
	tp.recorded(o)
}

// recording says whether an operation on x must be recorded.
func (tp *Tape) recording(x *Var) bool { return tp.records && x.needs }
