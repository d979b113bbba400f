package autograd

import "github.com/oneshot-nas/oneshot/tensor"

// ActivationRegularization is α·mean(x²), of shape [1]: AR of Merity, McCann and Socher 2017 (arXiv 1708.01009, section 4.6), as the
// mean of their release, for the outputs of a recurrent layer after its dropout. It is added to the loss ([Add]).
func ActivationRegularization(tp *Tape, x *Var, alpha float64) *Var {
	tp.Check("autograd.ActivationRegularization", x)
	return squares(tp, alpha/float64(max(x.Value.Len(), 1)), span{x: x}, span{}, x.Value.Rows())
}

// TemporalActivationRegularization is β·mean((x_{t+1} − x_t)²), of shape [1], over the T−1 differences of x, [T][B][H]: TAR of the same
// paper, for the outputs of a recurrent layer before its dropout. A single step has none, and gives zero.
func TemporalActivationRegularization(tp *Tape, x *Var, beta float64) *Var {
	tp.Check("autograd.TemporalActivationRegularization", x)
	if x.Value.Rank() != 3 || x.Value.Dim(0) < 1 {
		panic(tensor.ShapeError{Op: "autograd.TemporalActivationRegularization", Got: shapeOf(x), Want: "[T][B][H]"})
	}
	batch := x.Value.Dim(1)
	rows := (x.Value.Dim(0) - 1) * batch
	return squares(tp, beta/float64(max(rows*x.Value.Cols(), 1)), span{x, batch}, span{x, 0}, rows)
}
