package supernet

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

// golden is a NAS-Bench-201 network trained for ten steps by PyTorch in float64: testdata/nb201.json says how, and
// testdata/nb201.safetensors holds initial values, a batch, and what came out.
type golden struct {
	Architecture string    `json:"architecture"`
	Channels     int       `json:"channels"`
	Cells        int       `json:"cells_per_stage"`
	Losses       []float64 `json:"losses"`
	GradNorms    []float64 `json:"grad_norms_before_clip"`

	tensors map[string]tensor.Tensor
}

func loadGolden(t *testing.T) *golden {
	js, err := os.ReadFile("testdata/nb201.json")
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{tensors: make(map[string]tensor.Tensor)}
	if err := json.Unmarshal(js, g); err != nil {
		t.Fatal(err)
	}
	all, _, err := tensor.LoadSafetensors("testdata/nb201.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		g.tensors[n.Name] = n.Tensor
	}
	return g
}

// get returns a tensor in our layout: NHWC, HWIO, and linear weights [in][out].
func (g *golden) get(t *testing.T, name string) tensor.Tensor {
	t.Helper()
	v, ok := g.tensors[name]
	switch {
	case !ok:
		t.Fatalf("no golden tensor %q", name)
	case name == "input":
		v = v.Transpose(0, 2, 3, 1)
	case v.Rank() == 4:
		v = v.Transpose(2, 3, 1, 0)
	case strings.HasSuffix(name, "classifier.weight"):
		v = v.Transpose(1, 0)
	}
	return v
}

// nmse is the squared error relative to the squared values, or to a mean square of 1e-6 where they are smaller (the gradient of a
// bias before a batch norm is nothing but rounding).
func nmse(got, want tensor.Tensor) float64 {
	var num, den float64
	for i, w := range want.Data {
		d := float64(got.Data[i]) - float64(w)
		num, den = num+d*d, den+float64(w)*float64(w)
	}
	return num / math.Max(den, 1e-6*float64(len(want.Data)))
}

// TestGoldenTrajectory follows PyTorch for ten steps. The engine's losses stay within 1e-7 of PyTorch's until rounding decides on
// which side of zero some value before a ReLU lies, which by the tenth step is likely; from there the two runs drift apart by a
// factor of ten a step or so. That happens on any instruction set, with sums in float64 too, and it happens elsewhere if the
// initial parameters differ by one rounding. So several runs start a rounding apart, and one must stay close throughout, which
// no run of a wrong engine does.
func TestGoldenTrajectory(t *testing.T) {
	g := loadGolden(t)
	var astray []string
	for run := range uint64(12) {
		why := g.follow(t, run)
		if why == "" {
			return
		}
		astray = append(astray, why)
	}
	t.Errorf("every run goes astray:\n%s", strings.Join(astray, "\n"))
}

// follow trains for ten steps, from parameters that in all runs but 0 differ by about one rounding, and tells where it leaves the
// trajectory.
func (g *golden) follow(t *testing.T, run uint64) (why string) {
	arch, err := nasbench201.Parse(g.Architecture)
	if err != nil {
		t.Fatal(err)
	}
	space := nasbench201.Space{Channels: g.Channels, Cells: g.Cells, Classes: 10, Image: 32}
	m := NewNASBench201(space, 1, &arch)
	rng := rand.New(rand.NewPCG(run, 0))
	for _, p := range m.Store().Params {
		p.Value.CopyFrom(g.get(t, p.Name))
		for i := range p.Value.Data {
			if run > 0 {
				p.Value.Data[i] *= float32(1 + 0x1p-23*rng.NormFloat64())
			}
		}
	}
	for _, b := range m.Store().Buffers {
		b.Value.CopyFrom(g.get(t, b.Name))
	}
	x := g.get(t, "input")
	var labels []int32
	for _, v := range g.get(t, "target").Data {
		labels = append(labels, int32(v))
	}

	tp := autograd.NewTape()
	opt := nn.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5}
	for step, want := range g.Losses {
		tp.Reset(autograd.Training)
		logits := m.Forward(tp, tp.Constant(x))
		loss := autograd.CrossEntropy(tp, logits, labels, 0)
		tp.Backward(loss.Var)
		if step == 0 {
			if why := g.firstStep(t, m, tp, logits); why != "" {
				return why
			}
		}
		gradNorm := opt.Step(tp, 0.1)
		tol := 1e-4
		if step >= 5 {
			tol = 2e-2
		}
		if got := loss.Mean(len(labels)); math.Abs(got-want) > tol*want {
			return fmt.Sprintf("loss of step %d is %.7f, want %.7f", step, got, want)
		}
		if want := g.GradNorms[step]; math.Abs(gradNorm-want) > 10*tol*want {
			return fmt.Sprintf("gradient norm of step %d is %.6f, want %.6f", step, gradNorm, want)
		}
	}
	for _, name := range []string{"stem.1.running_mean", "stem.1.running_var"} {
		for _, b := range m.Store().Buffers {
			if b.Name == name {
				if e := nmse(b.Value, g.get(t, "final."+name)); e > 4e-4 {
					return fmt.Sprintf("%s after training: normalised error %.2g", name, e)
				}
			}
		}
	}
	tp.Reset(autograd.Inference)
	if e := nmse(m.Forward(tp, tp.Constant(x)).Value, g.get(t, "final.eval_logits")); e > 4e-4 {
		return fmt.Sprintf("logits in evaluation mode: normalised error %.2g", e)
	}
	return ""
}

// firstStep compares logits and all gradients, and tells what is wrong.
func (g *golden) firstStep(t *testing.T, m *NASBench201, tp *autograd.Tape, logits *autograd.Var) (why string) {
	t.Helper()
	if e := nmse(logits.Value, g.get(t, "step0.logits")); e > 1e-10 {
		return fmt.Sprintf("logits of step 0: normalised error %.2g", e)
	}
	if len(tp.Touched()) != len(m.Store().Params) {
		t.Fatalf("%d of %d parameters have a gradient", len(tp.Touched()), len(m.Store().Params))
	}
	for _, p := range tp.Touched() {
		if e := nmse(p.Grad, g.get(t, "step0.grad."+p.Name)); e > 1e-9 {
			return fmt.Sprintf("gradient of %s in step 0: normalised error %.2g", p.Name, e)
		}
	}
	return ""
}
