package supernet

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/tensor"
)

// smallProxyless has two cells in a stage.
var smallProxyless = proxylessnas.Space{Width: 0.1, Classes: 3, Image: 8, Unstrided: 4, Depth: 2}

var operation = regexp.MustCompile(`\.k\de\d\.`)

func proxylessTest(sharing Sharing) modelTest {
	m := modelTest{
		space: smallProxyless, image: 8, classes: 3,
		supernet: func() Model { return NewProxylessNAS(smallProxyless, 1, nil, sharing) },
		alone: func(a spaces.Arch) Model {
			arch := a.(proxylessnas.Arch)
			return NewProxylessNAS(smallProxyless, 2, &arch, sharing)
		},
	}
	if sharing == Sliced {
		m.shared = func(_ spaces.Arch, name string) string { return operation.ReplaceAllString(name, ".") }
	}
	return m
}

func TestProxylessNAS(t *testing.T) {
	for _, sharing := range []Sharing{Separate, Sliced} {
		t.Run(sharing.String(), proxylessTest(sharing).run)
	}
}

// proxylessOf is the architecture with the same operation in all cells.
func proxylessOf(op proxylessnas.Op) (a proxylessnas.Arch) {
	for i := range a {
		a[i] = op
	}
	return a
}

// A supernet has no more than its candidates: each on its own, or the largest.
func TestProxylessNASSupernetSize(t *testing.T) {
	space := proxylessnas.Small(64, 10)
	params := func(op proxylessnas.Op) int { return int(space.Network(proxylessOf(op)).Params()) }
	// What is not in cells is in all of these networks.
	var others int
	for _, l := range space.Network(proxylessnas.Arch{}).Layers {
		if !strings.HasPrefix(l.Name, "stage") {
			others += int(l.Params)
		}
	}
	separate := others
	for op := range proxylessnas.Zero {
		separate += params(op) - others
	}
	for sharing, want := range map[Sharing]int{Separate: separate, Sliced: params(proxylessnas.K7E6)} {
		if n := NewProxylessNAS(space, 1, nil, sharing).Store().Size(); n != want {
			t.Errorf("%v: %d parameters, want %d", sharing, n, want)
		}
	}
}

// The initial values of the paper's release.
func TestProxylessNASInitialisation(t *testing.T) {
	a := proxylessOf(proxylessnas.K5E6)
	for _, p := range NewProxylessNAS(proxylessnas.Small(32, 10), 5, &a, Separate).Store().Params {
		switch v := p.Value; {
		case strings.HasSuffix(p.Name, ".conv.weight"):
			var sq float64
			for _, x := range v.Data {
				sq += float64(x) * float64(x)
			}
			n := float64(v.Len())
			want := 2 / float64(v.Dim(0)*v.Dim(1)*v.Dim(3)) // of all channels out, depthwise or not
			if got := sq / n; math.Abs(got/want-1) > 6*math.Sqrt(2/n) {
				t.Errorf("%s %v has variance %v, want %v", p.Name, v.Shape(), got, want)
			}
		case strings.HasSuffix(p.Name, ".norm.weight") && !constant(v, 1), strings.HasSuffix(p.Name, ".bias") && !constant(v, 0):
			t.Errorf("%s starts as %v", p.Name, v.Data[:3])
		}
	}
}

func constant(v tensor.Tensor, c float32) bool {
	return !slices.ContainsFunc(v.Data, func(x float32) bool { return x != c })
}

func TestProxylessNASActivate(t *testing.T) {
	archs := proxylessTest(Separate).archs(2)
	only := archs[0].(proxylessnas.Arch)
	m, one := NewProxylessNAS(smallProxyless, 1, nil, Separate), NewProxylessNAS(smallProxyless, 1, &only, Sliced)
	for _, err := range []error{m.Activate(archs[1]), one.Activate(archs[0])} {
		if err != nil {
			t.Error(err)
		}
	}
	deep := only
	deep[3] = proxylessnas.K3E3
	for says, err := range map[string]error{
		"is not an architecture of proxylessnas": m.Activate(nasbench201.FromOrdinal(1)),
		"(proxylessnas.Arch) is not":             m.Activate(deep),
		"made for":                               one.Activate(archs[1]),
	} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}

