package supernet

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"regexp"
	"runtime"
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

// smallProxyless has two cells in a stage, on the images of blobs.
var smallProxyless = proxylessnas.Space{Width: 0.1, Classes: 3, Image: 8, Unstrided: 4, Depth: 2}

func proxylessArch(t testing.TB, s string) proxylessnas.Arch {
	t.Helper()
	a, err := proxylessnas.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// proxylessArchs are architectures of smallProxyless of every operation.
func proxylessArchs(t testing.TB) []spaces.Arch {
	return []spaces.Arch{
		proxylessArch(t, "k3e3,skip,skip,skip/k3e6,k5e3,skip,skip/k5e6,k7e3,skip,skip/k7e6,k3e3,skip,skip/k3e3,skip,skip,skip/k5e3"),
		proxylessArch(t, "k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6,k7e6,skip,skip/k7e6"),
		proxylessArch(t, "k5e3,k3e6,skip,skip/k7e3,k7e6,skip,skip/k3e3,k3e3,skip,skip/k5e6,skip,skip,skip/k5e3,k3e3,skip,skip/k3e6"),
	}
}

func newSmallProxyless(t testing.TB, sharing Sharing, sampler Sampler, epochs int) *Trainer {
	t.Helper()
	tr, err := NewTrainer(NewProxylessNAS(smallProxyless, 3, nil, sharing), sampler, NewImages(blobs{64, 3}, blobs{50, 3}), smallConfig(epochs))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// tensorsOf lists parameters and buffers by name.
func tensorsOf(m Model) map[string]tensor.Tensor {
	all := make(map[string]tensor.Tensor)
	for _, p := range m.Store().Params {
		all[p.Name] = p.Value
	}
	for _, b := range m.Store().Buffers {
		all[b.Name] = b.Value
	}
	return all
}

// The stand-alone network of an architecture has the layers that the space lists and no others, the supernet all of them.
func TestProxylessNASMatchesTheSpace(t *testing.T) {
	space := proxylessnas.Small(64, 10)
	super := tensorsOf(NewProxylessNAS(space, 1, nil, Separate))
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		a := space.Sample(rng).(proxylessnas.Arch)
		m := NewProxylessNAS(space, 1, &a, Separate)
		net := space.Network(a)
		if int64(m.Store().Size()) != net.Params() {
			t.Errorf("%v: %d parameters, the space counts %d", a, m.Store().Size(), net.Params())
		}
		own := tensorsOf(m)
		for _, l := range net.Layers {
			want := map[string]int64{}
			switch l.Kind {
			case spaces.Conv:
				want[".weight"] = l.Params
			case spaces.BatchNorm:
				for _, what := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
					want[what] = int64(l.Cout)
				}
			case spaces.Linear:
				want[".weight"], want[".bias"] = int64(l.Cin*l.Cout), int64(l.Cout)
			}
			for what, n := range want {
				v, ok := own[l.Name+what]
				if !ok || int64(v.Len()) != n {
					t.Errorf("%v: %s has %d elements, want %d", a, l.Name+what, v.Len(), n)
				}
				if s, ok := super[l.Name+what]; !ok || !s.SameShape(v) {
					t.Errorf("the supernet has no %s %v", l.Name+what, v.Shape())
				}
				delete(own, l.Name+what)
			}
		}
		for name := range own {
			t.Errorf("%v: the space lists no %s", a, name)
		}
	}
	largest := space.Network(proxylessArch(t, strings.Repeat("k7e6,", proxylessnas.Cells)))
	if n := NewProxylessNAS(space, 1, nil, Sliced).Store().Size(); int64(n) != largest.Params() {
		t.Errorf("%d parameters where candidates are slices, want the %d of the largest architecture", n, largest.Params())
	}
}

