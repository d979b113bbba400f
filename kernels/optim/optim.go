package optim

import (
	"math"

	"github.com/oneshot-nas/oneshot/kernels/cpu"
)

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

// An sgdKernel applies s to equally long slices.
type sgdKernel func(p, v, g []float32, s SGD)

// kernels is what one instruction set offers.
type kernels struct {
	momentum, nesterov  sgdKernel
	adam, rmsprop, asgd adaptiveKernel
}

var active = kernelsFor(cpu.Selected())

// portable is the specification of all other kernels. The conversions to float32 keep the compiler from fusing.
var portable = kernels{
	momentum: func(p, v, g []float32, s SGD) {
		for i := range p {
			v[i] = float32(s.Momentum*v[i]) + s.decayed(g[i], p[i])
			p[i] -= float32(s.LR * v[i])
		}
	},
	nesterov: func(p, v, g []float32, s SGD) {
		for i := range p {
			d := s.decayed(g[i], p[i])
			v[i] = float32(s.Momentum*v[i]) + d
			p[i] -= float32(s.LR * (d + float32(s.Momentum*v[i])))
		}
	},
	adam:    adamPortable,
	rmsprop: rmspropPortable,
	asgd:    asgdPortable,
}

// decayed returns g'.
func (s *SGD) decayed(g, p float32) float32 {
	return float32(s.GradScale*g) + float32(s.WeightDecay*p)
}
