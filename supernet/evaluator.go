package supernet

import (
	"fmt"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// BNPolicy says which statistics batch norms use when an architecture is evaluated.
type BNPolicy string

const (
	// Recalibrate finds statistics for the architecture on training batches first: the plain mean over batches of the batch
	// means and biased variances. What the paper does.
	Recalibrate BNPolicy = "recalibrate"
	// BatchStatistics uses those of each evaluation batch.
	BatchStatistics BNPolicy = "batch"
	// RunningStatistics uses the averages of training, which in a supernet mix all architectures.
	RunningStatistics BNPolicy = "running"
	// NoBatchNorm is for models that have none.
	NoBatchNorm BNPolicy = "none"
)

// ParseBNPolicy reads a policy's name.
func ParseBNPolicy(s string) (BNPolicy, error) {
	switch p := BNPolicy(s); p {
	case Recalibrate, BatchStatistics, RunningStatistics, NoBatchNorm:
		return p, nil
	}
	return "", fmt.Errorf("supernet: unknown batch-norm policy %q, want %s, %s, %s or, for models without batch norm, %s",
		s, Recalibrate, BatchStatistics, RunningStatistics, NoBatchNorm)
}

// EvalConfig is how an architecture is scored.
type EvalConfig struct {
	BN         BNPolicy `json:"bn"`
	CalBatches int      `json:"calibration_batches"`
	CalBatch   int      `json:"calibration_batch"`
	Batch      int      `json:"batch"`
	Seed       uint64   `json:"seed"` // of the calibration batches, which are the same for all architectures

	Precision autograd.Precision `json:"precision,omitempty"` // as of a TrainConfig, of which it is to be the same
}

// Evaluator scores architectures with the weights of a model, which it leaves as they are: parameters, running statistics
// and optimiser state do not change.
type Evaluator struct {
	Model  Model
	Data   Data
	Config EvalConfig

	pass  Pass
	batch Batch
}

// NewEvaluator checks the configuration.
func NewEvaluator(m Model, data Data, c EvalConfig) (*Evaluator, error) {
	if _, err := ParseBNPolicy(string(c.BN)); err != nil {
		return nil, err
	}
	if norms := len(m.Store().Norms); (c.BN == NoBatchNorm) != (norms == 0) {
		return nil, fmt.Errorf("supernet: batch-norm policy %s for a model with %d batch norms: %s is for models that have none, and they want it", c.BN, norms, NoBatchNorm)
	}
	e := &Evaluator{Model: m, Data: data, Config: c, pass: Pass{Tape: autograd.NewTape(), Progress: 1}}
	e.pass.Tape.Precision = c.Precision
	switch {
	case c.Batch < 1:
		return nil, fmt.Errorf("supernet: evaluation batch %d: want at least 1", c.Batch)
	case !data.Eval(&e.batch, c.Batch, 0):
		return nil, fmt.Errorf("supernet: the data to evaluate on do not fill a batch of %d", c.Batch)
	case c.BN == Recalibrate && (c.CalBatches < 1 || c.CalBatch < 2):
		return nil, fmt.Errorf("supernet: recalibration on %d batches of %d: want at least 1 batch of at least 2", c.CalBatches, c.CalBatch)
	case c.BN == Recalibrate && data.EpochEnd(c.CalBatch, c.Seed, 0) < 1:
		return nil, fmt.Errorf("supernet: recalibration on batches of %d, which is more than there are training data", c.CalBatch)
	}
	if r, ok := m.(Recurrent); ok {
		e.pass.Hidden = tensor.New(c.Batch, r.HiddenSize())
	}
	return e, nil
}

// Score is what an architecture achieves on the data to score on.
type Score struct {
	Value float64 // higher is better: the share of images classified correctly, 0..1, or minus the perplexity
	Loss  float64 // mean cross-entropy
}

// Evaluate scores one architecture. The error is that of [Model.Activate].
func (e *Evaluator) Evaluate(a spaces.Arch) (Score, error) {
	if err := e.Model.Activate(a); err != nil {
		return Score{}, err
	}
	mode := autograd.Inference
	switch e.Config.BN {
	case BatchStatistics:
		mode = autograd.BatchStatistics
	case Recalibrate:
		mode = autograd.PopulationStatistics
		e.recalibrate()
	}
	tp := e.pass.Tape
	correct, targets, loss, text := 0, 0, 0.0, false
	for i := 0; e.Data.Eval(&e.batch, e.Config.Batch, i); i++ {
		if e.batch.First {
			clear(e.pass.Hidden.Data)
		}
		tp.Reset(mode)
		out := e.Model.Forward(&e.pass, &e.batch)
		l := autograd.CrossEntropy(tp, rows(tp, out.Logits), e.batch.Targets, 0)
		correct, targets, loss = correct+l.Correct, targets+len(e.batch.Targets), loss+l.Sum
		text = e.batch.Tokens != nil
	}
	tp.Reset(autograd.Inference)
	s := Score{Value: float64(correct) / float64(targets), Loss: loss / float64(targets)}
	if text {
		s.Value = -Perplexity(s.Loss)
	}
	return s, nil
}

// PeakBytes is the most memory that activations have taken at one time.
func (e *Evaluator) PeakBytes() int64 { return e.pass.Tape.PeakBytes() }

// recalibrate runs the calibration batches through the active architecture.
func (e *Evaluator) recalibrate() {
	e.pass.Tape.DiscardStatistics()
	for i := range e.Config.CalBatches {
		e.Data.Calibrate(&e.batch, e.Config.CalBatch, e.Config.Seed, i)
		e.pass.Tape.Reset(autograd.CollectStatistics)
		e.Model.Forward(&e.pass, &e.batch)
	}
}