// The initial values of the paper's release.
func TestProxylessNASInitialisation(t *testing.T) {
	a := proxylessArch(t, strings.Repeat("k5e6,", proxylessnas.Cells))
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
	archs := proxylessArchs(t)
	m := NewProxylessNAS(smallProxyless, 1, nil, Separate)
	only := archs[0].(proxylessnas.Arch)
	one := NewProxylessNAS(smallProxyless, 1, &only, Sliced)
	if err := m.Activate(archs[2]); err != nil {
		t.Error(err)
	}
	if err := one.Activate(archs[0]); err != nil {
		t.Error(err)
	}
	deep := archs[0].(proxylessnas.Arch)
	deep[3] = proxylessnas.K3E3
	for what, err := range map[string]error{
		"another space":        m.Activate(nasbench201.FromIndex(1)),
		"too deep":             m.Activate(deep),
		"another architecture": one.Activate(archs[1]),
	} {
		if err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}

// What a step does not use keeps its value, though it has a velocity and would decay.
func TestProxylessNASInactiveBlocksStay(t *testing.T) {
	archs := proxylessArchs(t)
	for i, a := range archs {
		other := archs[(i+1)%len(archs)]
		tr := newSmallProxyless(t, Separate, Fixed{other}, 1)
		step(t, tr)
		before := make(map[string][]float32)
		for name, v := range tensorsOf(tr.Model) {
			before[name] = slices.Clone(v.Data)
		}
		tr.Sampler = Fixed{a}
		step(t, tr)
		only := a.(proxylessnas.Arch)
		active := tensorsOf(NewProxylessNAS(smallProxyless, 1, &only, Separate))
		for name, v := range tensorsOf(tr.Model) {
			_, used := active[name]
			if moved := !slices.Equal(v.Data, before[name]); moved != used {
				t.Errorf("%v: %s moved: %v, used: %v", a, name, moved, used)
			}
		}
	}
}

// eachShared calls f with the index of every element of a tensor of a stand-alone network and that of the element of the
// supernet that it is a copy of: the taps in the middle, the first channels.
func eachShared(small, large tensor.Tensor, f func(s, l int)) {
	rank := small.Rank()
	for s := range small.Len() {
		l, rest, stride := 0, s, 1
		for axis := rank - 1; axis >= 0; axis-- {
			i := rest % small.Dim(axis)
			rest /= small.Dim(axis)
			if rank == 4 && axis < 2 {
				i += (large.Dim(axis) - small.Dim(axis)) / 2
			}
			l += i * stride
			stride *= large.Dim(axis)
		}
		f(s, l)
	}
}

var operation = regexp.MustCompile(`\.k\de\d\.`)

// sliceName is what the layer of a candidate is called where candidates are slices.
func sliceName(name string) string { return operation.ReplaceAllString(name, ".") }

// cut makes a stand-alone network of an architecture with copies of the slices of a supernet.
func cut(m *ProxylessNAS, a spaces.Arch) *ProxylessNAS {
	only := a.(proxylessnas.Arch)
	n := NewProxylessNAS(m.Space, 1, &only, Separate)
	all := tensorsOf(m)
	for name, v := range tensorsOf(n) {
		large := all[sliceName(name)]
		eachShared(v, large, func(s, l int) { v.Data[s] = large.Data[l] })
	}
	return n
}

// Training an architecture of sliced candidates is training the network of copies of the slices: parameters, velocity, decay
// and running statistics. What lies outside of the slices stays, though it has a velocity.
func TestSlicedCandidates(t *testing.T) {
	archs := proxylessArchs(t)
	tr := newSmallProxyless(t, Sliced, Fixed{archs[1]}, 10)
	step(t, tr) // of the largest blocks
	for _, a := range []spaces.Arch{archs[0], archs[2]} {
		m := tr.Model.(*ProxylessNAS)
		// The copies start without velocity, so the slices do, too.
		again, err := NewTrainer(m, Fixed{a}, tr.Data, smallConfig(10))
		if err != nil {
			t.Fatal(err)
		}
		copies, err := NewTrainer(cut(m, a), Fixed{a}, tr.Data, smallConfig(10))
		if err != nil {
			t.Fatal(err)
		}
		before := make(map[string][]float32)
		for name, v := range tensorsOf(m) {
			before[name] = slices.Clone(v.Data)
		}
		for range 3 {
			got, want := step(t, again), step(t, copies)
			if math.Abs(got.Loss-want.Loss) > 1e-6*want.Loss || math.Abs(got.GradNorm-want.GradNorm) > 1e-5*want.GradNorm {
				t.Errorf("%v: loss %v and gradient norm %v, want %v and %v", a, got.Loss, got.GradNorm, want.Loss, want.GradNorm)
			}
		}
		all := tensorsOf(m)
		for name, v := range tensorsOf(copies.Model) {
			large := all[sliceName(name)]
			got := tensor.New(v.Shape()...)
			eachShared(v, large, func(s, l int) {
				got.Data[s] = large.Data[l]
				before[sliceName(name)][l] = large.Data[l]
			})
			if e := nmse(got, v); e > 1e-9 {
				t.Errorf("%v: %s differs from its copy: normalised error %.2g", a, name, e)
			}
		}
		for name, v := range all {
			if !slices.Equal(v.Data, before[name]) {
				t.Errorf("%v: %s has moved outside of the slice", a, name)
			}
		}

		// With the velocity of the largest blocks, too, nothing else moves.
		tr.Sampler = Fixed{archs[1]}
		step(t, tr)
		for name, v := range all {
			before[name] = slices.Clone(v.Data)
		}
		tr.Sampler = Fixed{a}
		step(t, tr)
		for name, v := range tensorsOf(copies.Model) {
			moved, large := false, all[sliceName(name)]
			eachShared(v, large, func(_, l int) {
				moved = moved || before[sliceName(name)][l] != large.Data[l]
				before[sliceName(name)][l] = large.Data[l]
			})
			if !moved {
				t.Errorf("%v: the slice %s has not moved", a, name)
			}
		}
		for name, v := range all {
			if !slices.Equal(v.Data, before[name]) {
				t.Errorf("%v: %s has moved outside of the slice, with a velocity", a, name)
			}
		}
	}
}

// The gradients of several slices in one step add up where they overlap, and are those of the copies.
func TestSlicedCandidatesInSeveralPaths(t *testing.T) {
	m := NewProxylessNAS(smallProxyless, 3, nil, Sliced)
	archs := proxylessArchs(t)
	paths := []spaces.Arch{archs[0], archs[2]}
	var batch Batch
	NewImages(blobs{64, 3}, blobs{64, 3}).Train(&batch, 16, 1, 0)
	gradients := func(p *Pass, m Model, a spaces.Arch) {
		if err := m.Activate(a); err != nil {
			t.Fatal(err)
		}
		p.Tape.Backward(autograd.CrossEntropy(p.Tape, m.Forward(p, &batch).Logits, batch.Targets, 0).Var)
	}
	want, used := make(map[string]tensor.Tensor), make(map[string][]bool)
	for _, p := range m.Store().Params {
		want[p.Name], used[p.Name] = tensor.New(p.Value.Shape()...), make([]bool, p.Value.Len())
	}
	for _, a := range paths {
		n := cut(m, a)
		p := &Pass{Tape: autograd.NewTape()}
		gradients(p, n, a)
		for _, q := range n.Store().Params {
			name := sliceName(q.Name)
			eachShared(q.Value, want[name], func(s, l int) {
				want[name].Data[l] += q.Grad.Data[s]
				used[name][l] = true
			})
		}
	}
	p := &Pass{Tape: autograd.NewTape()}
	for i, a := range paths {
		if i > 0 {
			p.Tape.NextPath()
		}
		gradients(p, m, a)
	}
	for _, q := range m.Store().Params {
		got := tensor.New(q.Value.Shape()...)
		covered := make([]bool, q.Value.Len())
		for lo, hi := range q.Spans {
			for i := lo; i < hi; i++ {
				if covered[i] {
					t.Fatalf("%s: element %d is listed twice", q.Name, i)
				}
				covered[i], got.Data[i] = true, q.Grad.Data[i]
			}
		}
		if !slices.Equal(covered, used[q.Name]) {
			t.Errorf("%s: the elements with a gradient are not those that the paths use", q.Name)
		}
		if e := nmse(got, want[q.Name]); e > 1e-9 {
			t.Errorf("gradient of %s: normalised error %.2g", q.Name, e)
		}
	}
}

func TestProxylessNASSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, sharing := range []Sharing{Separate, Sliced} {
		var want []float32
		for _, procs := range []int{1, 2, 5} {
			runtime.GOMAXPROCS(procs)
			tr := newSmallProxyless(t, sharing, Uniform(smallProxyless), 1)
			for !tr.Done() {
				step(t, tr)
			}
			if got := state(tr.Model); want == nil {
				want = got
			} else if !slices.Equal(want, got) {
				t.Fatalf("%v: GOMAXPROCS %d changes the result", sharing, procs)
			}
		}
	}
}

