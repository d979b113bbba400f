package nn

import "github.com/oneshot-nas/oneshot/autograd"

// Replaced when the optimisers land.

type Optimizer interface {
	Step(tp *autograd.Tape, lr float64) (gradNorm float64)
}
type Schedule interface{ LR(step int) float64 }
type Fixed float64

func (f Fixed) LR(int) float64 { return float64(f) }

type RMSProp struct {
	SGD
	Rho, Momentum, Eps, WeightDecay, Clip float64
}
type Adam struct {
	SGD
	Beta1, Beta2, Eps, WeightDecay, Clip float64
}
type AdamW struct {
	SGD
	Beta1, Beta2, Eps, WeightDecay, Clip float64
}
type ASGD struct {
	SGD
	WeightDecay, Clip float64
}

func (*ASGD) Swap(*Store) {}
