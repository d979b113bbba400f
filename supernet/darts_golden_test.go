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
