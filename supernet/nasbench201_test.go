package supernet

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/kernels/pool"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

func TestNASBench201(t *testing.T) {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8, Whole: true}
	for _, pruned := range []bool{false, true} {
		modelTest{
			space: space, image: 8, classes: 3,
			supernet: func() Model {
				m := NewNASBench201(space, 1, nil)
				m.Pruned = pruned
				return m
			},
			alone: func(a spaces.Arch) Model {
				arch := a.(nasbench201.Arch)
				m := NewNASBench201(space, 2, &arch)
				m.Pruned = pruned
				return m
			},
			shared: func(a spaces.Arch, name string) string { // cells.0.edge.0_1.1.weight: the supernet says which operation
				edge := regexp.MustCompile(`edge\.(\d_\d)`).FindStringSubmatch(name)
				if edge == nil {
					return name
				}
				op := a.(nasbench201.Arch)[slices.Index(nasbench201.Keys[:], edge[1])]
				return strings.Replace(name, edge[0], edge[0]+"."+op.String(), 1)
			},
		}.run(t)
	}
}

// explicit is the network of an architecture as the benchmark's code writes it: edge by edge, with none as a multiplication
// by zero, on the parameters of m.
func explicit(tp *autograd.Tape, m *NASBench201, a nasbench201.Arch, images tensor.Tensor) *autograd.Var {
	operation := func(e normedConv, x *autograd.Var) *autograd.Var {
		return e.norm.Forward(tp, e.conv.Forward(tp, autograd.ReLU(tp, x)))
	}
	x := m.stemNorm.Forward(tp, m.stem.Forward(tp, tp.Constant(images)))
	for i := range m.blocks {
		b := &m.blocks[i]
		if b.shortcut != nil {
			y := operation(b.b, operation(b.a, x))
			x = autograd.Add(tp, y, b.shortcut.Forward(tp, autograd.AvgPool(tp, x, pool.Avg{Kernel: 2, Stride: 2})))
			continue
		}
		nodes := [nasbench201.Nodes]*autograd.Var{x}
		for to := 1; to < len(nodes); to++ {
			for from := range to {
				x, y := nodes[from], (*autograd.Var)(nil)
				switch a.Op(from, to) {
				case nasbench201.None:
					y = autograd.Scale(tp, x, 0)
				case nasbench201.SkipConnect:
					y = x
				case nasbench201.Conv1x1:
					y = operation(b.conv1[nasbench201.Edge(from, to)], x)
				case nasbench201.Conv3x3:
					y = operation(b.conv3[nasbench201.Edge(from, to)], x)
				case nasbench201.AvgPool3x3:
					y = autograd.AvgPool(tp, x, pool.Avg{Kernel: 3, Stride: 1, Pad: 1})
				}
				if from > 0 {
					y = autograd.Add(tp, nodes[to], y)
				}
				nodes[to] = y
			}
		}
		x = nodes[len(nodes)-1]
	}
	x = autograd.ReLU(tp, m.lastNorm.Forward(tp, x))
	return m.classifier.Forward(tp, autograd.GlobalAvgPool(tp, x))
}

