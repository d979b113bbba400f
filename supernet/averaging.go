package supernet

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Averaging is how language models are trained (NT-ASGD: Merity, Keskar and Socher 2018, arXiv 1708.02182, algorithm 1): by SGD
// until a validation is worse than the best of all but the last few before it, then by averaged SGD (t0 = 0, λ = 0), which is
// validated, and in the end scored, on the mean of the parameters since then. Where loss, gradient or validation are not
// finite, training goes on from the best parameters so far, as that of DARTS does.
type Averaging struct {
	Every int `json:"every"` // epochs between validations
	Archs int `json:"archs"` // architectures of a validation, drawn from the sampler once and for all
	// Patience is the number of the last validations that the newest is not compared with, n of the algorithm.
	Patience int `json:"patience"`
	Batch    int `json:"batch"` // of a validation
}

// maxRollBacks bounds how often a training that diverges is taken back: one that always does is to be told of.
const maxRollBacks = 20

// averaging is the state of a trainer with that.
type averaging struct {
	History   []float64 `json:"history"` // mean losses of the validations
	RollBacks int       `json:"roll_backs"`
	Averages  bool      `json:"averages"` // the optimiser is ASGD
	Finished  bool      `json:"finished"` // training is over: of ASGD, the averages are in the model

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
	if len(t.Model.Store().Norms) > 0 {
		return errors.New("supernet: averaging is for models without batch norm, whose running statistics it neither averages nor rolls back")
	}
	if _, ok := t.opt.(*nn.SGD); !ok {
		return fmt.Errorf("supernet: averaging is for the optimiser sgd, not %s", t.Config.Optimizer)
	}
	eval := EvalConfig{BN: NoBatchNorm, Batch: c.Batch, Precision: t.Config.Precision}
	var err error
	if a.evaluator, err = NewEvaluator(t.Model, t.Data, eval); err != nil {
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

// begin gives the trainer an optimiser that remembers nothing.
func (a *averaging) begin(t *Trainer) {
	if a.Averages {
		t.opt = &nn.ASGD{WeightDecay: t.Config.WeightDecay, Clip: t.Config.Clip}
	} else {
		t.opt, _ = optimizer(t.Config) // which NewTrainer has found to be one
	}
}

// rollBack restores the best parameters, from which descent and averages begin anew; false if that was done too often.
func (a *averaging) rollBack(t *Trainer) bool {
	if a.RollBacks == maxRollBacks {
		return false
	}
	a.RollBacks++
	for i, p := range t.Model.Store().Params {
		p.Value.CopyFrom(a.best[i].Tensor)
	}
	clear(t.pass.Hidden.Data)
	a.begin(t)
	return true
}

// epochEnds validates if it is time to, and after the last epoch leaves the averages in the model.
func (a *averaging) epochEnds(t *Trainer, r *StepResult) error {
	last := t.epoch == t.Config.Epochs
	if t.epoch%t.Config.Averaging.Every != 0 && !last {
		return nil
	}
	asgd, _ := t.opt.(*nn.ASGD)
	if asgd != nil {
		asgd.Swap()
	}
	loss, err := a.validate()
	if err != nil {
		return err
	}
	r.Validated, r.Validation = true, loss
	switch {
	case math.IsNaN(loss) || math.IsInf(loss, 0):
		// What is left of an optimiser that has swapped goes with it.
		if r.RolledBack = a.rollBack(t); !r.RolledBack {
			return &DivergedError{Step: t.step - 1, Epoch: t.epoch - 1, Archs: a.archs, LR: r.LR, Loss: loss, GradNorm: r.GradNorm}
		}
	default:
		if a.improves(loss) {
			for i, p := range t.Model.Store().Params {
				a.best[i].Tensor.CopyFrom(p.Value)
			}
		}
		stuck := a.stuck(loss, t.Config.Averaging.Patience)
		a.History = append(a.History, loss)
		switch {
		case last: // with the averages
		case asgd != nil:
			asgd.Swap()
		case stuck:
			a.Averages = true
			a.begin(t)
		}
	}
	a.Finished = last
	return nil
}

// validate returns the mean loss of the architectures of a validation.
func (a *averaging) validate() (loss float64, err error) {
	for _, arch := range a.archs {
		s, err := a.evaluator.Evaluate(arch)
		if err != nil {
			return 0, err
		}
		loss += s.Loss / float64(len(a.archs))
	}
	return loss, nil
}

// improves says whether a loss is less than that of any validation before.
func (a *averaging) improves(loss float64) bool {
	return len(a.History) == 0 || loss < slices.Min(a.History)
}

// stuck is the trigger of NT-ASGD: whether a loss is worse than the best of all validations before but the last few.
func (a *averaging) stuck(loss float64, patience int) bool {
	n := len(a.History) - patience
	return n > 0 && loss > slices.Min(a.History[:n])
}
