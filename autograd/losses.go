package autograd

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/elementwise"
	"github.com/oneshot-nas/oneshot/tensor"
)

// These losses are means over all elements of a prediction x and a target of one shape, of shape [1]; the sum is in float64. The target
// gets a gradient, too, unless it is a [Tape.Constant].

// L1 is the mean of |x − target|. Where both are equal the gradient is zero.
func L1(tp *Tape, x, target *Var) *Var {
	return pairLoss(tp, "autograd.L1", &elementwise.AbsoluteError, x, target)
}

// SmoothL1 is the mean of (x − target)²/2β where |x − target| is less than β, and of |x − target| − β/2 elsewhere (Girshick 2015, arXiv
// 1504.08083); PyTorch's β is 1. With a β of zero it is [L1].
func SmoothL1(tp *Tape, x, target *Var, beta float64) *Var {
	switch {
	case !(beta >= 0):
		panic(tensor.ShapeError{Op: "autograd.SmoothL1", Got: fmt.Sprintf("β = %v", beta), Want: "β ≥ 0"})
	case beta == 0:
		return L1(tp, x, target)
	}
	return pairLoss(tp, "autograd.SmoothL1", &elementwise.Huber, x, target, beta, 1/beta)
}

// Huber is the mean of (x − target)²/2 where |x − target| is less than δ, and of δ·(|x − target| − δ/2) elsewhere (Huber 1964): δ times
// [SmoothL1].
func Huber(tp *Tape, x, target *Var, delta float64) *Var {
	if !(delta > 0) {
		panic(tensor.ShapeError{Op: "autograd.Huber", Got: fmt.Sprintf("δ = %v", delta), Want: "δ > 0"})
	}
	return pairLoss(tp, "autograd.Huber", &elementwise.Huber, x, target, delta, 1)
}

// BCEWithLogits is the mean of the binary cross-entropy of the sigmoid of logits with targets between 0 and 1,
// −t·log σ(x) − (1 − t)·log(1 − σ(x)), in a form that large logits do not overflow.
func BCEWithLogits(tp *Tape, logits, target *Var) *Var {
	return pairLoss(tp, "autograd.BCEWithLogits", &elementwise.BinaryCrossEntropy, logits, target)
}

// WeightedBCEWithLogits is [BCEWithLogits] with targets of one counted that many times as much as those of zero, for classes that are rare:
// the mean of −weight·t·log σ(x) − (1 − t)·log(1 − σ(x)). It is PyTorch's pos_weight.
func WeightedBCEWithLogits(tp *Tape, logits, target *Var, weight float64) *Var {
	const op = "autograd.WeightedBCEWithLogits"
	if !(weight >= 0) || math.IsInf(weight, 1) {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("a weight of %v", weight), Want: "a finite one that is not negative"})
	}
	return pairLoss(tp, op, &elementwise.WeightedBinaryCrossEntropy, logits, target, weight)
}

// KLDiv is the Kullback-Leibler divergence Σ t·(log t − x)/N of logarithms x of probabilities, [N][…], as [LogSoftmax] makes them, from
// probabilities t: PyTorch's kl_div with reduction='batchmean'. Where t is zero so is its term. The gradient of t is infinite there.
func KLDiv(tp *Tape, x, target *Var) *Var {
	const op = "autograd.KLDiv"
	tp.Check(op, x, target)
	if x.Value.Rank() < 1 {
		panic(tensor.ShapeError{Op: op, Got: shapeOf(x), Want: "[N][…]"})
	}
	return pairSum(tp, op, &elementwise.RelativeEntropy, x, target, x.Value.Dim(0))
}

// pairLoss records the mean of a function of two values of one shape.
func pairLoss(tp *Tape, op string, f *elementwise.Binary, x, target *Var, params ...float64) *Var {
	tp.Check(op, x, target)
	return pairSum(tp, op, f, x, target, x.Value.Len(), params...)
}

// pairSum records the sum of a function of two values of one shape, divided by a count.
func pairSum(tp *Tape, op string, f *elementwise.Binary, x, target *Var, count int, params ...float64) *Var {
	sameShape(op, target, x)
	var p elementwise.Params
	copy(p[:], params)
	scale := 1 / float64(max(count, 1))
	needs := tp.recording(x) || tp.recording(target)
	y := tp.output(needs, 1)
	y.Value.Data[0] = float32(scale * f.Total(array(x.Value), array(target.Value), p))
	if needs {
		o := pairLosses.get(tp)
		o.in, o.y[0], o.f, o.p, o.scale = [2]*Var{x, target}, y, f, p, float32(scale)
		tp.record(o)
	}
	return y
}

