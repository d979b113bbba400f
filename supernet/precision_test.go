package supernet

import (
	"encoding/json"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/bf16"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// newCoarse is newSmall in a precision.
func newCoarse(t testing.TB, p autograd.Precision, epochs int) *Trainer {
	c := smallConfig(epochs)
	c.Precision = p
	tr, err := NewTrainer(NewNASBench201(smallSpace, 3, nil), Uniform(smallSpace), NewImages(blobs{64, 3}, blobs{64, 3}), c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// In bfloat16 a supernet trains nearly as it does in float32, and its parameters keep all their digits.
func TestTrainingInBF16(t *testing.T) {
	float, coarse := newCoarse(t, autograd.Float32, 20), newCoarse(t, autograd.BF16, 20)
	var first, last float64
	for !float.Done() {
		a, b := step(t, float), step(t, coarse)
		if d := math.Abs(a.Loss-b.Loss) / a.Loss; float.StepsDone() == 1 && !(d > 0 && d < 0.02) {
			t.Errorf("the first loss is %v in float32 and %v in bf16", a.Loss, b.Loss)
		}
		if n := float.StepsDone(); n <= 4 {
			first += b.Loss / 4
		} else if n > float.Steps()-4 {
			last += b.Loss / 4
		}
	}
	if !(last < first/2) {
		t.Errorf("in bf16 the loss went from %.3f to %.3f", first, last)
	}
	s := state(coarse.Model)
	rounded := slices.Clone(s)
	bf16.Round(rounded, rounded)
	if slices.Equal(s, rounded) || slices.Equal(s, state(float.Model)) {
		t.Error("the parameters after training in bf16 are bfloat16, or those after training in float32")
	}
}

// A checkpoint has the parameters in float32: training goes on in the same precision to the same bits, and in another one all the same.
func TestResumeInBF16(t *testing.T) {
	whole, part := newCoarse(t, autograd.BF16, 3), newCoarse(t, autograd.BF16, 3)
	for !whole.Done() {
		step(t, whole)
	}
	for range 5 {
		step(t, part)
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	if err := part.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	for _, p := range []autograd.Precision{autograd.Float32, autograd.BF16} {
		rest := newCoarse(t, p, 3)
		if _, err := rest.Load(path); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(state(rest.Model), state(part.Model)) {
			t.Errorf("loaded for %v: other parameters than were saved", p)
		}
		for !rest.Done() {
			step(t, rest)
		}
		if same := slices.Equal(state(rest.Model), state(whole.Model)); same != (p == autograd.BF16) {
			t.Errorf("gone on in %v: the same bits as without a stop: %v", p, same)
		}
	}
}

// An evaluator computes in the precision that it is told, also the batches that statistics are found on, and so do validations.
func TestEvaluationInBF16(t *testing.T) {
	tr := newCoarse(t, autograd.Float32, 4)
	for !tr.Done() {
		step(t, tr)
	}
	arch := nasbench201.FromOrdinal(7812)
	for _, bn := range []BNPolicy{Recalibrate, BatchStatistics, RunningStatistics} {
		var losses []float64
		for _, p := range []autograd.Precision{autograd.Float32, autograd.BF16, autograd.Float32} {
			c := EvalConfig{BN: bn, CalBatches: 3, CalBatch: 16, Batch: 20, Precision: p}
			ev, err := NewEvaluator(tr.Model, NewImages(blobs{64, 3}, blobs{50, 3}), c)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, evaluate(t, ev, arch).Loss)
		}
		if d := math.Abs(losses[1]/losses[0] - 1); !(d > 0 && d < 0.05) || losses[2] != losses[0] {
			t.Errorf("%s: losses of %v in float32, bf16, float32", bn, losses)
		}
	}
	s := newScript([]float64{3, 2, 1})
	scripted, err := NewTrainer(s, Fixed{sampleLanguage(1)}, s, TrainConfig{Epochs: 1, Batch: 1, LR: 1, Schedule: "constant",
		Precision: autograd.BF16, Averaging: &Averaging{Every: 1, Archs: 1, Patience: 1, Batch: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if p := scripted.averaging.evaluator.pass.Tape.Precision; p != autograd.BF16 {
		t.Errorf("a training in bf16 is validated in %v", p)
	}
}

// A configuration names the precision only if it is not float32: what was written before there was one means the same.
func TestPrecisionInConfigurations(t *testing.T) {
	for _, p := range []autograd.Precision{autograd.Float32, autograd.BF16} {
		js, err := json.Marshal(TrainConfig{Precision: p})
		if err != nil {
			t.Fatal(err)
		}
		named := strings.Contains(string(js), `"precision":"bf16"`)
		if named != (p == autograd.BF16) || strings.Contains(string(js), "float32") {
			t.Errorf("%v is written as %s", p, js)
		}
		var c TrainConfig
		if err := json.Unmarshal(js, &c); err != nil || c.Precision != p {
			t.Errorf("%v is read back as %v, error %v", p, c.Precision, err)
		}
	}
	var c EvalConfig
	err := json.Unmarshal([]byte(`{"precision":"half"}`), &c)
	if err == nil || !strings.Contains(err.Error(), "want one of float32, bf16") {
		t.Errorf("a precision half: %v", err)
	}
}
