package nn

import (
	"math"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/optim"
	"github.com/oneshot-nas/oneshot/kernels/vec"
)

// SGD is stochastic gradient descent with momentum and weight decay as in torch.optim.SGD (dampening 0).
type SGD struct {
	Momentum    float64
	Nesterov    bool
	WeightDecay float64 // L2 penalty, added to the gradient
	Clip        float64 // largest global norm of the gradient; 0 does not clip

	velocity map[*autograd.Param][]float32
}

// Step updates the parameters that the tape's step has touched and returns the global norm of their gradient before
// clipping. Parameters without a gradient keep their value and their velocity.
func (o *SGD) Step(tp *autograd.Tape, lr float64) (gradNorm float64) {
	if o.velocity == nil {
		o.velocity = make(map[*autograd.Param][]float32)
	}
	var sumSq float64
	for _, p := range tp.Touched() {
		for lo, hi := range p.Spans {
			sumSq += vec.SumSq(p.Grad.Data[lo:hi])
		}
	}
	step := optim.SGD{LR: float32(lr), Momentum: float32(o.Momentum), Nesterov: o.Nesterov, GradScale: 1}
	if o.Clip > 0 {
		step.GradScale = optim.ClipFactor(sumSq, o.Clip)
	}
	for _, p := range tp.Touched() {
		v, ok := o.velocity[p]
		if !ok {
			v = make([]float32, p.Value.Len())
			o.velocity[p] = v
		}
		step.WeightDecay = float32(o.WeightDecay)
		if p.NoDecay {
			step.WeightDecay = 0
		}
		for lo, hi := range p.Spans {
			step.Apply(p.Value.Data[lo:hi], v[lo:hi], p.Grad.Data[lo:hi])
		}
	}
	return math.Sqrt(sumSq)
}

// Cosine decays from Base to Min over Steps steps along half a cosine (Loshchilov and Hutter 2017, without restarts), after a
// linear rise over the first Warmup steps.
type Cosine struct {
	Base, Min     float64
	Steps, Warmup int
}

// LR is the learning rate of a step, counted from 0.
func (c Cosine) LR(step int) float64 {
	if step < c.Warmup {
		return c.Base * float64(step+1) / float64(c.Warmup+1)
	}
	if step >= c.Steps {
		return c.Min
	}
	return c.Min + (c.Base-c.Min)/2*(1+math.Cos(math.Pi*float64(step-c.Warmup)/float64(c.Steps-c.Warmup)))
}
