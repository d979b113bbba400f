package supernet

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/tensor"
)

// dartsAuxiliary is the auxiliary head of a fixture, and the weight of its loss.
type dartsAuxiliary struct {
	Weight             float64
	Channels, Features int
}

// dartsGolden reads the space of a fixture, and the auxiliary head if there is one.
func dartsGolden(t *testing.T, g *golden) (space darts.Space, aux dartsAuxiliary) {
	t.Helper()
	g.field(t, "auxiliary", &aux)
	space = darts.Space{Channels: g.int(t, "channels"), Cells: g.int(t, "cells"), Classes: g.int(t, "classes"), Image: g.int(t, "image"),
		AuxiliaryChannels: aux.Channels, AuxiliaryFeatures: aux.Features}
	var words string
	if !g.field(t, "pool", &words) {
		t.Fatalf("%s.json does not say how it pools", g.name)
	}
	if m := regexp.MustCompile(`^average of the first (\d+)x`).FindStringSubmatch(words); m != nil {
		space.Pool, _ = strconv.Atoi(m[1])
	} else if !strings.HasPrefix(words, "global average") {
		t.Fatalf("%s.json: pool %q", g.name, words)
	}
	return space, aux
}

func parseDARTS(t *testing.T, genotype string) darts.Arch {
	t.Helper()
	a, err := darts.Parse(genotype)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestGoldenDARTS(t *testing.T) {
	g := readGolden(t, "darts")
	space, aux := dartsGolden(t, g)
	arch := parseDARTS(t, g.Architecture)
	var variants map[string]struct {
		Losses    []float64
		GradNorms []float64 `json:"grad_norms_before_clip"`
		Optimizer json.RawMessage
	}
	if !g.field(t, "variants", &variants) {
		t.Fatal("darts.json has no variants")
	}
	follow := func(name string, g *golden, space darts.Space, losses, gradNorms []float64, prefix string) {
		t.Run(name, func(t *testing.T) {
			weight := aux.Weight
			if space.AuxiliaryChannels == 0 {
				weight = 0
			}
			goldenTraining{golden: g, losses: losses, gradNorms: gradNorms, auxiliary: weight, prefix: prefix, model: func() Model {
				return NewDARTS(space, 1, &arch)
			}}.follow(t)
		})
	}
	follow("seven", g, space, g.Losses, g.GradNorms, "")
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		v, space, varied := variants[name], space, *g
		pool, rest, _ := strings.Cut(name, "_")
		switch pool {
		case "seven":
		case "global":
			space.Pool = 0
		default:
			t.Fatalf("darts.json: unknown variant %q", name)
		}
		if rest == "no_auxiliary" {
			space.AuxiliaryChannels = 0
		}
		varied.fields = maps.Clone(g.fields)
		varied.fields["optimizer"] = v.Optimizer
		follow(name, &varied, space, v.Losses, v.GradNorms, name+".")
	}
}

