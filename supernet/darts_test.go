package supernet

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

// smallDARTS has cells of both kinds, both kinds of older input, and an auxiliary head on 4×4 pixels.
var smallDARTS = darts.Space{Channels: 4, Cells: 4, Classes: 3, Image: 16, Pool: 3, AuxiliaryChannels: 5, AuxiliaryFeatures: 6}

// dartsArchs are architectures that use, together, every operation at both strides.
func dartsArchs(n int) []darts.Arch {
	rng := rand.New(rand.NewPCG(3, 4))
	archs := make([]darts.Arch, n)
	for i := range archs {
		archs[i] = smallDARTS.Sample(rng).(darts.Arch)
	}
	return archs
}

// noise is a batch of images of no meaning.
func noise(n int, s darts.Space) *Batch {
	rng := rand.New(rand.NewPCG(5, 6))
	b := &Batch{Images: tensor.New(n, s.Image, s.Image, 3), Targets: make([]int32, n)}
	for i := range b.Images.Data {
		b.Images.Data[i] = float32(rng.NormFloat64())
	}
	for i := range b.Targets {
		b.Targets[i] = int32(i % s.Classes)
	}
	return b
}

// dartsTraining takes training steps with auxiliary loss and drop path.
type dartsTraining struct {
	m     *DARTS
	opt   nn.SGD
	pass  Pass
	batch *Batch
}

func newDARTSTraining(m *DARTS, batch int) *dartsTraining {
	m.DropPath = 0.3
	return &dartsTraining{m, nn.SGD{Momentum: 0.9, WeightDecay: 3e-4, Clip: 5},
		Pass{Tape: autograd.NewTape(), Rand: rand.New(rand.NewPCG(7, 8)), Progress: 0.5}, noise(batch, m.Space)}
}

func (tr *dartsTraining) forward(a spaces.Arch) Output {
	if err := tr.m.Activate(a); err != nil {
		panic(err)
	}
	tr.pass.Tape.Reset(autograd.Training)
	return tr.m.Forward(&tr.pass, tr.batch)
}

func (tr *dartsTraining) step(a spaces.Arch) {
	out := tr.forward(a)
	weight := 0.4
	if out.Auxiliary == nil {
		weight = 0
	}
	tr.pass.Tape.Backward(dartsLoss(tr.pass.Tape, out, tr.batch, weight))
	tr.opt.Step(tr.pass.Tape, 0.025)
}

// parametersOf are the names of the parameters of layers, with how many scalars the layer has.
func parametersOf(layers []spaces.Layer) map[string]int64 {
	size := make(map[string]int64)
	for _, l := range layers {
		if l.Params > 0 {
			size[l.Name] = l.Params
		}
	}
	return size
}

// A network of its own has the layers that the space lists, no more; the supernet has those of all, in the same shapes and, drawn by
// the same seed, with the same values.
func TestDARTSMatchesTheSpace(t *testing.T) {
	for _, space := range []darts.Space{smallDARTS, {Channels: 3, Cells: 1, Classes: 10, Image: 4}, {Channels: 6, Cells: 2, Classes: 10, Image: 8}, {Channels: 5, Cells: 7, Classes: 10, Image: 32, Pool: 7}} {
		super := NewDARTS(space, 1, nil)
		shared := make(map[string]*autograd.Param)
		for _, p := range super.Store().Params {
			shared[p.Name] = p
		}
		for _, a := range dartsArchs(6) {
			m := NewDARTS(space, 1, &a)
			layers := space.Network(a).Layers
			if space.AuxiliaryChannels > 0 {
				layers = append(slices.Clone(layers), space.Auxiliary().Layers...)
			}
			want, got := parametersOf(layers), make(map[string]int64)
			for _, p := range m.Store().Params {
				got[p.Name[:strings.LastIndexByte(p.Name, '.')]] += int64(p.Value.Len())
				if s := shared[p.Name]; s == nil || !s.Value.SameShape(p.Value) || !slices.Equal(s.Value.Data, p.Value.Data) {
					t.Fatalf("%s differs in the supernet", p.Name)
				}
			}
			if !maps.Equal(got, want) {
				t.Fatalf("%+v, %v: layers with parameters\n%v\nwant\n%v", space, a, got, want)
			}
		}
	}
	full, rng := darts.New(), rand.New(rand.NewPCG(1, 1))
	a := full.Sample(rng).(darts.Arch)
	want := full.Network(a).Params() + full.Auxiliary().Params()
	if got := NewDARTS(full, 1, &a).Store().Size(); int64(got) != want {
		t.Errorf("%d parameters at full size, want %d", got, want)
	}
}

// The supernet as one architecture computes what the network of that architecture computes.
func TestDARTSSupernetIsEachNetwork(t *testing.T) {
	super := newDARTSTraining(NewDARTS(smallDARTS, 1, nil), 6)
	for _, a := range dartsArchs(8) {
		alone := newDARTSTraining(NewDARTS(smallDARTS, 1, &a), 6)
		super.pass.Rand = rand.New(rand.NewPCG(7, 8)) // for the same masks
		want, got := alone.forward(a), super.forward(a)
		if !slices.Equal(want.Logits.Value.Data, got.Logits.Value.Data) || !slices.Equal(want.Auxiliary.Value.Data, got.Auxiliary.Value.Data) {
			t.Errorf("%v differs in the supernet", a)
		}
	}
}

func TestDARTSActivateRefuses(t *testing.T) {
	archs := dartsArchs(2)
	m := NewDARTS(smallDARTS, 1, &archs[0])
	invalid := archs[0]
	invalid.Normal[2][0].Input = 4
	for what, a := range map[string]spaces.Arch{"is not an architecture of darts": nasbench201.Arch{}, "is not a valid architecture": invalid, "made for": archs[1]} {
		if err := m.Activate(a); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%v: error %v, want one that says %q", a, err, what)
		}
	}
	if err := m.Activate(archs[0]); err != nil {
		t.Error(err)
	}
}

