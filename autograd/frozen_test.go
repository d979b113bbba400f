package autograd_test

import (
	"slices"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/tensor"
)

// A frozen parameter has no gradient, and the gradients of all else are the same to the bit, whichever of the parameters of an operation
// are frozen. If all are, and the inputs are constants, nothing is recorded.
func TestFrozen(t *testing.T) {
	for _, c := range opCases {
		o := c.make(small)
		if len(o.params) == 0 {
			continue
		}
		tp := autograd.NewTape()
		gradients := func(leaf func(tensor.Tensor) *autograd.Var) (x, params [][]float32) {
			tp.Reset(autograd.Training)
			leaves := leaves(leaf, o.x)
			tp.Backward(autograd.Sum(tp, autograd.Mul(tp, o.run(tp, leaves), o.run(tp, leaves)))) // each used twice
			for _, v := range leaves {
				x = append(x, slices.Clone(v.Grad().Data))
			}
			for _, p := range o.params {
				var g []float32
				if p.Touched() {
					g = p.Grad.Clone().Data
				}
				params = append(params, g)
			}
			return x, params
		}
		for name, leaf := range map[string]func(tensor.Tensor) *autograd.Var{
			"inputs with gradients": tp.Variable, "constant inputs": tp.Constant,
		} {
			constants := name == "constant inputs" || len(o.x) == 0
			wantX, wantParams := gradients(leaf)
			for i := range o.params {
				for mask := range 2 {
					for j, p := range o.params { // one of them, or all but one
						p.Frozen = (j == i) == (mask == 0)
					}
					if constants && !slices.ContainsFunc(o.params, func(p *autograd.Param) bool { return !p.Frozen }) {
						tp.Reset(autograd.Training)
						sum := autograd.Sum(tp, o.run(tp, leaves(leaf, o.x)))
						fails(t, c.name+" of frozen parameters", func() { tp.Backward(sum) }, "a loss that depends on no parameter")
						continue
					}
					x, params := gradients(leaf)
					for j := range x {
						if !slices.Equal(x[j], wantX[j]) {
							t.Errorf("%s, %s: with parameter %d (%d) frozen input %d has another gradient", c.name, name, i, mask, j)
						}
					}
					for j, p := range o.params {
						if p.Frozen && params[j] != nil || !p.Frozen && !slices.Equal(params[j], wantParams[j]) {
							t.Errorf("%s, %s: with parameter %d (%d) frozen parameter %d has another gradient", c.name, name, i, mask, j)
						}
					}
				}
			}
			for _, p := range o.params {
				p.Frozen = false
			}
		}
	}
}

// A window of a frozen parameter is frozen.
func TestFrozenWindow(t *testing.T) {
	p := autograd.NewParam("weight", 4, 3)
	p.Frozen = true
	tp := autograd.NewTape()
	x := tp.Variable(tensor.New(2, 2))
	tp.Backward(autograd.Sum(tp, autograd.Linear(tp, x, p.Window(0, 0, 2), nil)))
	if p.Touched() || len(tp.Touched()) > 0 || x.Grad().IsZero() {
		t.Error("a frozen parameter has a gradient, or its input has none")
	}
}

// A frozen batch norm trains as in inference: with running statistics, which stay and have no gradient.
func TestFrozenBatchNorm(t *testing.T) {
	bn := autograd.BatchNorm{
		Gamma: autograd.NewParam("gamma", 3), Beta: autograd.NewParam("beta", 3),
		RunningMean: tensor.Wrap([]float32{1, 2, 3}, 3), RunningVar: tensor.Wrap([]float32{2, 3, 4}, 3), Eps: 1e-5, Momentum: 0.1,
	}
	for i := range 3 {
		bn.Gamma.Value.Data[i] = 1 + float32(i)
	}
	x := tensor.New(4, 3)
	for i := range x.Data {
		x.Data[i] = float32(i * i % 7)
	}
	tp := autograd.NewTape()
	run := func(mode autograd.Mode, bn *autograd.BatchNorm) (y, dx, dgamma []float32) {
		tp.Reset(mode)
		tp.Record(true)
		v := tp.Variable(x.Window(0, bn.Gamma.Value.Len()))
		out := autograd.BatchNorm2D(tp, v, bn)
		y = slices.Clone(out.Value.Data)
		tp.Backward(autograd.Sum(tp, autograd.Mul(tp, out, out)))
		return y, slices.Clone(v.Grad().Data), slices.Clone(bn.Gamma.Grad.Data[:bn.Gamma.Value.Len()])
	}
	for _, b := range []*autograd.BatchNorm{&bn, bn.Window(0, 2)} {
		bn.Frozen = false
		y, dx, dgamma := run(autograd.Inference, b)
		bn.Frozen = true
		fy, fdx, fdgamma := run(autograd.Training, b)
		if !slices.Equal(y, fy) || !slices.Equal(dx, fdx) || !slices.Equal(dgamma, fdgamma) {
			t.Errorf("%v %v %v, want %v %v %v", fy, fdx, fdgamma, y, dx, dgamma)
		}
	}
	if bn.RunningMean.Data[0] != 1 || bn.RunningVar.Data[2] != 4 {
		t.Error("running statistics have moved")
	}
}