// inTurn draws its architectures one after the other.
type inTurn []spaces.Arch

func (s inTurn) Paths(dst []spaces.Arch, _ *rand.Rand, step int) []spaces.Arch {
	return append(dst, s[step%len(s)])
}

// together draws all its architectures in each step.
type together []spaces.Arch

func (s together) Paths(dst []spaces.Arch, _ *rand.Rand, _ int) []spaces.Arch {
	return append(dst, s...)
}

func TestProxylessNASStepDoesNotAllocate(t *testing.T) {
	for _, sharing := range []Sharing{Separate, Sliced} {
		for _, sampler := range []Sampler{inTurn(proxylessArchs(t)), together(proxylessArchs(t))} {
			tr := newSmallProxyless(t, sharing, sampler, 1000)
			for range 6 {
				step(t, tr)
			}
			// A new epoch every fourth step shuffles through a closure.
			if n := testing.AllocsPerRun(6, func() { step(t, tr) }); n > 1 {
				t.Errorf("%v, %T: %v allocations in a step", sharing, sampler, n)
			}
		}
	}
}

func TestProxylessNASEvaluation(t *testing.T) {
	for _, sharing := range []Sharing{Separate, Sliced} {
		tr := newSmallProxyless(t, sharing, Uniform(smallProxyless), 1)
		for !tr.Done() {
			step(t, tr)
		}
		before := state(tr.Model)
		for _, bn := range []BNPolicy{Recalibrate, BatchStatistics, RunningStatistics} {
			ev, err := NewEvaluator(tr.Model, tr.Data, EvalConfig{BN: bn, CalBatches: 2, CalBatch: 16, Batch: 20})
			if err != nil {
				t.Fatal(err)
			}
			var scores []Score
			for _, a := range proxylessArchs(t) {
				scores = append(scores, evaluate(t, ev, a))
			}
			for i, a := range slices.Backward(proxylessArchs(t)) { // whatever was evaluated before does not matter
				if s := evaluate(t, ev, a); s != scores[i] {
					t.Errorf("%v, %s: %v scores %v, then %v", sharing, bn, a, scores[i], s)
				}
			}
		}
		if !slices.Equal(before, state(tr.Model)) {
			t.Errorf("%v: evaluation changed the model", sharing)
		}
	}
}

func TestSharingText(t *testing.T) {
	for _, s := range []Sharing{Separate, Sliced} {
		js, err := json.Marshal(s)
		var back Sharing
		if err != nil || json.Unmarshal(js, &back) != nil || back != s {
			t.Errorf("%v is written as %s and read as %v, %v", s, js, back, err)
		}
	}
	var s Sharing
	if err := json.Unmarshal([]byte(`"some"`), &s); err == nil || !strings.Contains(err.Error(), "sliced") {
		t.Errorf("error %v", err)
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
