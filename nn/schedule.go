package nn

import "math"

// Schedule is a learning rate that depends on the step, counted from 0.
type Schedule interface {
	LR(step int) float64
}

// Fixed is a learning rate that stays.
type Fixed float64

// LR is the learning rate of any step.
func (f Fixed) LR(int) float64 { return float64(f) }

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

// CosineRestarts decays from Base to Min along half a cosine again and again (SGDR, Loshchilov and Hutter 2017, arXiv
// 1608.03983): over First steps, then over Factor times as many, and so on.
type CosineRestarts struct {
	Base, Min float64
	First     int // steps of the first cycle
	Factor    int // by which each cycle is longer than the one before; 0 stands for 1
}

// LR is the learning rate of a step, counted from 0.
func (c CosineRestarts) LR(step int) float64 {
	cycle := max(c.First, 1)
	for step >= cycle {
		step -= cycle
		if c.Factor > 1 {
			cycle *= c.Factor
		} else {
			step %= cycle
		}
	}
	return Cosine{Base: c.Base, Min: c.Min, Steps: cycle}.LR(step)
}

// StepDecay multiplies the learning rate with Gamma at each milestone.
type StepDecay struct {
	Base       float64
	Milestones []int // steps, counted from 0, that are the first to have a smaller rate
	Gamma      float64
}

// LR is the learning rate of a step, counted from 0.
func (d StepDecay) LR(step int) float64 {
	lr := d.Base
	for _, m := range d.Milestones {
		if step >= m {
			lr *= d.Gamma
		}
	}
	return lr
}

// Warmup rises linearly over Steps steps to where Then starts, and goes on with it.
type Warmup struct {
	Steps int
	Then  Schedule
}

// LR is the learning rate of a step, counted from 0.
func (w Warmup) LR(step int) float64 {
	if step < w.Steps {
		return w.Then.LR(0) * float64(step+1) / float64(w.Steps+1)
	}
	return w.Then.LR(step - w.Steps)
}
