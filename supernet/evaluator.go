package supernet

import (
	"fmt"
	"math/rand/v2"

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
)

// ParseBNPolicy reads a policy's name.
func ParseBNPolicy(s string) (BNPolicy, error) {
	switch p := BNPolicy(s); p {
	case Recalibrate, BatchStatistics, RunningStatistics:
		return p, nil
	}
	return "", fmt.Errorf("supernet: unknown batch-norm policy %q, want %s, %s or %s", s, Recalibrate, BatchStatistics, RunningStatistics)
}

// EvalConfig is how an architecture is scored.
type EvalConfig struct {
	BN         BNPolicy `json:"bn"`
	CalBatches int      `json:"calibration_batches"`
	CalBatch   int      `json:"calibration_batch"`
	Batch      int      `json:"batch"`
	Seed       uint64   `json:"seed"` // of the calibration batches, which are the same for all architectures
}

// Evaluator scores architectures with the weights of a model, which it leaves as they are: parameters, running statistics
// and optimiser state do not change.
type Evaluator struct {
	Model       Model
	Calibration Source // training images, augmented
	Test        Source
	Config      EvalConfig

	tape   *autograd.Tape
	x      []float32
	labels []int32
	index  []int32
}

// NewEvaluator checks the configuration.
func NewEvaluator(m Model, calibration, test Source, c EvalConfig) (*Evaluator, error) {
	if _, err := ParseBNPolicy(string(c.BN)); err != nil {
		return nil, err
	}
	switch {
	case c.Batch < 1:
		return nil, fmt.Errorf("supernet: evaluation batch %d: want at least 1", c.Batch)
	case test.Len() == 0:
		return nil, fmt.Errorf("supernet: no images to evaluate on")
	case c.BN == Recalibrate && (c.CalBatches < 1 || c.CalBatch < 2 || c.CalBatch > calibration.Len()):
		return nil, fmt.Errorf("supernet: recalibration on %d batches of %d: want at least 1 batch of 2 up to %d images", c.CalBatches, c.CalBatch, calibration.Len())
	}
	h, w, ch, _ := test.Shape()
	n := max(c.Batch, c.CalBatch)
	return &Evaluator{Model: m, Calibration: calibration, Test: test, Config: c, tape: autograd.NewTape(),
		x: tensor.New(n, h, w, ch).Data, labels: make([]int32, n), index: make([]int32, n)}, nil
}

// Score is what an architecture achieves on the test images.
type Score struct {
	Accuracy float64 // share of images classified correctly, 0..1
	Loss     float64 // mean cross-entropy
}

// Evaluate scores one architecture.
func (e *Evaluator) Evaluate(a spaces.Arch) Score {
	e.Model.Activate(a)
	mode := autograd.Inference
	switch e.Config.BN {
	case BatchStatistics:
		mode = autograd.BatchStatistics
	case Recalibrate:
		mode = autograd.Recalibrated
		e.recalibrate()
	}
	correct, loss := 0, 0.0
	for at := 0; at < e.Test.Len(); at += e.Config.Batch {
		n := min(e.Config.Batch, e.Test.Len()-at)
		for i := range n {
			e.index[i] = int32(at + i)
		}
		e.Test.Batch(e.x, e.labels, e.index[:n], 0)
		e.tape.Reset(mode)
		l := autograd.CrossEntropy(e.tape, e.Model.Forward(e.tape, e.input(n)), e.labels[:n], 0)
		correct, loss = correct+l.Correct, loss+l.Sum
	}
	e.tape.Reset(autograd.Inference)
	return Score{Accuracy: float64(correct) / float64(e.Test.Len()), Loss: loss / float64(e.Test.Len())}
}

// recalibrate runs the calibration batches through the active architecture.
func (e *Evaluator) recalibrate() {
	e.tape.Recalibrate()
	n := e.Config.CalBatch
	for b := range e.Config.CalBatches {
		rng := rand.New(rand.NewPCG(e.Config.Seed, streamOf(streamCalibration, b)))
		for i := range n {
			e.index[i] = int32(rng.IntN(e.Calibration.Len()))
		}
		e.Calibration.Batch(e.x, e.labels, e.index[:n], rng.Uint64()|1)
		e.tape.Reset(autograd.Recalibration)
		e.Model.Forward(e.tape, e.input(n))
	}
}

// input is the first n images of the buffer.
func (e *Evaluator) input(n int) *autograd.Var {
	h, w, c, _ := e.Test.Shape()
	return e.tape.Constant(tensor.Wrap(e.x[:n*h*w*c], n, h, w, c))
}
