package autograd

import "github.com/oneshot-nas/oneshot/tensor"

// Observer is told what a tape computes on the way, for those who want to know more of a network than its outputs and the gradients of
// its parameters. What it is given belongs to the tape: it must neither be changed nor kept.
type Observer struct {
	// Activation is called for every ReLU and ReLU6 of a forward pass, also where it is part of another operation, with a tensor of the
	// activation's shape, dense or not, that is positive where a unit is active and nowhere else. It may be the activation's input or
	// its output. times is the number of layers that apply the activation, each for itself, to one value, as the branches of [Convs] do.
	Activation func(x tensor.Tensor, times int)
	// Layer is called in the backward pass for the output of every convolution and linear layer that the loss depends on, the last
	// first: with its value, dense or not, and its dense gradient, of one shape.
	Layer func(y, grad tensor.Tensor)
	// Operation is called for every operation that is recorded, in the order of the forward pass.
	Operation func(o Operation)
}

// Observe makes o be told of all that follows on the tape, whatever it is reset to; nil ends it. What the tape computes stays the same
// to the bit.
func (tp *Tape) Observe(o *Observer) { tp.observer = o }

// activated tells of an activation.
func (tp *Tape) activated(x tensor.Tensor, times int) {
	if tp.observer != nil && tp.observer.Activation != nil {
		tp.observer.Activation(x, times)
	}
}

// differentiated tells of the outputs of an operation, if it is a layer, before it runs backwards.
func (tp *Tape) differentiated(o op) {
	if tp.observer == nil || tp.observer.Layer == nil {
		return
	}
	switch o.(type) {
	case *convOp, *factorizedOp, *depthwiseOp, *groupedOp, *convTransposeOp, *linearOp:
	default:
		return
	}
	for _, y := range o.outputs() {
		g := y.grad
		if y.lazy.g != nil || g != nil && g.ld != y.Value.Cols() {
			g = tp.gradientCopy(y)
		}
		if g == nil { // nobody wanted this output
			continue
		}
		tp.observer.Layer(y.Value, tensor.WrapLike(g.data[:y.Value.Len()], y.Value))
		if g != y.grad {
			tp.unref(g)
		}
	}
}
