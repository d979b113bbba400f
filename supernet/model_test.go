package supernet

import (
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/tensor"
)

// modelTest puts a model of images through what every supernet must do.
type modelTest struct {
	space    spaces.Space
	image    int // height and width
	classes  int
	supernet func() Model
	alone    func(a spaces.Arch) Model
	extra    []spaces.Layer // those that a network has only to be trained
	// shared is the name that a parameter or buffer of a stand-alone network has in the supernet; nil: the same.
	shared func(a spaces.Arch, name string) string
}

func (m modelTest) run(t *testing.T) {
	t.Run("layers", m.layers)
	t.Run("slices", m.slices)
	t.Run("velocity", m.velocity)
	t.Run("threads", m.threads)
	t.Run("allocations", m.allocations)
	t.Run("evaluation", m.evaluation)
	t.Run("copies", m.copies)
}

// archs are some of the space's, always the same.
func (m modelTest) archs(n int) []spaces.Arch {
	rng := rand.New(rand.NewPCG(3, 4))
	archs := make([]spaces.Arch, n)
	for i := range archs {
		archs[i] = m.space.Sample(rng)
	}
	return archs
}

// imageTraining takes training steps of a model on one batch.
type imageTraining struct {
	m     Model
	opt   nn.SGD
	pass  Pass
	pcg   *rand.PCG // of the pass
	batch *Batch
}

func (m modelTest) training(model Model) *imageTraining {
	pcg := rand.NewPCG(0, 0)
	return &imageTraining{model, nn.SGD{Momentum: 0.9, WeightDecay: 0.1}, Pass{Tape: autograd.NewTape(), Rand: rand.New(pcg), Progress: 0.5}, pcg, m.batch(5)}
}

// batch is n images of no meaning.
func (m modelTest) batch(n int) *Batch {
	rng := rand.New(rand.NewPCG(5, 6))
	b := &Batch{Images: tensor.New(n, m.image, m.image, 3), Targets: make([]int32, n)}
	for i := range b.Images.Data {
		b.Images.Data[i] = float32(rng.NormFloat64())
	}
	for i := range b.Targets {
		b.Targets[i] = int32(i % m.classes)
	}
	return b
}

// forward computes the logits of an architecture and leaves them on the tape.
func (tr *imageTraining) forward(mode autograd.Mode, a spaces.Arch) *autograd.Var {
	return tr.output(mode, a).Logits
}

// output is forward with all that there is besides logits. What is random is the same each time.
func (tr *imageTraining) output(mode autograd.Mode, a spaces.Arch) Output {
	tr.pcg.Seed(7, 8)
	if err := tr.m.Activate(a); err != nil {
		panic(err)
	}
	tr.pass.Tape.Reset(mode)
	return tr.m.Forward(&tr.pass, tr.batch)
}

func (tr *imageTraining) step(a spaces.Arch) {
	tp, out := tr.pass.Tape, tr.output(autograd.Training, a)
	loss := autograd.CrossEntropy(tp, out.Logits, tr.batch.Targets, 0).Var
	if out.Auxiliary != nil {
		loss = autograd.Add(tp, loss, autograd.CrossEntropy(tp, out.Auxiliary, tr.batch.Targets, 0).Var)
	}
	tp.Backward(loss)
	tr.opt.Step(tr.pass.Tape, 0.05)
}

// tensors are the parameters and buffers of a model by name.
func tensors(m Model) map[string]tensor.Tensor {
	all := make(map[string]tensor.Tensor)
	for _, p := range m.Store().Params {
		all[p.Name] = p.Value
	}
	for _, b := range m.Store().Buffers {
		all[b.Name] = b.Value
	}
	return all
}

// A stand-alone network has the layers that the space lists, with as many parameters each, and no others.
func (m modelTest) layers(t *testing.T) {
	for _, a := range m.archs(20) {
		want, got := make(map[string]int64), make(map[string]int64)
		for _, l := range slices.Concat(m.space.Network(a).Layers, m.extra) {
			if l.Params > 0 {
				want[l.Name] = l.Params
			}
		}
		for _, p := range m.alone(a).Store().Params {
			got[p.Name[:strings.LastIndexByte(p.Name, '.')]] += int64(p.Value.Len())
		}
		if !maps.Equal(got, want) {
			t.Fatalf("%v: parameters by layer\n%v\nwant\n%v", a, got, want)
		}
	}
}

// part is what of a parameter or buffer of the supernet, which all holds, the stand-alone network of an architecture has under the given
// name and in the shape of like: the first elements of each axis, but of a kernel the taps in the middle.
func (m modelTest) part(t *testing.T, all map[string]tensor.Tensor, a spaces.Arch, name string, like tensor.Tensor) tensor.Tensor {
	t.Helper()
	if m.shared != nil {
		name = m.shared(a, name)
	}
	w, ok := all[name]
	if !ok || w.Rank() != like.Rank() {
		t.Fatalf("%s, of shape %v, is not a part of the supernet", name, like.Shape())
	}
	for axis := range w.Rank() {
		lo := 0
		if w.Rank() == 4 && axis < 2 {
			lo = (w.Dim(axis) - like.Dim(axis)) / 2
		}
		w = w.WindowAxis(axis, lo, lo+like.Dim(axis))
	}
	return w
}

