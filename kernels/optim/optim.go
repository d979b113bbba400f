package optim

import "math"

// SGD is a step of stochastic gradient descent with momentum and coupled weight decay, as torch.optim.SGD defines it with
// dampening 0:
//
//	g' = GradScale*g + WeightDecay*p
//	v  = Momentum*v + g'
//	d  = Nesterov ? g' + Momentum*v : v
//	p  = p - LR*d
//
// A velocity of zeros makes the first step that of PyTorch, which starts with v = g'.
type SGD struct {
	LR, Momentum, WeightDecay float32
	Nesterov                  bool
	GradScale                 float32 // multiplies the gradient: 1, or the factor of clipping
}

// Apply updates the parameter p and its velocity v with the gradient g, which is left as it is. The slices have the same
// length and do not overlap. Large parameters are shared among the workers of package parallel, so Apply must not be
// called from within a parallel.Task.
func (s SGD) Apply(p, v, g []float32) {
	checkLengths("optim.SGD.Apply", p, g, v)
	if s.Nesterov {
		run(active.nesterov, p, v, g, s)
	} else {
		run(active.momentum, p, v, g, s)
	}
}

// ClipFactor returns what to multiply a gradient with so that its norm is at most maxNorm, given the sum of its squares:
//
//	min(1, maxNorm / (√sumSq + 1e-6))
//
// This is the rule of torch.nn.utils.clip_grad_norm_. If sumSq is Inf the factor is 0, if it is NaN so is the factor.
func ClipFactor(sumSq, maxNorm float64) float32 {
	return float32(min(1, maxNorm/(math.Sqrt(sumSq)+1e-6)))
}
