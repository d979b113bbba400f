package supernet

import (
	"fmt"
	"math"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Averaging is how language models are trained (Merity, Keskar and Socher 2018, arXiv 1708.02182, NT-ASGD): by SGD until
// several validations in a row bring no improvement, then by averaged SGD (t0 = 0, λ = 0), which is validated, and in the end
// scored, on the mean of the parameters. Where loss or gradient are not finite, training goes on from the best parameters so
// far, as the authors of DARTS do.
type Averaging struct {
	Every    int `json:"every"`    // epochs between validations
	Archs    int `json:"archs"`    // architectures of a validation, drawn once from the sampler
	Patience int `json:"patience"` // validations without improvement
	Batch    int `json:"batch"`    // of a validation
}

// maxRollBacks bounds how often a training that diverges is taken back.
const maxRollBacks = 20

// averaging is the state of a trainer with that.
type averaging struct {
	History   []float64 `json:"history"` // mean losses of the validations
	RollBacks int       `json:"roll_backs"`
	Averages  bool      `json:"averages"` // the optimiser is ASGD
	Finished  bool      `json:"finished"` // the parameters are their averages

	best      []tensor.Named // the parameters of the best validation, or those at the start
	evaluator *Evaluator
	archs     []spaces.Arch
}

// bestPrefix marks the best parameters in a checkpoint.
const bestPrefix = "best/"

func (a *averaging) init(t *Trainer) error {
	c := t.Config.Averaging
	if c.Every < 1 || c.Archs < 1 || c.Patience < 1 || c.Batch < 1 {
		return fmt.Errorf("supernet: averaging %+v: want at least 1 of everything", *c)
	}
	var err error
	if a.evaluator, err = NewEvaluator(t.Model, t.Data, EvalConfig{BN: NoBatchNorm, Batch: c.Batch}); err != nil {
		return err
	}
	var s stream
	for i := 0; len(a.archs) < c.Archs; i++ {
		a.archs = t.Sampler.Paths(a.archs, s.of(t.Config.Seed, streamValidation, i), i)
	}
	a.archs = a.archs[:c.Archs]
	if _, fixed := t.Sampler.(Fixed); fixed {
		a.archs = a.archs[:1]
	}
	for _, p := range t.Model.Store().Params {
		a.best = append(a.best, tensor.Named{Name: bestPrefix + p.Name, Tensor: p.Value.Clone()})
	}
	return nil
}

// rollBack restores the best parameters; false if that was done too often.
func (a *averaging) rollBack(t *Trainer) bool {
	if a.RollBacks++; a.RollBacks > maxRollBacks {
		return false
	}
	for i, p := range t.Model.Store().Params {
		p.Value.CopyFrom(a.best[i].Tensor)
	}
	clear(t.pass.Hidden.Data)
	if a.Averages {
		t.opt = a.asgd(t) // averages anew
	}
	return true
}

func (a *averaging) asgd(t *Trainer) *nn.ASGD {
	return &nn.ASGD{WeightDecay: t.Config.WeightDecay, Clip: t.Config.Clip}
}

// epochEnds validates where it is time to, and after the last epoch leaves the averages in the model.
func (a *averaging) epochEnds(t *Trainer, r *StepResult) error {
	c := t.Config.Averaging
	last := t.epoch == t.Config.Epochs
	if t.epoch%c.Every != 0 && !last {
		return nil
	}
	asgd, _ := t.opt.(*nn.ASGD)
	if asgd != nil {
		asgd.Swap()
	}
	loss := 0.0
	for _, arch := range a.archs {
		s, err := a.evaluator.Evaluate(arch)
		if err != nil {
			return err
		}
		loss += s.Loss / float64(len(a.archs))
	}
	r.Validated, r.Validation = true, loss
	best := math.Inf(1)
	for _, v := range a.History {
		best = min(best, v)
	}
	if loss < best {
		for i, p := range t.Model.Store().Params {
			a.best[i].Tensor.CopyFrom(p.Value)
		}
	}
	a.History = append(a.History, loss)
	switch {
	case last:
		a.Finished = true // with the averages
		return nil
	case asgd != nil:
		asgd.Swap()
	case len(a.History) > c.Patience:
		before := math.Inf(1)
		for _, v := range a.History[:len(a.History)-c.Patience] {
			before = min(before, v)
		}
		if loss > before {
			a.Averages = true
			t.opt = a.asgd(t)
		}
	}
	return nil
}
