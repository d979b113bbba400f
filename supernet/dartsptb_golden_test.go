package supernet

import (
	"fmt"
	"math"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/tensor"
)

// goldenText is the data of a trajectory of dartsptb: sequences whose lengths and learning rates the fixture states, one after the
// other in every column.
type goldenText struct {
	*Text
	lengths []int
	scales  []float64 // of the learning rate
}

func (d *goldenText) EpochEnd(_ int, _ uint64, epoch int) int { return len(d.lengths) * (epoch + 1) }

func (d *goldenText) Train(dst *Batch, batch int, _ uint64, step int) {
	at := 0
	for _, n := range d.lengths[:step] {
		at += n
	}
	d.fill(dst, d.TrainStream, batch, at, d.lengths[step])
	dst.RateScale = d.scales[step]
}

// goldenDARTSPTB is a model whose masks are those of the fixture, if it has any.
type goldenDARTSPTB struct {
	*DARTSPTB
	masks func() dartsPTBMasks
}

func (m *goldenDARTSPTB) Forward(p *Pass, b *Batch) Output {
	if !p.Training() {
		return m.DARTSPTB.Forward(p, b)
	}
	return m.forward(p, b, m.masks())
}

// dartsPTBTrajectory is one of the two that the fixture holds, either at the top of the JSON or as "masked".
type dartsPTBTrajectory struct {
	Lengths             []int
	LRs                 []float64
	Losses              []float64
	CrossEntropies      []float64 `json:"cross_entropies"`
	TemporalActivations []float64 `json:"temporal_activations"`
	GradNorms           []float64 `json:"grad_norms_before_clip"`
	Beta                float64
	Dropout             struct{ Embedding, Input, Output, X, H float64 }
}

func TestGoldenDARTSPTB(t *testing.T) {
	g := readGolden(t, "dartsptb")
	plain := dartsPTBTrajectory{Losses: g.Losses, GradNorms: g.GradNorms}
	g.field(t, "lengths", &plain.Lengths)
	g.field(t, "lrs", &plain.LRs)
	g.field(t, "cross_entropies", &plain.CrossEntropies)
	g.field(t, "temporal_activations", &plain.TemporalActivations)
	var valid struct {
		Batch, BPTT int
		Perplexity  struct{ Final, Average, ASGD float64 }
	}
	if !g.field(t, "valid", &valid) {
		t.Fatal("dartsptb.json has no valid")
	}
	perplexity := func(tr *Trainer, what string, want float64) {
		t.Helper()
		data := &Text{EvalStream: g.ints(t, "valid_stream"), BPTT: valid.BPTT}
		ev, err := NewEvaluator(tr.Model, data, EvalConfig{BN: NoBatchNorm, Batch: valid.Batch})
		if err != nil {
			t.Fatal(err)
		}
		s := evaluate(t, ev, tr.Sampler.(Fixed).Arch)
		if got := -s.Value; math.Abs(got-want) > g.Tolerance.Perplexity*want {
			t.Errorf("perplexity of %s is %.7g, want %.7g", what, got, want)
		}
	}

	t.Run("sgd", func(t *testing.T) {
		tr := dartsPTBTrainer(t, g, plain, "")
		params := tr.Model.Store().Params
		sums := make(map[string][]float64)
		for _, p := range params {
			sums[p.Name] = make([]float64, p.Value.Len())
		}
		plain.follow(t, g, tr, "", func() {
			for _, p := range params {
				for i, v := range p.Value.Data {
					sums[p.Name][i] += float64(v)
				}
			}
		})
		perplexity(tr, "the parameters of the last step", valid.Perplexity.Final)
		for _, p := range params {
			for i, sum := range sums[p.Name] {
				p.Value.Data[i] = float32(sum / float64(tr.Steps()))
			}
			near(t, g, "average."+p.Name, p.Value, g.Tolerance.Final)
		}
		perplexity(tr, "the mean of all steps", valid.Perplexity.Average)
	})
	t.Run("asgd", func(t *testing.T) {
		tr := dartsPTBTrainer(t, g, plain, "")
		asgd := &nn.ASGD{WeightDecay: tr.Config.WeightDecay, Clip: tr.Config.Clip}
		tr.opt = asgd
		plain.follow(t, g, tr, "", func() {})
		asgd.Swap()
		for _, p := range tr.Model.Store().Params {
			near(t, g, "asgd."+p.Name, p.Value, g.Tolerance.Final)
		}
		perplexity(tr, "the averages of ASGD", valid.Perplexity.ASGD)
		asgd.Swap()
		perplexity(tr, "the parameters again", valid.Perplexity.Final)
	})
	t.Run("masked", func(t *testing.T) {
		var masked dartsPTBTrajectory
		if !g.field(t, "masked", &masked) {
			t.Fatal("dartsptb.json has no masked")
		}
		masked.follow(t, g, dartsPTBTrainer(t, g, masked, "masked."), "masked.", func() {})
	})
}

