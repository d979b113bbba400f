package nn

import (
	"cmp"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/optim"
	"github.com/oneshot-nas/oneshot/kernels/vec"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Adam is the optimiser of Kingma and Ba 2015 (arXiv 1412.6980) as in torch.optim.Adam. The steps that correct the bias of the
// moments are counted for each parameter, as there.
type Adam struct {
	Beta1, Beta2 float64                     // decay of the first and the second moment; zeros stand for 0.9 and 0.999
	Eps          float64                     // zero stands for 1e-8
	WeightDecay  float64                     // L2 penalty, added to the gradient; see AdamW
	Clip         float64                     // largest global norm of the gradient; 0 does not clip
	Groups       func(*autograd.Param) Group // nil: all parameters alike

	memory memory
}

var adamLayout = layout{optimizer: "Adam", slots: []slot{{name: "m"}, {name: "v"}}, counts: true}

// Step updates the parameters that the tape's step has touched: see [Optimizer].
func (o *Adam) Step(tp *autograd.Tape, lr float64) (gradNorm float64) { return o.step(tp, lr, false) }

func (o *Adam) step(tp *autograd.Tape, lr float64, decoupled bool) (gradNorm float64) {
	return o.memory.step(tp, lr, &adamLayout, options{o.WeightDecay, o.Clip, o.Groups}, func(u update) {
		if decoupled && u.decay != 0 {
			vec.Scale(u.value, float32(1-u.lr*u.decay), u.value)
			u.decay = 0
		}
		rule := optim.Adam{
			LR: u.lr, Beta1: cmp.Or(o.Beta1, 0.9), Beta2: cmp.Or(o.Beta2, 0.999), Eps: cmp.Or(o.Eps, 1e-8), WeightDecay: u.decay,
			T: u.step, GradScale: u.gradScale,
		}
		rule.Apply(u.value, u.slots[0], u.slots[1], u.grad)
	})
}

// State is the moments m and v of a parameter and the number of its steps: see [Optimizer].
func (o *Adam) State(p *autograd.Param) []tensor.Named { return o.memory.state(&adamLayout, p) }

// SetState replaces all moments: see [Optimizer].
func (o *Adam) SetState(states map[*autograd.Param][]tensor.Named) error {
	return o.memory.setState(&adamLayout, states)
}

// AdamW is [Adam] with weight decay that does not go through the gradient: parameters shrink by lr·WeightDecay of themselves
// before the step (Loshchilov and Hutter 2019, arXiv 1711.05101), as in torch.optim.AdamW.
type AdamW Adam

// Step updates the parameters that the tape's step has touched: see [Optimizer].
func (o *AdamW) Step(tp *autograd.Tape, lr float64) (gradNorm float64) {
	return (*Adam)(o).step(tp, lr, true)
}

// State is the moments m and v of a parameter and the number of its steps: see [Optimizer].
func (o *AdamW) State(p *autograd.Param) []tensor.Named { return (*Adam)(o).State(p) }

// SetState replaces all moments: see [Optimizer].
func (o *AdamW) SetState(states map[*autograd.Param][]tensor.Named) error {
	return (*Adam)(o).SetState(states)
}

// RMSProp is the optimiser of TensorFlow under that name, which trained NAS-Bench-101 (Rho = Momentum = 0.9, Eps = 1): the
// epsilon is under the root, and the mean square starts with ones, neither of which is so in PyTorch.
type RMSProp struct {
	Rho         float64 // decay of the mean square; zero stands for 0.9
	Momentum    float64
	Eps         float64                     // zero stands for 1e-10
	WeightDecay float64                     // L2 penalty, added to the gradient
	Clip        float64                     // largest global norm of the gradient; 0 does not clip
	Groups      func(*autograd.Param) Group // nil: all parameters alike

	memory memory
}

var rmspropLayout = layout{optimizer: "RMSProp", slots: []slot{
	{"mean_square", func(state, _ tensor.Tensor) { state.Fill(1) }}, {name: "momentum"},
}}

// Step updates the parameters that the tape's step has touched: see [Optimizer].
func (o *RMSProp) Step(tp *autograd.Tape, lr float64) (gradNorm float64) {
	return o.memory.step(tp, lr, &rmspropLayout, options{o.WeightDecay, o.Clip, o.Groups}, func(u update) {
		rule := optim.RMSProp{
			LR: u.lr, Rho: cmp.Or(o.Rho, 0.9), Momentum: o.Momentum, Eps: cmp.Or(o.Eps, 1e-10), WeightDecay: u.decay, GradScale: u.gradScale,
		}
		rule.Apply(u.value, u.slots[0], u.slots[1], u.grad)
	})
}

// State is the mean square and the momentum of a parameter: see [Optimizer].
func (o *RMSProp) State(p *autograd.Param) []tensor.Named { return o.memory.state(&rmspropLayout, p) }

// SetState replaces all that is remembered: see [Optimizer].
func (o *RMSProp) SetState(states map[*autograd.Param][]tensor.Named) error {
	return o.memory.setState(&rmspropLayout, states)
}