// For all 64 architectures of none and convolutions 1×1, and others: values, statistics, and gradients, and which parameters have one
// of zeros and which have none.
func TestNASBench201AgainstExplicitComputation(t *testing.T) {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8, Whole: true}
	var archs []nasbench201.Arch
	for i := range 64 {
		var a nasbench201.Arch
		for e := range a {
			a[e] = []nasbench201.Op{nasbench201.None, nasbench201.Conv1x1}[i>>e&1]
		}
		archs = append(archs, a)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		archs = append(archs, space.Sample(rng).(nasbench201.Arch))
	}
	batch := &Batch{Images: tensor.New(6, 8, 8, 3), Targets: []int32{0, 1, 2, 2, 1, 0}}
	for i := range batch.Images.Data {
		batch.Images.Data[i] = float32(rng.NormFloat64())
	}
	want, got := NewNASBench201(space, 1, nil), NewNASBench201(space, 1, nil)
	for _, m := range []*NASBench201{want, got} {
		rng := rand.New(rand.NewPCG(3, 4))
		for _, n := range m.Store().Norms {
			n.Eps = 0.1 // by whose root the rounding of what does not vary is divided
			// Biases that can be told from zeros.
			for i := range n.Beta.Value.Data {
				n.Beta.Value.Data[i] = float32(rng.NormFloat64())
			}
		}
	}
	pass := Pass{Tape: autograd.NewTape()}
	tp := pass.Tape
	// run does a training step without an optimiser, and an evaluation.
	run := func(m *NASBench201, forward func() *autograd.Var) (logits, evaluated []float32, gradients map[string]tensor.Tensor) {
		tp.Reset(autograd.Training)
		out := forward()
		logits = slices.Clone(out.Value.Data)
		tp.Backward(autograd.CrossEntropy(tp, out, batch.Targets, 0).Var)
		gradients = make(map[string]tensor.Tensor)
		for _, p := range tp.Touched() {
			gradients[p.Name] = p.Grad.Clone()
		}
		tp.Reset(autograd.Inference)
		return logits, slices.Clone(forward().Value.Data), gradients
	}
	near := func(t *testing.T, what string, got, want []float32) {
		t.Helper()
		if e := nmse(tensor.Wrap(got, len(got)), tensor.Wrap(want, len(want))); e > 1e-9 {
			t.Errorf("%s: normalised error %.2g", what, e)
		}
	}
	zeros := 0
	for _, a := range archs {
		t.Run(a.String(), func(t *testing.T) {
			if err := got.Activate(a); err != nil {
				t.Fatal(err)
			}
			l, e, g := run(got, func() *autograd.Var { return got.Forward(&pass, batch).Logits })
			wl, we, wg := run(want, func() *autograd.Var { return explicit(tp, want, a, batch.Images) })
			near(t, "logits in training", l, wl)
			near(t, "logits in evaluation", e, we)
			if !slices.Equal(slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(wg))) {
				t.Fatalf("gradients of %q, want %q", slices.Sorted(maps.Keys(g)), slices.Sorted(maps.Keys(wg)))
			}
			largest := 0.0
			for _, w := range wg {
				for _, v := range w.Data {
					largest = max(largest, math.Abs(float64(v)))
				}
			}
			for name, w := range wg {
				for i, v := range w.Data {
					if far := math.Abs(float64(g[name].Data[i] - v)); far > 1e-5*largest {
						t.Errorf("gradient of %s: %v, want %v, of gradients as large as %v", name, g[name].Data[i], v, largest)
						break
					}
				}
				if slices.Max(w.Data) == 0 && slices.Min(w.Data) == 0 {
					zeros++
					if slices.Max(g[name].Data) != 0 || slices.Min(g[name].Data) != 0 {
						t.Errorf("the gradient of %s is not of zeros", name)
					}
				}
			}
			for i, b := range got.Store().Buffers {
				near(t, b.Name, b.Value.Data, want.Store().Buffers[i].Value.Data)
			}
		})
	}
	if zeros < 500 {
		t.Errorf("%d gradients of zeros: the architectures were to have more of them", zeros)
	}
}

// Pruned, an architecture touches what lies on its paths and no more; else everything that it has.
func TestNASBench201Pruned(t *testing.T) {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	batch := &Batch{Images: tensor.New(2, 8, 8, 3), Targets: []int32{0, 1}}
	pass := Pass{Tape: autograd.NewTape()}
	rng := rand.New(rand.NewPCG(1, 2))
	idle := 0
	for range 60 {
		a := space.Sample(rng).(nasbench201.Arch)
		m := NewNASBench201(space, 1, &a)
		for _, m.Pruned = range []bool{false, true} {
			pass.Tape.Reset(autograd.Training)
			pass.Tape.Backward(autograd.CrossEntropy(pass.Tape, m.Forward(&pass, batch).Logits, batch.Targets, 0).Var)
			touched := make(map[string]bool)
			for _, p := range pass.Tape.Touched() {
				touched[p.Name[:strings.LastIndexByte(p.Name, '.')]] = true
			}
			for _, l := range space.Network(a).Layers {
				if l.Params == 0 {
					continue
				}
				if l.Idle {
					idle++
				}
				if want := !(m.Pruned && l.Idle); touched[l.Name] != want {
					t.Errorf("%v, pruned %v: %s touched %v, want %v", a, m.Pruned, l.Name, touched[l.Name], want)
				}
			}
		}
	}
	if idle == 0 {
		t.Error("no layer was idle")
	}
	// A convolution that reads zeros: the pruned network is another function.
	a := nasbench201.Arch{nasbench201.None, nasbench201.SkipConnect, nasbench201.Conv1x1, nasbench201.SkipConnect, nasbench201.None, nasbench201.SkipConnect}
	m := NewNASBench201(space, 1, &a)
	m.blocks[0].conv1[nasbench201.Edge(1, 2)].norm.State.Beta.Value.Fill(3)
	var logits [2]string
	for i, pruned := range []bool{false, true} {
		m.Pruned = pruned
		pass.Tape.Reset(autograd.BatchStatistics)
		logits[i] = fmt.Sprint(m.Forward(&pass, batch).Logits.Value.Data)
	}
	if logits[0] == logits[1] {
		t.Error("the bias of a convolution that reads zeros makes no difference")
	}
}