type pairLossOp struct {
	in    [2]*Var
	y     [1]*Var
	f     *elementwise.Binary
	p     elementwise.Params
	scale float32
	grad  [1]float32 // of each term
}

var pairLosses = newSlab[pairLossOp]()

func (o *pairLossOp) outputs() []*Var { return o.y[:] }
func (o *pairLossOp) release(*Tape)   { o.in = [2]*Var{} }

func (o *pairLossOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	o.grad[0] = o.scale * g.data[0]
	a, b := array(o.in[0].Value), array(o.in[1].Value)
	for i, v := range o.in {
		if v.needs {
			d, add := tp.contribute(v)
			o.f.Backward(i, d.array(v), a, b, elementwise.Constant(o.grad[:]), a.Shape, add, o.p)
		}
	}
}

// NLL is the negative log-likelihood of labels in 0…K−1, or [Ignore], under logarithms of probabilities, […][K], as [LogSoftmax] makes
// them: the mean of −x at the label of each row, of shape [1]. [CrossEntropy] is both in one.
func NLL(tp *Tape, x *Var, labels []int32) *Var {
	return likelihood(tp, "autograd.NLL", x, labels, nil)
}

// WeightedNLL is [NLL] with a weight for each of the K classes: the sum of −weight[label]·x[label] over all rows, divided by the sum of
// weight[label]; zero where that is zero. Of [LogSoftmax] it is PyTorch's CrossEntropyLoss with a weight.
func WeightedNLL(tp *Tape, x *Var, labels []int32, weight []float32) *Var {
	const op = "autograd.WeightedNLL"
	if tp.Check(op, x); x.Value.Rank() > 0 && len(weight) != x.Value.Cols() {
		panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("%d weights for %s", len(weight), shapeOf(x)), Want: "one for each class"})
	}
	for i, w := range weight {
		if !(w >= 0) || math.IsInf(float64(w), 1) {
			panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("a weight of %v for class %d", w, i), Want: "finite ones that are not negative"})
		}
	}
	return likelihood(tp, op, x, labels, weight)
}

// likelihood is WeightedNLL; weights of nil are ones.
func likelihood(tp *Tape, op string, x *Var, labels []int32, weight []float32) *Var {
	tp.Check(op, x)
	if x.Value.Rank() < 2 || x.Value.Rows() != len(labels) {
		want := fmt.Sprintf("[%d][K], or so many rows of more axes", len(labels))
		panic(tensor.ShapeError{Op: op, Got: shapeOf(x), Want: want})
	}
	total := float64(countLabels(op, labels, x.Value.Cols()))
	if weight != nil {
		total = 0
	}
	needs := tp.recording(x)
	y := tp.output(needs, 1)
	sum := 0.
	for i, l := range labels {
		switch {
		case l == Ignore:
		case weight == nil:
			sum -= float64(x.Value.Data[i*x.Value.LD()+int(l)])
		case weight[l] != 0: // what counts nothing may be infinite
			sum -= float64(weight[l]) * float64(x.Value.Data[i*x.Value.LD()+int(l)])
			total += float64(weight[l])
		}
	}
	if total == 0 {
		total = 1
	}
	y.Value.Data[0] = float32(sum / total)
	if needs {
		o := likelihoods.get(tp)
		o.x, o.y[0], o.total = x, y, total
		o.labels, o.weight = append(o.labels[:0], labels...), append(o.weight[:0], weight...)
		tp.record(o)
	}
	return y
}

type likelihoodOp struct {
	x      *Var
	y      [1]*Var
	labels []int32
	weight []float32 // of the classes; none if they are ones
	total  float64   // of the weights of the labels that are not Ignore
}

var likelihoods = newSlab[likelihoodOp]()

func (o *likelihoodOp) outputs() []*Var { return o.y[:] }
func (o *likelihoodOp) release(*Tape)   { o.x = nil }

func (o *likelihoodOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	dx, add := tp.contribute(o.x)
	if !add {
		clear(dx.data[:o.x.Value.Len()]) // a new gradient is dense
	}
	s := g.data[0] / float32(o.total)
	for i, l := range o.labels {
		switch {
		case l == Ignore:
		case len(o.weight) == 0:
			dx.data[i*dx.ld+int(l)] -= s
		default:
			dx.data[i*dx.ld+int(l)] -= o.weight[l] * s
		}
	}
}
