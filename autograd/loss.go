package autograd

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/kernels/softmax"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Loss is what [CrossEntropy] found out about a batch.
type Loss struct {
	*Var            // the mean loss, for Backward
	Sum     float64 // the losses of all rows, summed
	Correct int     // rows whose largest logit is that of the label
	Rows    int     // that count: those whose label is not Ignore
}

// Ignore is the label of a row that does not count, in [CrossEntropy] and [NLL]: the end of a sequence that is shorter than others, a pixel
// that nobody has labelled. Neither loss nor gradient come of it, and means are over the rows that are left; the mean of none is zero. It
// is PyTorch's default of ignore_index.
const Ignore = softmax.Ignore

// Mean is the loss per row.
func (l Loss) Mean(rows int) float64 { return l.Sum / float64(rows) }

// CrossEntropy computes the mean over rows of the cross-entropy of softmax(logits), [N][K] or more axes of rows, such as the pixels
// [N][H][W][K], with labels in 0..K-1 or [Ignore], one for each row, after label smoothing as in PyTorch: a target of 1−ε+ε/K for the
// label and of ε/K for every other class, 0 ≤ ε < 1. For the other convention see [SmoothingOverOthers].
func CrossEntropy(tp *Tape, logits *Var, labels []int32, smoothing float64) Loss {
	return crossEntropy(tp, logits, labels, smoothing, false)
}

// CrossEntropyInPlace is [CrossEntropy] with the gradient in the place of the logits: of a language model both are as large as all else
// together. Nobody can read the logits afterwards. It leaves them alone where a backward pass may want them, unless the last that the
// tape has recorded is the linear layer that made them (and perhaps a [Reshape]): that does not, and nobody else can have read them.
func CrossEntropyInPlace(tp *Tape, logits *Var, labels []int32, smoothing float64) Loss {
	return crossEntropy(tp, logits, labels, smoothing, true)
}

func crossEntropy(tp *Tape, logits *Var, labels []int32, smoothing float64, inPlace bool) Loss {
	tp.Check("autograd.CrossEntropy", logits)
	if logits.Value.Rank() < 2 || logits.Value.Rows() != len(labels) || !logits.Value.Dense() {
		want := fmt.Sprintf("dense logits [%d][K], or so many rows of more axes", len(labels))
		panic(tensor.ShapeError{Op: "autograd.CrossEntropy", Got: shapeOf(logits), Want: want})
	}
	k := logits.Value.Cols()
	n := countLabels("autograd.CrossEntropy", labels, k)
	if !(smoothing >= 0 && smoothing < 1) {
		panic(tensor.ShapeError{Op: "autograd.CrossEntropy", Got: fmt.Sprintf("label smoothing %v", smoothing), Want: "0 ≤ ε < 1"})
	}
	needs := tp.recording(logits)
	y := tp.denseOutput(needs, 1)
	l := Loss{Var: y, Rows: n}
	var maker *Var // of logits that the gradient is to overwrite
	var dlogits []float32
	if needs {
		o := losses.get(tp)
		o.logits, o.y[0] = logits, y
		if m := tp.onlyMade(logits); inPlace && m != nil && len(logits.buf.data) == logits.Value.Len() {
			maker = m
			o.grad = logits.buf
			o.grad.refs++
			o.grad.ld = k
		} else {
			o.grad = tp.gradient(logits)
		}
		dlogits = o.grad.data
		tp.record(o)
	}
	l.Sum, l.Correct = softmax.CrossEntropy(dlogits, logits.Value.Data, labels, k, smoothing, 1/float32(max(n, 1)))
	y.Value.Data[0] = float32(l.Mean(max(n, 1)))
	if maker != nil {
		maker.overwrite()
		logits.overwrite()
	}
	return l
}

