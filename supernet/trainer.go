package supernet

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// TrainConfig is how a model is trained.
type TrainConfig struct {
	Epochs int `json:"epochs"`
	Batch  int `json:"batch"`

	Optimizer   string  `json:"optimizer"`          // sgd (or ""), rmsprop (TensorFlow's, ε = 1, as NAS-Bench-101 has it), adam or adamw
	LR          float64 `json:"lr"`                 // at the start
	Schedule    string  `json:"schedule"`           // cosine (or "": to LRMin, step by step), constant, or cosine-restarts
	Restarts    int     `json:"restarts,omitempty"` // of cosine-restarts: cycles of equal length (SGDR, arXiv 1608.03983)
	LRMin       float64 `json:"lr_min"`             // 0 in most recipes
	Warmup      float64 `json:"warmup"`             // epochs of linear rise before that
	Momentum    float64 `json:"momentum"`
	Nesterov    bool    `json:"nesterov"`
	WeightDecay float64 `json:"weight_decay"`
	Clip        float64 `json:"clip"` // largest global gradient norm; 0 does not clip

	// Smoothing is the share of the target's probability that is spread over the *other* classes, as in the paper's release:
	// 1-s for the label, s/(K-1) for each other. (PyTorch spreads it over all K: its smoothing s·K/(K-1) is the same.)
	Smoothing float64 `json:"label_smoothing"`
	Auxiliary float64 `json:"auxiliary_weight"` // of the loss of an auxiliary classifier

	// Precision is what products round their operands to, in validations too. Parameters and checkpoints are float32 in any case.
	Precision autograd.Precision `json:"precision,omitempty"`

	// Averaging, if not nil, validates now and then, goes over to averaged SGD when that no longer helps, and rolls back to
	// the best parameters where training diverges.
	Averaging *Averaging `json:"averaging,omitempty"`

	Seed uint64 `json:"seed"`
}

// Trainer trains a model. Everything random in step i is drawn from streams seeded by the seed and i, so that the step
// number is all the state there is beyond parameters, buffers, optimiser and hidden state.
type Trainer struct {
	Model   Model
	Sampler Sampler
	Data    Data
	Config  TrainConfig

	opt    nn.Optimizer
	lr     nn.Schedule
	pass   Pass
	batch  Batch
	step   int
	epoch  int // to which the next step belongs
	paths  []spaces.Arch
	start  []float32 // the hidden state before the step, where there are several paths
	arch   stream
	random stream

	averaging averaging
}

// DivergedError says that a loss or a gradient is not finite. The parameters are those before the step.
type DivergedError struct {
	Step, Epoch int           // counted from 0
	Archs       []spaces.Arch // of the step, or the one whose loss is not finite
	LR          float64
	Loss        float64
	GradNorm    float64 // NaN where the loss is not finite already
}

func (e *DivergedError) Error() string {
	archs := make([]string, len(e.Archs))
	for i, a := range e.Archs {
		archs[i] = a.String()
	}
	what := fmt.Sprintf("the loss is %v", e.Loss)
	if !math.IsNaN(e.Loss) && !math.IsInf(e.Loss, 0) {
		what = fmt.Sprintf("the loss is %.4g but the norm of its gradient %v", e.Loss, e.GradNorm)
	}
	return fmt.Sprintf("supernet: training has diverged: in step %d (epoch %d) %s, with architecture %s at learning rate %g; try a lower learning rate, a warm-up, or clipping of the gradient",
		e.Step, e.Epoch, what, strings.Join(archs, " and "), e.LR)
}

const (
	maxSteps = math.MaxInt32 // of a training, so that no count of them overflows
	maxRate  = 1e36          // of learning, so that no longer sequence of text makes it too large for a float32
)