// cloned copies tensors.
func cloned(all map[string]tensor.Tensor) map[string]tensor.Tensor {
	copies := make(map[string]tensor.Tensor)
	for name, v := range all {
		copies[name] = v.Clone()
	}
	return copies
}

// The supernet as one architecture computes what the network of that architecture does with its part of the supernet's parameters;
// a step moves these, with their statistics, as it moves those of the network, and nothing else.
func (m modelTest) slices(t *testing.T) {
	super := m.training(m.supernet())
	shared := tensors(super.m)
	for i, a := range m.archs(10) {
		alone := m.training(m.alone(a))
		before := cloned(shared)
		for name, v := range tensors(alone.m) {
			v.CopyFrom(m.part(t, shared, a, name, v))
		}
		super.opt, alone.opt = nn.SGD{Momentum: 0.9, WeightDecay: 0.1}, nn.SGD{Momentum: 0.9, WeightDecay: 0.1}
		alone.step(a)
		super.step(a)
		for name, v := range tensors(alone.m) {
			w := m.part(t, shared, a, name, v)
			if !slices.Equal(w.Clone().Data, v.Data) {
				t.Errorf("architecture %d, %v: %s is not what it is in the network of its own", i, a, name)
			}
			w.CopyFrom(m.part(t, before, a, name, v))
		}
		for name, v := range shared {
			if !slices.Equal(v.Data, before[name].Data) {
				t.Errorf("architecture %d, %v: the step moved more than its own of %s", i, a, name)
			}
		}
		super.step(a) // elsewhere for the next
	}
}

// What a step does not use keeps its value, though it has a velocity and would decay.
func (m modelTest) velocity(t *testing.T) {
	tr := m.training(m.supernet())
	shared := tensors(tr.m)
	archs := m.archs(6)
	for i, a := range archs {
		tr.step(archs[(i+1)%len(archs)])
		before := cloned(shared)
		tr.step(a)
		for name, v := range tensors(m.alone(a)) {
			m.part(t, before, a, name, v).CopyFrom(m.part(t, shared, a, name, v))
		}
		for name, v := range shared {
			if !slices.Equal(v.Data, before[name].Data) {
				t.Errorf("architecture %d, %v: the step moved more than its own of %s", i, a, name)
			}
		}
	}
}

func (m modelTest) threads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		tr := m.training(m.supernet())
		for _, a := range m.archs(3) {
			tr.step(a)
		}
		if got := state(tr.m); want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Fatalf("GOMAXPROCS %d changes the result", procs)
		}
	}
}

func (m modelTest) allocations(t *testing.T) {
	tr, archs, i := m.training(m.supernet()), m.archs(5), 0
	for _, mode := range []autograd.Mode{autograd.Training, autograd.CollectStatistics, autograd.PopulationStatistics} {
		step := func() {
			i++
			if a := archs[i%len(archs)]; mode == autograd.Training {
				tr.step(a)
			} else {
				tr.forward(mode, a)
			}
		}
		for range 3 * len(archs) {
			step()
		}
		if n := testing.AllocsPerRun(2*len(archs), step); n != 0 {
			t.Errorf("mode %v: %v allocations in a step", mode, n)
		}
	}
}

// Evaluation changes nothing of the model, nor do other architectures change what it finds; recalibration on a batch finds the
// statistics of that batch.
func (m modelTest) evaluation(t *testing.T) {
	tr, archs := m.training(m.supernet()), m.archs(4)
	for _, a := range archs {
		tr.step(a)
	}
	before := state(tr.m)
	logits := func(mode autograd.Mode, a spaces.Arch) []float32 {
		return slices.Clone(tr.forward(mode, a).Value.Data)
	}
	var running, batch [][]float32
	for _, a := range archs {
		running, batch = append(running, logits(autograd.Inference, a)), append(batch, logits(autograd.BatchStatistics, a))
	}
	for i, a := range slices.Backward(archs) {
		tr.pass.Tape.DiscardStatistics()
		logits(autograd.CollectStatistics, a)
		if !slices.Equal(logits(autograd.PopulationStatistics, a), batch[i]) {
			t.Errorf("%v: recalibrated on the batch itself, other logits than with its statistics", a)
		}
		if !slices.Equal(logits(autograd.Inference, a), running[i]) {
			t.Errorf("%v: other logits than before with the running statistics", a)
		}
	}
	if !slices.Equal(before, state(tr.m)) {
		t.Error("evaluation changed the model")
	}
}
