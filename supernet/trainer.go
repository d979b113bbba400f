package supernet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// Source is a set of labelled images.
type Source interface {
	Len() int
	Shape() (h, w, c, classes int)
	// Batch writes the normalised images idx to x, [len(idx)][H][W][C], and their labels. key seeds the random
	// augmentation: the same key and idx give the same values. Key 0 does not augment.
	Batch(x []float32, labels []int32, idx []int32, key uint64)
}

// Sampler decides which architecture a training step uses.
type Sampler interface {
	Sample(rng *rand.Rand) spaces.Arch
}

// Fixed always draws one architecture: stand-alone training.
type Fixed struct{ Arch spaces.Arch }

// Sample returns the architecture.
func (f Fixed) Sample(*rand.Rand) spaces.Arch { return f.Arch }

// TrainConfig is how a model is trained: single path, one architecture a step.
type TrainConfig struct {
	Epochs      int     `json:"epochs"`
	Batch       int     `json:"batch"`
	LR          float64 `json:"lr"`     // decays to LRMin along a cosine, step by step
	LRMin       float64 `json:"lr_min"` // 0 in most recipes
	Warmup      float64 `json:"warmup"` // epochs of linear rise before that
	Momentum    float64 `json:"momentum"`
	Nesterov    bool    `json:"nesterov"`
	WeightDecay float64 `json:"weight_decay"`
	Clip        float64 `json:"clip"` // largest global gradient norm; 0 does not clip
	Smoothing   float64 `json:"label_smoothing"`
	Seed        uint64  `json:"seed"`
}

// Trainer trains a model. Everything random in step i is drawn from streams seeded by the seed and i, so that the step
// number is all the state there is beyond parameters, buffers and optimiser.
type Trainer struct {
	Model   Model
	Sampler Sampler
	Source  Source
	Config  TrainConfig

	opt    nn.SGD
	lr     nn.Cosine
	tape   *autograd.Tape
	x      tensor.Tensor
	labels []int32
	step   int
	pcg    rand.PCG
	rng    *rand.Rand // draws from pcg
	order  []int32    // of the epoch at hand
	epoch  int        // to which order belongs, plus one
}

// Streams of random numbers that a step draws from.
const (
	streamArch = iota + 1
	streamOrder
	streamAugment
	streamCalibration
)

// stream returns the i-th stream of a kind.
func (t *Trainer) stream(which, i int) *rand.Rand {
	t.pcg.Seed(t.Config.Seed, streamOf(which, i))
	return t.rng
}

func streamOf(which, i int) uint64 { return uint64(which)<<56 | uint64(i) }

// NewTrainer prepares training from the first step. The error says which value of the configuration makes no sense.
func NewTrainer(m Model, sampler Sampler, source Source, c TrainConfig) (*Trainer, error) {
	switch {
	case c.Batch < 2:
		return nil, fmt.Errorf("supernet: batch %d: batch norm needs at least 2 images", c.Batch)
	case c.Batch > source.Len():
		return nil, fmt.Errorf("supernet: batch %d is larger than the training set of %d images", c.Batch, source.Len())
	case c.Epochs < 1:
		return nil, fmt.Errorf("supernet: %d epochs: want at least 1", c.Epochs)
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return nil, fmt.Errorf("supernet: learning rate %v: want a positive number", c.LR)
	case !(c.LRMin >= 0 && c.LRMin <= c.LR):
		return nil, fmt.Errorf("supernet: least learning rate %v: want 0 to %v, the rate at the start", c.LRMin, c.LR)
	}
	h, w, ch, _ := source.Shape()
	t := &Trainer{
		Model: m, Sampler: sampler, Source: source, Config: c,
		opt:  nn.SGD{Momentum: c.Momentum, Nesterov: c.Nesterov, WeightDecay: c.WeightDecay, Clip: c.Clip},
		tape: autograd.NewTape(),
		x:    tensor.New(c.Batch, h, w, ch), labels: make([]int32, c.Batch),
	}
	t.rng = rand.New(&t.pcg)
	t.lr = nn.Cosine{Base: c.LR, Min: c.LRMin, Steps: t.Steps(), Warmup: int(c.Warmup * float64(t.StepsPerEpoch()))}
	return t, nil
}