// NewTrainer prepares training from the first step. The error says which value of the configuration makes no sense.
func NewTrainer(m Model, sampler Sampler, data Data, c TrainConfig) (*Trainer, error) {
	switch {
	case c.Batch < 1:
		return nil, fmt.Errorf("supernet: batch %d: want at least 1", c.Batch)
	case c.Batch < 2 && len(m.Store().Norms) > 0:
		return nil, fmt.Errorf("supernet: batch %d: batch norm needs at least 2", c.Batch)
	case c.Epochs < 1:
		return nil, fmt.Errorf("supernet: %d epochs: want at least 1", c.Epochs)
	case data.EpochEnd(c.Batch, c.Seed, 0) < 1:
		return nil, fmt.Errorf("supernet: the training data do not fill one batch of %d", c.Batch)
	case c.Epochs > maxSteps/data.EpochEnd(c.Batch, c.Seed, 0):
		return nil, fmt.Errorf("supernet: %d epochs of %d steps: want at most %d steps in all", c.Epochs, data.EpochEnd(c.Batch, c.Seed, 0), maxSteps)
	case !(float32(c.LR) > 0) || c.LR > maxRate:
		return nil, fmt.Errorf("supernet: learning rate %v: want a number above 0, as a float32, up to %g", c.LR, maxRate)
	case !(c.LRMin >= 0 && c.LRMin <= c.LR):
		return nil, fmt.Errorf("supernet: least learning rate %v: want 0 to %v, the rate at the start", c.LRMin, c.LR)
	case !(c.Warmup >= 0 && c.Warmup < float64(c.Epochs)):
		return nil, fmt.Errorf("supernet: %v epochs of warm-up: want at least 0 and fewer than the %d of training", c.Warmup, c.Epochs)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return nil, fmt.Errorf("supernet: momentum %v: want 0 or more and less than 1", c.Momentum)
	case !(c.WeightDecay >= 0 && c.WeightDecay <= math.MaxFloat32) || !(c.Clip >= 0 && c.Clip <= math.MaxFloat32) || !(c.Auxiliary >= 0 && c.Auxiliary <= math.MaxFloat32):
		return nil, fmt.Errorf("supernet: weight decay %v, clipping %v and weight of the auxiliary loss %v: want 0 or more", c.WeightDecay, c.Clip, c.Auxiliary)
	case c.Schedule == "cosine-restarts" && (c.Restarts < 1 || c.Restarts > c.Epochs):
		return nil, fmt.Errorf("supernet: %d cycles of schedule cosine-restarts: want 1 to %d, the epochs", c.Restarts, c.Epochs)
	case c.Schedule != "cosine-restarts" && c.Restarts != 0:
		return nil, fmt.Errorf("supernet: %d cycles, which only schedule cosine-restarts has", c.Restarts)
	case !(c.Smoothing >= 0 && c.Smoothing < 1):
		return nil, fmt.Errorf("supernet: label smoothing %v: want 0 or more and less than 1", c.Smoothing)
	}
	t := &Trainer{Model: m, Sampler: sampler, Data: data, Config: c, pass: Pass{Tape: autograd.NewTape()}}
	t.pass.Tape.Precision = c.Precision
	var err error
	if t.opt, err = optimizer(c); err != nil {
		return nil, err
	}
	switch c.Schedule {
	case "", "cosine":
		t.lr = nn.Cosine{Base: c.LR, Min: c.LRMin, Steps: t.Steps(), Warmup: int(c.Warmup * float64(data.EpochEnd(c.Batch, c.Seed, 0)))}
	case "constant":
		t.lr = nn.Fixed(c.LR)
	case "cosine-restarts":
		t.lr = nn.CosineRestarts{Base: c.LR, Min: c.LRMin, First: (t.Steps() + c.Restarts - 1) / c.Restarts}
	default:
		return nil, fmt.Errorf("supernet: unknown schedule %q, want cosine, cosine-restarts or constant", c.Schedule)
	}
	if r, ok := m.(Recurrent); ok {
		t.pass.Hidden = tensor.New(c.Batch, r.HiddenSize())
	}
	if c.Averaging != nil {
		if err := t.averaging.init(t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// optimizer makes the one that a configuration names.
func optimizer(c TrainConfig) (nn.Optimizer, error) {
	switch c.Optimizer {
	case "", "sgd":
		return &nn.SGD{Momentum: c.Momentum, Nesterov: c.Nesterov, WeightDecay: c.WeightDecay, Clip: c.Clip}, nil
	case "rmsprop":
		return &nn.RMSProp{Rho: 0.9, Momentum: c.Momentum, Eps: 1, WeightDecay: c.WeightDecay, Clip: c.Clip}, nil
	case "adam":
		return &nn.Adam{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: c.WeightDecay, Clip: c.Clip}, nil
	case "adamw":
		return &nn.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: c.WeightDecay, Clip: c.Clip}, nil
	}
	return nil, fmt.Errorf("supernet: unknown optimiser %q, want sgd, rmsprop, adam or adamw", c.Optimizer)
}

// epochEnd is the number of steps up to the end of an epoch.
func (t *Trainer) epochEnd(epoch int) int {
	return t.Data.EpochEnd(t.Config.Batch, t.Config.Seed, epoch)
}

// Steps is the number of steps of the whole training.
func (t *Trainer) Steps() int { return t.epochEnd(t.Config.Epochs - 1) }

// StepsDone is how many steps have been taken.
func (t *Trainer) StepsDone() int { return t.step }

// Epoch is the epoch of the next step, counted from 0.
func (t *Trainer) Epoch() int { return t.epoch }

// PeakBytes is the most memory that activations and their gradients have taken at one time. Parameters, their gradients and the state of the
// optimiser are not among it.
func (t *Trainer) PeakBytes() int64 { return t.pass.Tape.PeakBytes() }

// Done reports whether training is complete.
func (t *Trainer) Done() bool { return t.step >= t.Steps() }

// StepResult is what a training step has seen.
type StepResult struct {
	Archs    []spaces.Arch // valid until the next step; if the loss is not finite, the one that has it
	Loss     float64       // of the classifier, mean over targets and architectures, smoothing included
	Correct  float64       // share of the targets that were predicted, 0..1
	Targets  int           // images, or words, of the batch
	GradNorm float64       // before clipping
	LR       float64
	// RolledBack says that the step has diverged and that training goes on from the best parameters so far.
	RolledBack bool
	// Validated says that the step ended with a validation, whose mean loss is Validation.
	Validated  bool
	Validation float64
}

// Step draws architectures and a batch and takes one step of gradient descent. If loss or gradient are not finite, the error
// is a [*DivergedError], parameters and optimiser are as before, and the trainer must not be used to go on (unless
// [TrainConfig.Averaging] rolls back, which is no error).
func (t *Trainer) Step() (StepResult, error) {
	c := &t.Config
	t.paths = t.Sampler.Paths(t.paths[:0], t.arch.of(c.Seed, streamArch, t.step), t.step)
	t.Data.Train(&t.batch, c.Batch, c.Seed, t.step)
	t.pass.Rand = t.random.of(c.Seed, streamDropout, t.step)
	t.pass.Progress = float64(t.step) / float64(t.Steps())
	r := StepResult{Archs: t.paths, Targets: len(t.batch.Targets), LR: t.lr.LR(t.step) * t.batch.RateScale, GradNorm: math.NaN()}
	finite, err := t.gradients(&r)
	if err != nil {
		return r, err
	}
	if finite {
		r.GradNorm = t.opt.Step(t.pass.Tape, r.LR)
		finite = !math.IsNaN(r.GradNorm) && !math.IsInf(r.GradNorm, 0)
	}
	if !finite {
		diverged := &DivergedError{Step: t.step, Epoch: t.epoch, Archs: slices.Clone(r.Archs), LR: r.LR, Loss: r.Loss, GradNorm: r.GradNorm}
		if c.Averaging == nil || !t.averaging.rollBack(t) {
			return r, diverged
		}
		r.RolledBack = true
	}
	t.step++
	if t.step == t.epochEnd(t.epoch) {
		t.epoch++
		if c.Averaging != nil {
			if err := t.averaging.epochEnds(t, &r); err != nil {
				return r, err
			}
		}
	}
	return r, nil
}

// gradients runs the step's architectures forwards and backwards. It says whether the loss is finite.
func (t *Trainer) gradients(r *StepResult) (finite bool, err error) {
	tp, c := t.pass.Tape, &t.Config
	if t.batch.First {
		clear(t.pass.Hidden.Data)
	}
	if len(t.paths) > 1 {
		t.start = append(t.start[:0], t.pass.Hidden.Data...)
	}
	tp.Reset(autograd.Training)
	for i, arch := range t.paths {
		if i > 0 {
			tp.NextPath()
			copy(t.pass.Hidden.Data, t.start)
		}
		if err := t.Model.Activate(arch); err != nil {
			return false, err
		}
		out := t.Model.Forward(&t.pass, &t.batch)
		l := autograd.CrossEntropyInPlace(tp, rows(tp, out.Logits), t.batch.Targets, smoothing(c.Smoothing, out.Logits))
		total := l.Var
		if out.Auxiliary != nil && c.Auxiliary > 0 {
			a := autograd.CrossEntropyInPlace(tp, rows(tp, out.Auxiliary), t.batch.Targets, smoothing(c.Smoothing, out.Auxiliary))
			total = autograd.Add(tp, total, autograd.Scale(tp, a.Var, float32(c.Auxiliary)))
		}
		for _, p := range out.Penalties {
			total = autograd.Add(tp, total, p)
		}
		paths := float64(len(t.paths))
		r.Loss += l.Mean(len(t.batch.Targets)) / paths
		r.Correct += float64(l.Correct) / float64(len(t.batch.Targets)) / paths
		if v := float64(total.Value.Data[0]); math.IsNaN(v) || math.IsInf(v, 0) {
			r.Loss, r.Archs = v, t.paths[i:i+1]
			return false, nil
		}
		if len(t.paths) > 1 {
			total = autograd.Scale(tp, total, float32(1/paths))
		}
		tp.Backward(total)
	}
	return true, nil
}

// rows views logits as one row for each target.
func rows(tp *autograd.Tape, logits *autograd.Var) *autograd.Var {
	if logits.Value.Rank() == 2 {
		return logits
	}
	return autograd.Reshape(tp, logits, logits.Value.Rows(), logits.Value.Cols())
}

// smoothing turns label smoothing over the other classes into PyTorch's over all of them.
func smoothing(s float64, logits *autograd.Var) float64 {
	return autograd.SmoothingOverOthers(s, logits.Value.Cols())
}