// One pass with the masks that the fixture has recorded.
func TestGoldenDARTSDropPath(t *testing.T) {
	g := readGolden(t, "darts")
	space, aux := dartsGolden(t, g)
	arch := parseDARTS(t, g.Architecture)
	var want struct {
		Loss           float64
		GradNorm       float64 `json:"grad_norm"`
		GlobalLoss     float64 `json:"global_loss"`
		GlobalGradNorm float64 `json:"global_grad_norm"`
	}
	if !g.field(t, "droppath", &want) {
		t.Fatal("darts.json has no droppath")
	}
	unused := make(map[string]bool)
	for name := range g.tensors {
		if strings.HasPrefix(name, "droppath.mask.") {
			unused[name] = true
		}
	}
	run := func(space darts.Space, prefix string, loss, gradNorm float64) {
		m := NewDARTS(space, 1, &arch)
		g.load(t, m, "", 0)
		m.drawMask = func(cell, node, slot int) []float32 {
			name := fmt.Sprintf("droppath.mask.cells.%d.node%d.%d", cell, node, slot)
			delete(unused, name)
			return g.get(t, name).Data
		}
		batch := g.images(t, "")
		p := Pass{Tape: autograd.NewTape()}
		p.Tape.Reset(autograd.Training)
		out := m.Forward(&p, batch)
		r := goldenTraining{golden: g, prefix: prefix + "droppath."}
		check := func(what string, got tensor.Tensor, tolerance float64) {
			if e := r.compare(t, what, got); e > tolerance {
				t.Errorf("%s%s: normalised error %.2g", r.prefix, what, e)
			}
		}
		check("logits", out.Logits.Value, g.Tolerance.Step0Logits)
		check("auxiliary_logits", out.Auxiliary.Value, g.Tolerance.Step0Logits)
		total := dartsLoss(p.Tape, out, batch, aux.Weight)
		if got := float64(total.Value.Data[0]); math.Abs(got-loss) > g.Tolerance.Losses1to5*loss {
			t.Errorf("%s loss %v, want %v", r.prefix, got, loss)
		}
		p.Tape.Backward(total)
		for _, q := range m.Store().Params {
			check("grad."+q.Name, q.Grad, g.Tolerance.Step0Grad)
		}
		if got := (&nn.SGD{}).Step(p.Tape, 0); math.Abs(got-gradNorm) > g.Tolerance.GradNorms1to5*gradNorm {
			t.Errorf("%s gradient norm %v, want %v", r.prefix, got, gradNorm)
		}
	}
	run(space, "", want.Loss, want.GradNorm)
	if len(unused) > 0 {
		t.Errorf("masks that were not asked for: %v", slices.Sorted(maps.Keys(unused)))
	}
	space.Pool = 0
	run(space, "global.", want.GlobalLoss, want.GlobalGradNorm)
}

// dartsLoss is that of the logits plus weight times that of the auxiliary ones.
func dartsLoss(tp *autograd.Tape, out Output, b *Batch, weight float64) *autograd.Var {
	total := autograd.CrossEntropy(tp, out.Logits, b.Targets, 0).Var
	if weight > 0 {
		a := autograd.CrossEntropy(tp, out.Auxiliary, b.Targets, 0)
		total = autograd.Add(tp, total, autograd.Scale(tp, a.Var, float32(weight)))
	}
	return total
}

// Eight steps of a supernet, each with another architecture.
func TestGoldenSupernetDARTS(t *testing.T) {
	g := readGolden(t, "supernet_darts")
	space, _ := dartsGolden(t, g)
	var archs []spaces.Arch
	for _, s := range g.Architectures {
		archs = append(archs, parseDARTS(t, s))
	}
	g.followSupernet(t, NewDARTS(space, 1, nil), archs)
}

func TestGoldenRecalibrationDARTS(t *testing.T) {
	g := readGolden(t, "recalibration_darts")
	space, _ := dartsGolden(t, g)
	arch := parseDARTS(t, g.Architecture)
	g.recalibrate(t, NewDARTS(space, 1, &arch))
}

