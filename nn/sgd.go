package nn

import (
	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/optim"
	"github.com/oneshot-nas/oneshot/tensor"
)

// SGD is stochastic gradient descent with momentum and weight decay as in torch.optim.SGD (dampening 0).
type SGD struct {
	Momentum    float64
	Nesterov    bool
	WeightDecay float64                     // L2 penalty, added to the gradient
	Clip        float64                     // largest global norm of the gradient; 0 does not clip
	Groups      func(*autograd.Param) Group // nil: all parameters alike

	memory memory
}

var sgdLayout = layout{optimizer: "SGD", slots: []slot{{name: "velocity"}}}

// Step updates the parameters that the tape's step has touched: see [Optimizer].
func (o *SGD) Step(tp *autograd.Tape, lr float64) (gradNorm float64) {
	return o.memory.step(tp, lr, &sgdLayout, options{o.WeightDecay, o.Clip, o.Groups}, func(u update) {
		rule := optim.SGD{
			LR: float32(u.lr), Momentum: float32(o.Momentum), WeightDecay: float32(u.decay), Nesterov: o.Nesterov, GradScale: u.gradScale,
		}
		rule.Apply(u.value, u.slots[0], u.grad)
	})
}

// State is the velocity of a parameter: see [Optimizer].
func (o *SGD) State(p *autograd.Param) []tensor.Named { return o.memory.state(&sgdLayout, p) }

// SetState replaces all velocities: see [Optimizer].
func (o *SGD) SetState(states map[*autograd.Param][]tensor.Named) error {
	return o.memory.setState(&sgdLayout, states)
}

// ASGD is stochastic gradient descent that averages the parameters on its way (Polyak and Juditsky 1992) as in
// torch.optim.ASGD. The zero value is what language models use (Merity et al. 2018, arXiv 1708.02182): plain descent, and
// the mean of the parameters after all steps but the first, which [ASGD.Swap] puts in their place for evaluation.
//
// Where the learning rate changes from step to step, a step uses its own; PyTorch uses that of the step before. Of a
// parameter that is trained in windows each element is averaged over the steps that touch it, with weights that count the
// steps of the whole.
type ASGD struct {
	Lambda, Alpha float64 // the learning rate decays as (1 + Lambda·lr·step)^−Alpha, and the parameters with Lambda
	T0            int     // steps before averaging begins
	WeightDecay   float64 // L2 penalty, added to the gradient
	Clip          float64 // largest global norm of the gradient; 0 does not clip
	Groups        func(*autograd.Param) Group

	memory  memory
	swapped bool
}

// The average of what has not moved is where it is.
var asgdLayout = layout{optimizer: "ASGD", slots: []slot{{"average", tensor.Tensor.CopyFrom}}, counts: true}

// Step updates the parameters that the tape's step has touched, and their averages: see [Optimizer].
func (o *ASGD) Step(tp *autograd.Tape, lr float64) (gradNorm float64) {
	if o.swapped {
		panic(tensor.ShapeError{Op: "nn.ASGD.Step", Got: "parameters that are exchanged with their averages",
			Want: "Swap called again before training goes on"})
	}
	return o.memory.step(tp, lr, &asgdLayout, options{o.WeightDecay, o.Clip, o.Groups}, func(u update) {
		rule := optim.ASGD{
			LR: u.lr, Lambda: o.Lambda, Alpha: o.Alpha, WeightDecay: u.decay, T: u.step, T0: o.T0, GradScale: u.gradScale,
		}
		rule.Apply(u.value, u.slots[0], u.grad)
	})
}

// Swap exchanges parameters and averages, for an evaluation with the averages; called again, it exchanges them back.
// Parameters that have never been moved are their own average.
func (o *ASGD) Swap() {
	for p, s := range o.memory {
		exchange(p.Value.Data, s.slots[0].Data)
	}
	o.swapped = !o.swapped
}

// exchange swaps the elements of equally long slices.
func exchange(a, b []float32) {
	for i := range a {
		a[i], b[i] = b[i], a[i]
	}
}

// State is the average of a parameter and the number of its steps: see [Optimizer].
func (o *ASGD) State(p *autograd.Param) []tensor.Named { return o.memory.state(&asgdLayout, p) }

// SetState replaces all averages: see [Optimizer]. The parameters count as not exchanged.
func (o *ASGD) SetState(states map[*autograd.Param][]tensor.Named) error {
	err := o.memory.setState(&asgdLayout, states)
	if err == nil {
		o.swapped = false
	}
	return err
}
