package nn

import (
	"cmp"
	"math"
)

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

// Exponential multiplies the learning rate with Gamma at every step.
type Exponential struct{ Base, Gamma float64 }

// LR is the learning rate of a step, counted from 0.
func (e Exponential) LR(step int) float64 { return e.Base * math.Pow(e.Gamma, float64(step)) }

// Polynomial decays from Base to Min over Steps steps as (1 − step/Steps)^Power: linearly with a Power of 1.
type Polynomial struct {
	Base, Min float64
	Steps     int
	Power     float64 // 0 stands for 1
}

// LR is the learning rate of a step, counted from 0.
func (p Polynomial) LR(step int) float64 {
	if step >= p.Steps {
		return p.Min
	}
	return p.Min + (p.Base-p.Min)*math.Pow(1-float64(step)/float64(p.Steps), cmp.Or(p.Power, 1))
}

// OneCycle rises from Max/Start to Max along half a cosine, and falls to Max/(Start·End) along another (Smith and Topin 2019, arXiv
// 1708.07120), as torch.optim.lr_scheduler.OneCycleLR does; unlike that it leaves the momentum as it is.
type OneCycle struct {
	Max        float64
	Steps      int
	Rise       float64 // share of the steps that rise; 0 stands for 0.3
	Start, End float64 // 0 stands for 25 and 10⁴
}

// LR is the learning rate of a step, counted from 0.
func (o OneCycle) LR(step int) float64 {
	top := cmp.Or(o.Rise, 0.3)*float64(o.Steps) - 1
	start := o.Max / cmp.Or(o.Start, 25)
	end := start / cmp.Or(o.End, 1e4)
	half := func(from, to, done float64) float64 { return to + (from-to)/2*(1+math.Cos(math.Pi*done)) }
	switch at := float64(step); {
	case at <= top:
		return half(start, o.Max, at/top)
	case step < o.Steps-1:
		return half(o.Max, end, (at-top)/(float64(o.Steps-1)-top))
	}
	return end
}

// Plateau multiplies the learning rate with Factor when a loss has not become better for more than Patience observations, as
// torch.optim.lr_scheduler.ReduceLROnPlateau does. An observation is better if it is below the best by one in 10⁴. To watch an accuracy,
// observe its negative:
//
//	lr := &nn.Plateau{Base: 0.1}
//	for epoch := range epochs {
//		… opt.Step(tape, lr.LR(step)) …
//		lr.Observe(validate())
//	}
//
// What it remembers are its exported fields, so that encoding/json makes an entry of a checkpoint's metadata of it.
type Plateau struct {
	Base, Min float64
	Factor    float64 // 0 stands for 0.1
	Patience  int     // 0 stands for 10, a negative number for none

	Observed, Waited, Lowered int // observations, those since the best, and how often the learning rate was lowered
	Best                      float64
}

// LR is the learning rate after what was observed, whatever the step.
func (p *Plateau) LR(int) float64 {
	if p.Lowered == 0 {
		return p.Base
	}
	return max(p.Min, p.Base*math.Pow(cmp.Or(p.Factor, 0.1), float64(p.Lowered)))
}

// Observe takes note of a loss.
func (p *Plateau) Observe(loss float64) {
	const threshold = 1e-4
	p.Observed++
	p.Waited++
	if p.Observed == 1 || loss < p.Best-threshold*math.Abs(p.Best) {
		p.Best, p.Waited = loss, 0
	}
	if p.Waited > max(cmp.Or(p.Patience, 10), 0) {
		p.Waited = 0
		p.Lowered++
	}
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