// followSupernet trains a model of exactly the fixture's parameters, another architecture in each step, and asks for its losses and
// gradient norms; that the parameters and statistics which no step uses stay as they are, bit for bit; and for the fixture's in the end.
func (g *golden) followSupernet(t *testing.T, m Model, archs []spaces.Arch) {
	t.Helper()
	g.load(t, m, "", 0)
	state := make(map[string]tensor.Tensor)
	for _, p := range m.Store().Params {
		state[p.Name] = p.Value
	}
	for _, b := range m.Store().Buffers {
		state[b.Name] = b.Value
	}
	for name := range g.tensors {
		if final, ok := strings.CutPrefix(name, "final."); ok && final != "eval_logits" && state[final].IsZero() {
			t.Errorf("%s has a tensor %s, which the model has not", g.name, final)
		}
	}
	var touched []int
	var never []string
	if !g.field(t, "parameters_touched", &touched) || !g.field(t, "never_touched", &never) {
		t.Fatalf("%s.json does not say which parameters are touched", g.name)
	}
	opt, lr := g.sgd(t)
	p := Pass{Tape: autograd.NewTape()}
	for i, arch := range archs {
		if err := m.Activate(arch); err != nil {
			t.Fatal(err)
		}
		batch := g.images(t, fmt.Sprintf(".%d", i))
		p.Tape.Reset(autograd.Training)
		loss := autograd.CrossEntropy(p.Tape, m.Forward(&p, batch).Logits, batch.Targets, 0)
		p.Tape.Backward(loss.Var)
		got, gradNorm := loss.Mean(len(batch.Targets)), opt.Step(p.Tape, lr)
		tolLoss, tolNorm := g.Tolerance.Losses1to5, g.Tolerance.GradNorms1to5
		if i >= 5 {
			tolLoss, tolNorm = g.Tolerance.Losses6to10, g.Tolerance.GradNorms6to10
		}
		if want := g.Losses[i]; math.Abs(got-want) > tolLoss*want {
			t.Errorf("step %d: loss %.7f, want %.7f", i, got, want)
		}
		if want := g.GradNorms[i]; math.Abs(gradNorm-want) > tolNorm*want {
			t.Errorf("step %d: gradient norm %.6f, want %.6f", i, gradNorm, want)
		}
		if n := len(p.Tape.Touched()); n != touched[i] {
			t.Errorf("step %d has a gradient for %d parameters, want %d", i, n, touched[i])
		}
	}
	for _, name := range never {
		if !slices.Equal(state[name].Data, g.get(t, name).Data) {
			t.Errorf("%s was moved, though no step uses it", name)
		}
	}
	for name, v := range state {
		want := g.get(t, "final."+name)
		if e := nmse(v, want); e > g.Tolerance.Final {
			t.Errorf("%s after training: normalised error %.2g", name, e)
		}
		v.CopyFrom(want)
	}
	last := len(archs) - 1
	p.Tape.Reset(autograd.Inference)
	out := m.Forward(&p, g.images(t, fmt.Sprintf(".%d", last)))
	if e := nmse(out.Logits.Value, g.get(t, "final.eval_logits")); e > g.Tolerance.EvalLogits {
		t.Errorf("logits in evaluation mode: normalised error %.2g", e)
	}
}

// recalibrate finds the statistics of the active architecture on the fixture's batches, and asks for them and for the logits with
// them.
func (g *golden) recalibrate(t *testing.T, m Model) {
	t.Helper()
	g.load(t, m, "", 0)
	var before []float32
	for _, b := range m.Store().Buffers {
		before = append(before, b.Value.Data...)
	}
	p := Pass{Tape: autograd.NewTape()}
	p.Tape.Recalibrate()
	batches := 0
	for ; !g.tensors[fmt.Sprintf("input.%d", batches)].IsZero(); batches++ {
		p.Tape.Reset(autograd.Recalibration)
		m.Forward(&p, &Batch{Images: g.get(t, fmt.Sprintf("input.%d", batches))})
	}
	if batches == 0 {
		t.Fatalf("%s.safetensors has no input.0", g.name)
	}
	for _, bn := range m.Store().Norms {
		name := "recalibrated." + strings.TrimSuffix(bn.Gamma.Name, "weight")
		mean, variance := bn.Recalibrated(p.Tape)
		if mean == nil {
			t.Errorf("%s has not been reached", bn.Gamma.Name)
			continue
		}
		for what, got := range map[string][]float64{"running_mean": mean, "running_var": variance} {
			if e := nmse(float32s(got), g.get(t, name+what)); e > g.Tolerance.Statistics {
				t.Errorf("%s%s: normalised error %.2g", name, what, e)
			}
		}
	}
	p.Tape.Reset(autograd.Recalibrated)
	out := m.Forward(&p, &Batch{Images: g.get(t, "eval.input")})
	if e := nmse(out.Logits.Value, g.get(t, "eval.logits")); e > g.Tolerance.Logits {
		t.Errorf("logits: normalised error %.2g", e)
	}
	var after []float32
	for _, b := range m.Store().Buffers {
		after = append(after, b.Value.Data...)
	}
	if !slices.Equal(before, after) {
		t.Error("recalibration moved the running statistics")
	}
}

func float32s(v []float64) tensor.Tensor {
	x := tensor.New(len(v))
	for i := range v {
		x.Data[i] = float32(v[i])
	}
	return x
}