// A step moves the parameters and statistics of its architecture and no others.
func TestDARTSInactivePathsCostNothing(t *testing.T) {
	tr := newDARTSTraining(NewDARTS(smallDARTS, 1, nil), 6)
	archs := dartsArchs(3)
	tr.step(archs[0]) // so that there is velocity
	a := archs[1]
	active := parametersOf(append(smallDARTS.Network(a).Layers, smallDARTS.Auxiliary().Layers...))
	before := make(map[string][]float32)
	each := func(f func(name string, v tensor.Tensor)) {
		for _, p := range tr.m.Store().Params {
			f(p.Name, p.Value)
		}
		for _, b := range tr.m.Store().Buffers {
			f(b.Name, b.Value)
		}
	}
	each(func(name string, v tensor.Tensor) { before[name] = slices.Clone(v.Data) })
	tr.step(a)
	each(func(name string, v tensor.Tensor) {
		want := active[name[:strings.LastIndexByte(name, '.')]] > 0
		if changed := !slices.Equal(before[name], v.Data); changed != want {
			t.Errorf("%s: changed %v, active %v", name, changed, want)
		}
	})
}

func TestDARTSStepDoesNotAllocate(t *testing.T) {
	tr := newDARTSTraining(NewDARTS(smallDARTS, 1, nil), 6)
	var archs []spaces.Arch
	for _, a := range dartsArchs(5) {
		archs = append(archs, a)
	}
	i := 0
	step := func() { i++; tr.step(archs[i%len(archs)]) }
	for range 20 {
		step()
	}
	if n := testing.AllocsPerRun(20, step); n != 0 {
		t.Errorf("%v allocations in a step", n)
	}
}

func TestDARTSSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		tr := newDARTSTraining(NewDARTS(smallDARTS, 1, nil), 6)
		for _, a := range dartsArchs(3) {
			tr.step(a)
		}
		if got := state(tr.m); want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Fatalf("GOMAXPROCS %d changes the result", procs)
		}
	}
}

// Evaluation has neither drop path nor auxiliary head, moves nothing, and runs in the memory of the widest cell, however many there are.
func TestDARTSEvaluation(t *testing.T) {
	var peak [2]int64
	for i, cells := range []int{6, 9} {
		space := smallDARTS
		space.Cells = cells
		tr := newDARTSTraining(NewDARTS(space, 1, nil), 6)
		tr.pass.Rand = nil
		a := dartsArchs(1)[0]
		if err := tr.m.Activate(a); err != nil {
			t.Fatal(err)
		}
		before := state(tr.m)
		tp := tr.pass.Tape
		logits := make(map[autograd.Mode][]float32)
		for _, mode := range []autograd.Mode{autograd.Inference, autograd.BatchStatistics, autograd.Recalibration, autograd.Recalibrated} {
			tp.Reset(mode)
			out := tr.m.Forward(&tr.pass, tr.batch)
			if out.Auxiliary != nil {
				t.Errorf("mode %v has auxiliary logits", mode)
			}
			logits[mode] = slices.Clone(out.Logits.Value.Data)
		}
		if !slices.Equal(logits[autograd.BatchStatistics], logits[autograd.Recalibrated]) || slices.Equal(logits[autograd.Inference], logits[autograd.Recalibrated]) {
			t.Error("recalibrated on the batch itself, the network should use that batch's statistics, and not the running ones")
		}
		if !slices.Equal(before, state(tr.m)) {
			t.Error("evaluation changed the model")
		}
		peak[i] = tp.PeakBytes()
	}
	if peak[0] != peak[1] {
		t.Errorf("evaluation of 6 cells takes %d bytes, of 9 cells %d", peak[0], peak[1])
	}
}

// Drop path drops with a probability that grows from zero, for each image by itself, and the same for the same random stream.
func TestDARTSDropPath(t *testing.T) {
	a := dartsArchs(1)[0]
	logits := func(dropPath, progress float64) []float32 {
		tr := newDARTSTraining(NewDARTS(smallDARTS, 1, &a), 64)
		tr.m.DropPath, tr.pass.Progress = dropPath, progress
		return slices.Clone(tr.forward(a).Logits.Value.Data)
	}
	plain := logits(0, 1)
	if !slices.Equal(plain, logits(0.9, 0)) {
		t.Error("drop path drops at the beginning of training")
	}
	dropped := logits(0.2, 1)
	if slices.Equal(plain, dropped) {
		t.Error("drop path drops nothing at the end of training")
	}
	if !slices.Equal(dropped, logits(0.4, 0.5)) {
		t.Error("the probability does not grow in proportion")
	}
}

// BenchmarkDARTS is a training step of the networks that published one-shot searches of this space use as proxies: 16 channels, 8
// cells, batches of 64; with and without drop path.
func BenchmarkDARTS(b *testing.B) {
	a, err := darts.Parse(`Genotype(
		normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1),
			('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5],
		reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1),
			('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])`)
	if err != nil {
		b.Fatal(err)
	}
	for _, dropPath := range []float64{0, 0.2} {
		b.Run(fmt.Sprintf("droppath=%v", dropPath), func(b *testing.B) {
			m := NewDARTS(darts.Space{Channels: 16, Cells: 8, Classes: 10, Image: 32}, 1, &a)
			tr, arch := newDARTSTraining(m, 64), spaces.Arch(a)
			m.DropPath = dropPath
			tr.step(arch)
			b.ReportAllocs()
			for b.Loop() {
				tr.step(arch)
			}
		})
	}
}