// dartsPTBTrainer makes a trainer for a trajectory.
func dartsPTBTrainer(t *testing.T, g *golden, r dartsPTBTrajectory, prefix string) *Trainer {
	t.Helper()
	arch, err := dartsptb.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	var optimizer struct {
		LR, Momentum float64
		Nesterov     bool
		WeightDecay  float64 `json:"weight_decay"`
		Clip         float64
		BPTT         int
	}
	if !g.field(t, "optimizer", &optimizer) {
		t.Fatal("dartsptb.json has no optimizer")
	}
	space := dartsptb.Space{Hidden: g.int(t, "hidden"), Words: g.int(t, "words")}
	m := &goldenDARTSPTB{DARTSPTB: NewDARTSPTB(space, DARTSPTBOptions{Beta: r.Beta}, 1, &arch)}
	g.load(t, m, "", 0)
	data := &goldenText{Text: &Text{TrainStream: g.ints(t, "train_stream"), EvalStream: g.ints(t, "valid_stream"), BPTT: optimizer.BPTT}, lengths: r.Lengths}
	for _, lr := range r.LRs {
		data.scales = append(data.scales, lr/optimizer.LR)
	}
	tr, err := NewTrainer(m, Fixed{arch}, data, TrainConfig{Epochs: 1, Batch: g.int(t, "batch"), Schedule: "constant", LR: optimizer.LR,
		Momentum: optimizer.Momentum, Nesterov: optimizer.Nesterov, WeightDecay: optimizer.WeightDecay, Clip: optimizer.Clip})
	if err != nil {
		t.Fatal(err)
	}
	m.masks = func() dartsPTBMasks {
		mask := func(name string, p float64) []float32 {
			if p == 0 {
				return nil
			}
			return g.get(t, fmt.Sprintf("%s%d.mask.%s", prefix, tr.StepsDone(), name)).Data
		}
		d := r.Dropout
		return dartsPTBMasks{mask("embedding", d.Embedding), mask("input", d.Input), mask("x", d.X), mask("h", d.H), mask("output", d.Output)}
	}
	return tr
}

// follow trains and compares all that the fixture has of a trajectory.
func (r dartsPTBTrajectory) follow(t *testing.T, g *golden, tr *Trainer, prefix string, after func()) {
	t.Helper()
	tol, m, probe := g.Tolerance, tr.Model.(*goldenDARTSPTB), Pass{Tape: autograd.NewTape()}
	for i := range r.Losses {
		// A pass of the same before the trainer's, for what that does not show.
		var batch Batch
		tr.Data.Train(&batch, tr.Config.Batch, 0, i)
		probe.Hidden = tr.pass.Hidden.Clone()
		probe.Tape.Reset(autograd.Training)
		m.Options.Beta = 1
		out := m.Forward(&probe, &batch)
		m.Options.Beta = r.Beta
		temporal := float64(out.Penalties[0].Value.Data[0])
		if want := r.TemporalActivations[i]; math.Abs(temporal-want) > 1e-5*want {
			t.Errorf("step %d: temporal activation %.7f, want %.7f", i, temporal, want)
		}
		if i == 0 {
			near(t, g, prefix+"step0.logits", out.Logits.Value, tol.Step0Logits)
		}

		res := step(t, tr)
		tolLoss, tolNorm := tol.Losses1to5, tol.GradNorms1to5
		if i >= 5 {
			tolLoss, tolNorm = tol.Losses6to10, tol.GradNorms6to10
		}
		if want := r.CrossEntropies[i]; math.Abs(res.Loss-want) > tolLoss*want {
			t.Errorf("step %d: cross-entropy %.7f, want %.7f", i, res.Loss, want)
		}
		if want := r.Losses[i]; math.Abs(res.Loss+r.Beta*temporal-want) > tolLoss*want {
			t.Errorf("step %d: loss %.7f, want %.7f", i, res.Loss+r.Beta*temporal, want)
		}
		if want := r.GradNorms[i]; math.Abs(res.GradNorm-want) > tolNorm*want {
			t.Errorf("step %d: gradient norm %.7f, want %.7f", i, res.GradNorm, want)
		}
		if math.Abs(res.LR-r.LRs[i]) > 1e-12*r.LRs[i] {
			t.Errorf("step %d: learning rate %v, want %v", i, res.LR, r.LRs[i])
		}
		if i == 0 {
			for _, p := range m.Store().Params {
				near(t, g, prefix+"step0.grad."+p.Name, p.Grad, tol.Step0Grad)
			}
		}
		after()
	}
	for _, p := range m.Store().Params {
		near(t, g, prefix+"final."+p.Name, p.Value, tol.Final)
	}
	near(t, g, prefix+"final.hidden", tr.pass.Hidden, tol.Final)
}

// near compares with a tensor of the fixture.
func near(t *testing.T, g *golden, name string, got tensor.Tensor, tolerance float64) {
	t.Helper()
	if e := nmse(got, g.get(t, name)); !(e <= tolerance) {
		t.Errorf("%s: normalised error %.2g, want at most %.2g", name, e, tolerance)
	}
}
