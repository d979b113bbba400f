package optim

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/kernels/fault"
)

// Adam is a step of Adam (Kingma and Ba 2015, arXiv 1412.6980) with coupled weight decay, as torch.optim.Adam defines it. In step T,
// counted from 1,
//
//	g' = GradScale*g + WeightDecay*p
//	m  = Beta1*m + (1-Beta1)*g'
//	v  = Beta2*v + (1-Beta2)*g'²
//	p  = p - LR/(1-Beta1^T) * m / (√v/√(1-Beta2^T) + Eps)
type Adam struct {
	LR, Beta1, Beta2, Eps, WeightDecay float64
	T                                  int
	GradScale                          float32 // multiplies the gradient: 1, or the factor of clipping
}

// Apply updates the parameter p and its moments m and v, which start as zeros, with the gradient g: see [SGD.Apply].
func (s Adam) Apply(p, m, v, g []float32) {
	checkLengths("optim.Adam.Apply", p, g, m, v)
	if s.T < 1 {
		fault.Shape("optim.Adam.Apply", fmt.Sprintf("step %d", s.T), "1 or more")
	}
	adapt(active.adam, p, m, v, g, coefficients{
		s.GradScale, float32(s.WeightDecay), float32(s.Beta1), float32(1 - s.Beta1), float32(s.Beta2), float32(1 - s.Beta2),
		float32(s.LR / (1 - math.Pow(s.Beta1, float64(s.T)))), float32(1 / math.Sqrt(1-math.Pow(s.Beta2, float64(s.T)))), float32(s.Eps),
	})
}

// RMSProp is a step of RMSProp with momentum as TensorFlow defines it, with Eps under the root; NAS-Bench-101 was trained with
// Rho = 0.9, Momentum = 0.9 and Eps = 1:
//
//	g'  = GradScale*g + WeightDecay*p
//	ms  = Rho*ms + (1-Rho)*g'²
//	mom = Momentum*mom + LR*g'/√(ms + Eps)
//	p   = p - mom
type RMSProp struct {
	LR, Rho, Momentum, Eps, WeightDecay float64
	GradScale                           float32 // multiplies the gradient: 1, or the factor of clipping
}

// Apply updates the parameter p, its mean square ms (which TensorFlow starts with ones) and its momentum mom (zeros) with the gradient
// g: see [SGD.Apply].
func (s RMSProp) Apply(p, ms, mom, g []float32) {
	checkLengths("optim.RMSProp.Apply", p, g, ms, mom)
	adapt(active.rmsprop, p, ms, mom, g, coefficients{
		s.GradScale, float32(s.WeightDecay), float32(s.Rho), float32(1 - s.Rho), float32(s.Momentum), float32(s.LR), float32(s.Eps),
	})
}

// ASGD is a step of averaged stochastic gradient descent (Polyak and Juditsky 1992) as torch.optim.ASGD defines it. In step T, counted
// from 1,
//
//	g' = GradScale*g + WeightDecay*p
//	η  = LR / (1 + Lambda*LR*(T-1))^Alpha
//	p  = (1 - Lambda*η)*p - η*g'
//	ax = ax + (p - ax) / max(1, T-1-T0)
//
// PyTorch's defaults are Lambda = 1e-4, Alpha = 0.75 and T0 = 1e6; DARTS starts to average with T0 = 0, Lambda = 0.
type ASGD struct {
	LR, Lambda, Alpha, WeightDecay float64
	T, T0                          int
	GradScale                      float32 // multiplies the gradient: 1, or the factor of clipping
}

// Apply updates the parameter p and its average ax, which starts as zeros, with the gradient g: see [SGD.Apply].
func (s ASGD) Apply(p, ax, g []float32) {
	checkLengths("optim.ASGD.Apply", p, g, ax)
	if s.T < 1 {
		fault.Shape("optim.ASGD.Apply", fmt.Sprintf("step %d", s.T), "1 or more")
	}
	eta := s.LR / math.Pow(1+s.Lambda*s.LR*float64(s.T-1), s.Alpha)
	adapt(active.asgd, p, ax, nil, g, coefficients{
		s.GradScale, float32(s.WeightDecay), float32(1 - s.Lambda*eta), float32(eta), float32(1 / max(1, float64(s.T-1-s.T0))),
	})
}

func checkLengths(op string, p, g []float32, states ...[]float32) {
	for _, s := range states {
		if len(p) != len(g) || len(p) != len(s) {
			fault.Shape(op, fmt.Sprintf("a parameter of %d elements, a gradient of %d and a state of %d", len(p), len(g), len(s)),
				"the same length")
		}
	}
}