// StepsPerEpoch is the number of whole batches in the training set; what is left over is drawn in another epoch.
func (t *Trainer) StepsPerEpoch() int { return t.Source.Len() / t.Config.Batch }

// Steps is the number of steps of the whole training.
func (t *Trainer) Steps() int { return t.Config.Epochs * t.StepsPerEpoch() }

// StepsDone is how many steps have been taken.
func (t *Trainer) StepsDone() int { return t.step }

// Done reports whether training is complete.
func (t *Trainer) Done() bool { return t.step >= t.Steps() }

// StepResult is what a training step has seen.
type StepResult struct {
	Arch     spaces.Arch
	Loss     float64 // mean over the batch
	Correct  int
	GradNorm float64 // before clipping
	LR       float64
}

// Step draws an architecture and a batch and takes one step of gradient descent.
func (t *Trainer) Step() StepResult {
	arch := t.Sampler.Sample(t.stream(streamArch, t.step))
	per := t.StepsPerEpoch()
	t.shuffle(t.step / per)
	at := t.step % per * t.Config.Batch
	key := t.stream(streamAugment, t.step).Uint64() | 1
	t.Source.Batch(t.x.Data, t.labels, t.order[at:at+t.Config.Batch], key)

	t.tape.Reset(autograd.Training)
	t.Model.Activate(arch)
	logits := t.Model.Forward(t.tape, t.tape.Constant(t.x))
	loss := autograd.CrossEntropy(t.tape, logits, t.labels, t.Config.Smoothing)
	t.tape.Backward(loss.Var)
	r := StepResult{Arch: arch, Loss: loss.Mean(t.Config.Batch), Correct: loss.Correct, LR: t.lr.LR(t.step)}
	r.GradNorm = t.opt.Step(t.tape, r.LR)
	t.step++
	return r
}

// shuffle prepares the order of the training images in an epoch.
func (t *Trainer) shuffle(epoch int) {
	if t.epoch == epoch+1 {
		return
	}
	t.epoch = epoch + 1
	if t.order == nil {
		t.order = make([]int32, t.Source.Len())
	}
	for i := range t.order {
		t.order[i] = int32(i)
	}
	t.stream(streamOrder, epoch).Shuffle(len(t.order), func(i, j int) { t.order[i], t.order[j] = t.order[j], t.order[i] })
}

// Save writes everything that training needs to go on to a checkpoint, with the caller's own metadata.
func (t *Trainer) Save(path string, metadata map[string]string) error {
	m := map[string]string{stepKey: strconv.Itoa(t.step)}
	for k, v := range metadata {
		m[k] = v
	}
	return nn.SaveCheckpoint(path, t.Model.Store(), &t.opt, m)
}

// Load continues from a checkpoint of Save and returns the caller's metadata. If it does not fit the model or the
// configuration, the error says why and nothing has changed.
func (t *Trainer) Load(path string) (metadata map[string]string, err error) {
	metadata, err = CheckpointMetadata(path)
	if err != nil {
		return nil, err
	}
	step, err := strconv.Atoi(metadata[stepKey])
	if err != nil || step < 0 || step > t.Steps() {
		return nil, fmt.Errorf("%s: the checkpoint is of step %q, want one within 0..%d", path, metadata[stepKey], t.Steps())
	}
	if metadata, err = nn.LoadCheckpoint(path, t.Model.Store(), &t.opt); err != nil {
		return nil, err
	}
	t.step = step
	delete(metadata, stepKey)
	return metadata, nil
}

// CheckpointMetadata reads what Save was told to remember, without a model to load the rest into.
func CheckpointMetadata(path string) (map[string]string, error) {
	_, metadata, err := tensor.LoadSafetensors(path)
	return metadata, err
}

// stepKey is the metadata entry with the number of steps taken.
const stepKey = "step"