// countLabels returns how many labels are not Ignore, and panics unless those are of k classes.
func countLabels(op string, labels []int32, k int) (n int) {
	for i, l := range labels {
		switch {
		case l == Ignore:
		case l < 0 || int(l) >= k:
			want := fmt.Sprintf("0 to %d, or %d to ignore the row", k-1, Ignore)
			panic(tensor.ShapeError{Op: op, Got: fmt.Sprintf("label %d in row %d", l, i), Want: want})
		default:
			n++
		}
	}
	return n
}

// TopK counts the rows whose label is among the k largest logits, [N][K], of several equal ones the first: with a k of one it is what
// [Loss] has as Correct. A label of [Ignore] is not, nor is one whose logit is NaN.
func TopK(logits tensor.Tensor, labels []int32, k int) (correct int) {
	if logits.Rank() != 2 || logits.Dim(0) != len(labels) || k < 1 {
		got := fmt.Sprintf("%v, %d labels, k = %d", logits.Shape(), len(labels), k)
		panic(tensor.ShapeError{Op: "autograd.TopK", Got: got, Want: "logits [N][K], N labels, and at least one"})
	}
	countLabels("autograd.TopK", labels, logits.Cols())
	for i, l := range labels {
		if l == Ignore {
			continue
		}
		row := logits.Data[i*logits.LD():][:logits.Cols()]
		own, before := row[l], 0
		for j, v := range row {
			if v > own || v != v || v == own && j < int(l) {
				before++
			}
		}
		if own == own && before < k {
			correct++
		}
	}
	return correct
}

// onlyMade returns the output of the linear layer that has made v, if no backward pass reads that nor v, and nobody else will: it
// is the last that has been recorded.
func (tp *Tape) onlyMade(v *Var) *Var {
	i, kept := len(tp.ops)-1, v.kept
	if i >= 0 {
		if o, ok := tp.ops[i].(*reshapeOp); ok && o.y[0] == v {
			v, i = o.x, i-1
		}
	}
	if i < 0 || kept || v.kept || tp.observer != nil {
		return nil
	}
	if o, ok := tp.ops[i].(*linearOp); ok && o.y[0] == v {
		return v
	}
	return nil
}

// overwrite says that something else is in the place of the value.
func (v *Var) overwrite() { v.fate, v.Value.Data = overwritten, nil }

type lossOp struct {
	logits *Var
	y      [1]*Var
	grad   *buffer // of the mean loss with respect to the logits
}

var losses = newSlab[lossOp]()

func (o *lossOp) outputs() []*Var { return o.y[:] }

func (o *lossOp) release(tp *Tape) {
	tp.unref(o.grad)
	o.logits, o.grad = nil, nil
}

func (o *lossOp) backward(tp *Tape) {
	g := tp.gradOf(o.y[0])
	if g == nil {
		return
	}
	if s := g.data[0]; s != 1 {
		vec.Scale(o.grad.data, s, o.grad.data)
	}
	tp.contributeShared(o.logits, o.grad)
}

// SmoothingOverOthers returns the label smoothing for [CrossEntropy] that stands for an ε that is spread over the other k−1 classes
// alone: a target of 1−ε for the label and ε/(k−1) for every other, as the release of the paper's authors has it (arXiv
// 2010.08219). That is PyTorch's smoothing of ε·k/(k−1), which must stay below 1.
func SmoothingOverOthers(epsilon float64, k int) float64 {
	if s := epsilon * float64(k) / float64(k-1); k > 1 && s >= 0 && s < 1 {
		return s
	}
	panic(tensor.ShapeError{Op: "autograd.SmoothingOverOthers", Got: fmt.Sprintf("ε = %v for %d classes", epsilon, k),
		Want: "0 ≤ ε < 1 − 1/k"})
}

// MSE is the mean of (x−y)² over all elements, of shape [1]: the mean squared error. The sum is in float64.
func MSE(tp *Tape, x, y *Var) *Var {
	tp.Check("autograd.MSE", x, y)
	sameShape("autograd.MSE", x, y)
	return squares(tp, 1/float64(max(x.Value.Len(), 1)), span{x: x}, span{x: y}, x.Value.Rows())
}