// Several slices of one block in a step: gradients are those of the networks of their own, added up where the slices overlap, and there
// are none elsewhere.
func TestSlicesOfSeveralPaths(t *testing.T) {
	test := proxylessTest(Sliced)
	super := test.training(test.supernet())
	want, used := make(map[string]tensor.Tensor), make(map[string]tensor.Tensor)
	for _, p := range super.m.Store().Params {
		want[p.Name], used[p.Name] = tensor.New(p.Value.Shape()...), tensor.New(p.Value.Shape()...)
	}
	backward := func(tr *imageTraining) {
		tp := tr.pass.Tape
		tp.Backward(autograd.CrossEntropy(tp, tr.m.Forward(&tr.pass, tr.batch).Logits, tr.batch.Targets, 0).Var)
	}
	archs := test.archs(3)
	for _, a := range archs {
		alone := test.training(test.alone(a))
		for name, v := range tensors(alone.m) {
			v.CopyFrom(test.part(t, tensors(super.m), a, name, v))
		}
		alone.pass.Tape.Reset(autograd.Training)
		backward(alone)
		for _, p := range alone.m.Store().Params {
			sum := test.part(t, want, a, p.Name, p.Grad)
			both := sum.Clone()
			for i, g := range p.Grad.Data {
				both.Data[i] += g
			}
			sum.CopyFrom(both)
			both.Fill(1)
			test.part(t, used, a, p.Name, p.Grad).CopyFrom(both)
		}
	}
	tp := super.pass.Tape
	tp.Reset(autograd.Training)
	for i, a := range archs {
		if i > 0 {
			tp.NextPath()
		}
		if err := super.m.Activate(a); err != nil {
			t.Fatal(err)
		}
		backward(super)
	}
	for _, p := range super.m.Store().Params {
		got, covered := tensor.New(p.Value.Shape()...), tensor.New(p.Value.Shape()...)
		for lo, hi := range p.Spans {
			copy(got.Data[lo:hi], p.Grad.Data[lo:hi])
			for i := range covered.Data[lo:hi] {
				covered.Data[lo+i]++
			}
		}
		if !slices.Equal(covered.Data, used[p.Name].Data) {
			t.Errorf("%s has gradients elsewhere than where the architectures use it", p.Name)
		}
		if e := nmse(got, want[p.Name]); e > 1e-9 {
			t.Errorf("gradient of %s: normalised error %.2g", p.Name, e)
		}
	}
}

// A training step of ProxylessNAS-Mobile, the network that the authors found for phones, on small images.
func BenchmarkProxylessNAS(b *testing.B) {
	arch, err := proxylessnas.Parse("k5e3,k3e3,skip,skip/k7e3,k3e3,k5e3,k5e3/k7e6,k5e3,k5e3,k5e3/k5e6,k5e3,k5e3,k5e3/k7e6,k7e6,k7e3,k7e3/k7e6")
	if err != nil {
		b.Fatal(err)
	}
	space := proxylessnas.Space{Width: 1, Classes: 1000, Image: 64, Widths: [proxylessnas.Stages]int{0: 32}, Depth: 4}
	m := NewProxylessNAS(space, 1, &arch, Separate)
	batch := &Batch{Images: tensor.New(32, space.Image, space.Image, 3), Targets: make([]int32, 32)}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range batch.Images.Data {
		batch.Images.Data[i] = float32(rng.NormFloat64())
	}
	p := &Pass{Tape: autograd.NewTape()}
	opt := &nn.SGD{Momentum: 0.9}
	step := func() {
		p.Tape.Reset(autograd.Training)
		p.Tape.Backward(autograd.CrossEntropy(p.Tape, m.Forward(p, batch).Logits, batch.Targets, 0).Var)
		opt.Step(p.Tape, 0.001)
	}
	for range 3 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
	b.ReportMetric(float64(len(batch.Targets)*b.N)/b.Elapsed().Seconds(), "img/s")
}
