package proxy_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/experiments/lab/proxy"
	"github.com/oneshot-nas/oneshot/nn"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/supernet"
	"github.com/oneshot-nas/oneshot/tensor"
)

// noise is data of no meaning: size×size images of so many classes.
type noise struct{ size, classes int }

func (d noise) EpochEnd(batch int, _ uint64, epoch int) int { return 4 * (epoch + 1) }
func (d noise) Calibrate(*supernet.Batch, int, uint64, int) { panic("not to be asked for") }
func (d noise) Eval(*supernet.Batch, int, int) bool         { panic("not to be asked for") }
func (d noise) Train(b *supernet.Batch, n int, seed uint64, step int) {
	rng := rand.New(rand.NewPCG(seed, uint64(step)))
	*b = supernet.Batch{Images: tensor.New(n, d.size, d.size, 3), RateScale: 1}
	for i := range b.Images.Data {
		b.Images.Data[i] = float32(rng.NormFloat64())
	}
	for range n {
		b.Targets = append(b.Targets, int32(rng.IntN(d.classes)))
	}
}

func compute(t *testing.T, data supernet.Data, c proxy.Config, m supernet.Model, a spaces.Arch, names ...string) []float64 {
	t.Helper()
	com, err := proxy.New(data, c, names)
	if err != nil {
		t.Fatal(err)
	}
	values, err := com.Compute(m, a)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// Every proxy is what the same network in double precision says, whose derivatives are differences.
func TestReference(t *testing.T) {
	space := nasbench201.Space{Channels: 2, Cells: 1, Classes: 3, Image: 4}
	data, c := noise{4, 3}, proxy.Config{Batch: 5, Batches: 3, Seed: 3}
	for _, text := range []string{
		"|nor_conv_3x3~0|+|skip_connect~0|nor_conv_1x1~1|+|nor_conv_1x1~0|avg_pool_3x3~1|skip_connect~2|",
		"|none~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|", // the second convolution reads zeros
	} {
		arch, err := nasbench201.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		m := supernet.NewNASBench201(space, 7, &arch)
		rng := rand.New(rand.NewPCG(1, 2))
		for _, p := range m.Store().Params {
			if p.Value.Rank() == 1 { // batch norms and biases are not ones and zeros for ever
				for i := range p.Value.Data {
					p.Value.Data[i] += float32(rng.NormFloat64()) / 4
				}
			}
		}
		var images []volume
		var labels [][]int32
		for i := range c.Batches {
			var b supernet.Batch
			data.Train(&b, c.Batch, c.Seed, i)
			x := newVolume(c.Batch, data.size, data.size, 3)
			for i, v := range b.Images.Data {
				x.v[i] = float64(v)
			}
			images, labels = append(images, x), append(labels, b.Targets)
		}
		want := newReference(m, arch).proxies(images, labels)
		got := compute(t, data, c, m, arch, proxy.Names(false)...)
		for i, name := range proxy.Names(false) {
			scale := math.Abs(want[name])
			if name == "plain" { // a sum of both signs
				scale = want["snip"]
			}
			if e := math.Abs(got[i]-want[name]) / scale; !(e <= 1e-4) {
				t.Errorf("%v: %s is %v, want %v: relative error %.1g", arch, name, got[i], want[name], e)
			}
		}
	}
}

// network is a small one of a space.
type network struct {
	layers spaces.Network
	image  int
	arch   spaces.Arch
	model  supernet.Model
}

// networks are some of every space of images.
func networks() []network {
	nb201 := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	nb101 := nasbench101.Space{Channels: 8, Cells: 1, Classes: 3, Image: 8}
	oneShot := nasbench101.OneShot{Space: nb101}
	macro := nasbenchmacro.Space{Channels: 2, Classes: 3, Image: 8}
	proxyless := proxylessnas.Space{Width: 0.1, Classes: 3, Image: 16, Unstrided: 2, Depth: 2}
	cells := darts.Space{Channels: 4, Cells: 3, Classes: 3, Image: 32, AuxiliaryChannels: 4, AuxiliaryFeatures: 8}
	return slices.Concat(
		sampled(nb201, 8, func(a *nasbench201.Arch) supernet.Model { return supernet.NewNASBench201(nb201, 1, a) }),
		sampled(nb101, 8, func(a *nasbench101.Arch) supernet.Model { return supernet.NewNASBench101(nb101, 1, a) }),
		sampled(oneShot, 8, func(a *nasbench101.OneShotArch) supernet.Model { return supernet.NewNASBench101OneShot(oneShot, 1, a) }),
		sampled(macro, 8, func(a *nasbenchmacro.Arch) supernet.Model { return supernet.NewNASBenchMacro(macro, 1, a) }),
		sampled(proxyless, 16, func(a *proxylessnas.Arch) supernet.Model {
			return supernet.NewProxylessNAS(proxyless, 1, a, supernet.Separate)
		}),
		sampled(cells, 32, func(a *darts.Arch) supernet.Model { return supernet.NewDARTS(cells, 1, a) }),
	)
}

// sampled makes the networks of two architectures whose output depends on their input.
func sampled[A spaces.Arch](space spaces.Space, image int, model func(*A) supernet.Model) (all []network) {
	for rng := rand.New(rand.NewPCG(3, 4)); len(all) < 2; {
		a := space.Sample(rng).(A)
		if c, ok := any(a).(interface{ Connected() bool }); !ok || c.Connected() {
			all = append(all, network{space.Network(a), image, a, model(&a)})
		}
	}
	return all
}

var small = proxy.Config{Batch: 6, Batches: 3, Seed: 2}

// Whatever is computed, of any space, parameters and buffers stay what they are to the bit, and values do not depend on what else is
// computed, nor on what the computer has done before, nor on the number of threads.
func TestComputer(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	names := proxy.Names(false)
	computers := make(map[int]*proxy.Computer)
	for k, n := range networks() {
		data := noise{n.image, 3}
		before := state(n.model)
		if computers[n.image] == nil {
			computers[n.image], _ = proxy.New(data, small, names)
		}
		together, err := computers[n.image].Compute(n.model, n.arch)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(before, state(n.model)) {
			t.Errorf("%v: parameters or buffers have changed", n.arch)
		}
		runtime.GOMAXPROCS(1)
		for i, name := range names {
			v := together[i]
			if v == 0 || math.IsInf(v, 0) {
				t.Errorf("%v: %s is %v", n.arch, name, v)
			}
			if k%2 == 1 { // one of each space
				continue
			}
			if alone := compute(t, data, small, n.model, n.arch, name)[0]; alone != v {
				t.Errorf("%v: %s is %v by itself, %v with others", n.arch, name, alone, v)
			}
		}
		runtime.GOMAXPROCS(2)
	}
}

// state is the bits of a model's parameters and buffers.
func state(m supernet.Model) (all []uint32) {
	add := func(x tensor.Tensor) {
		for _, v := range x.Data {
			all = append(all, math.Float32bits(v))
		}
	}
	for _, p := range m.Store().Params {
		add(p.Value)
	}
	for _, b := range m.Store().Buffers {
		add(b.Value)
	}
	return all
}

// The units that naswot compares are those of all activations of a network, of which its layers tell: in the spaces with one behind a
// batch norm, the outputs of those; in the others, the inputs of the convolutions that have one before them.
func TestEveryActivation(t *testing.T) {
	for _, n := range networks() {
		want := 0
		for _, l := range n.layers.Layers {
			out, name := l.H*l.W*l.Cout, l.Name
			has := func(parts ...string) bool {
				return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(name, part) })
			}
			in := l.H * l.Stride * l.W * l.Stride * l.Cin
			switch n.arch.(type) {
			case nasbench201.Arch:
				if l.Kind == spaces.Conv && !has("stem", "downsample") && !l.Idle {
					want += in
				}
				if has("lastact") {
					want += out
				}
			case nasbench101.Arch, nasbench101.OneShotArch:
				if l.Kind == spaces.BatchNorm {
					want += out
				}
			case nasbenchmacro.Arch, proxylessnas.Arch:
				if l.Kind == spaces.BatchNorm && !has("project", "Identity") {
					want += out
				}
			case darts.Arch:
				if l.Kind == spaces.Conv && !has("stem", "pointwise", "odd") && !l.Idle {
					want += in
				}
			}
		}
		com, err := proxy.New(noise{n.image, 3}, small, []string{"naswot"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := com.Compute(n.model, n.arch); err != nil {
			t.Fatal(err)
		}
		if got := com.Units(); got != want {
			t.Errorf("%v: %d units, want %d", n.arch, got, want)
		}
	}
}

// chain is a model of so many convolutions 1×1, with a batch norm and a ReLU6 behind each.
type chain struct {
	store *nn.Store
	convs []*nn.Conv2D
	norms []*nn.BatchNorm2D
}

func newChain(layers, channels int) *chain {
	c := &chain{store: nn.NewStore(1)}
	for i := range layers {
		in, sc := channels, c.store.Scope(fmt.Sprint(i))
		if i == 0 {
			in = 3
		}
		c.convs = append(c.convs, nn.NewConv2D(sc.Sub("conv"), in, channels, 1))
		c.norms = append(c.norms, nn.NewBatchNorm2D(sc.Sub("norm"), channels))
	}
	return c
}

func (c *chain) Store() *nn.Store           { return c.store }
func (c *chain) Activate(spaces.Arch) error { return nil }
func (c *chain) Forward(p *supernet.Pass, b *supernet.Batch) supernet.Output {
	x := p.Images(b)
	for i, conv := range c.convs {
		x = c.norms[i].ReLU6(p.Tape, conv.Forward(p.Tape, x))
	}
	return supernet.Output{Logits: autograd.GlobalAvgPool(p.Tape, x)}
}

// In a chain of layers the synaptic flow of each is R (Tanaka et al. 2020, theorem 1), which is a product of matrices: also where single
// precision does not hold it, and where activations lie above the 6 that a ReLU6 stops at.
func TestSynflowRange(t *testing.T) {
	const channels = 16
	for _, c := range []struct {
		layers int
		factor float32
	}{{1, 1}, {3, 30}, {12, 1}, {25, 10}, {30, 0.1}, {40, 10}} {
		m := newChain(c.layers, channels)
		x := []float64{1, 1, 1}
		for _, conv := range m.convs {
			w := conv.Weight.Value
			y := make([]float64, channels)
			for i := range w.Data {
				w.Data[i] *= c.factor
				y[i%channels] += x[i/channels] * math.Abs(float64(w.Data[i]))
			}
			x = y
		}
		r := 0.0
		for _, v := range x {
			r += v
		}
		want := r * float64(c.layers)
		got := compute(t, noise{2, 3}, small, m, nasbench201.Arch{}, "synflow")[0]
		if e := math.Abs(got/want - 1); !(e <= 1e-4) {
			t.Errorf("%d layers, weights times %v: synflow is %v, want %v", c.layers, c.factor, got, want)
		}
	}
	m := newChain(200, channels) // 1e200
	com, err := proxy.New(noise{2, 3}, small, []string{"synflow"})
	if err != nil {
		t.Fatal(err)
	}
	for _, conv := range m.convs {
		for i := range conv.Weight.Value.Data {
			conv.Weight.Value.Data[i] *= 10
		}
	}
	before := state(m)
	if _, err := com.Compute(m, nasbench201.Arch{}); err == nil || !strings.Contains(err.Error(), "synflow") {
		t.Errorf("1e200 in single precision: error %v", err)
	}
	if !slices.Equal(before, state(m)) {
		t.Error("parameters have changed where synflow cannot be computed")
	}
}

// A network whose output does not depend on its input has a value, which is worse than that of one whose output does.
func TestDisconnected(t *testing.T) {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	all := make([][]float64, 2)
	for i := range all {
		var arch nasbench201.Arch // of nothing but none
		if i == 1 {
			arch = nasbench201.Arch{3: nasbench201.SkipConnect} // from the input to the output
		}
		all[i] = compute(t, noise{8, 3}, small, supernet.NewNASBench201(space, 1, &arch), arch, proxy.Names(false)...)
	}
	for i, name := range proxy.Names(false) {
		if name != "plain" && !(all[0][i] < all[1][i]) {
			t.Errorf("%s is %v where nothing gets through, %v where the image does", name, all[0][i], all[1][i])
		}
	}
}

// Models of text have the proxies that are about weights, of the loss without dropout, from a state of zeros.
func TestText(t *testing.T) {
	space := dartsptb.Space{Hidden: 12, Words: 30}
	arch := space.Sample(rand.New(rand.NewPCG(1, 2))).(dartsptb.Arch)
	options := supernet.PaperDARTSPTB
	options.Init = 0
	m := supernet.NewDARTSPTB(space, options, 1, &arch)
	rng := rand.New(rand.NewPCG(3, 4))
	words := make([]int32, 400)
	for i := range words {
		words[i] = int32(rng.IntN(space.Words))
	}
	text := func() *supernet.Text { return &supernet.Text{TrainStream: words, EvalStream: words, BPTT: 5} }
	names := proxy.Names(true)
	if want := []string{"snip", "grad_norm", "plain", "zico"}; !slices.Equal(names, want) {
		t.Fatalf("%q are defined, want %q", names, want)
	}
	before := state(m)
	com, err := proxy.New(text(), small, names)
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for range 2 { // the second time begins from zeros as well
		if got, err = com.Compute(m, arch); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(before, state(m)) {
		t.Error("parameters have changed")
	}
	// What a small step along the weights changes of the loss is plain.
	loss := func(factor float64) float64 {
		i := 0
		for _, p := range m.Store().Params {
			for j := range p.Value.Data {
				p.Value.Data[j] = float32(factor * float64(math.Float32frombits(before[i])))
				i++
			}
		}
		pass := supernet.Pass{Tape: autograd.NewTape(), Hidden: tensor.New(small.Batch, space.Hidden)}
		pass.Tape.Reset(autograd.Inference)
		var b supernet.Batch
		text().Train(&b, small.Batch, small.Seed, 0)
		logits := m.Forward(&pass, &b).Logits
		return autograd.CrossEntropy(pass.Tape, autograd.Reshape(pass.Tape, logits, len(b.Targets), space.Words), b.Targets, 0).Mean(len(b.Targets))
	}
	const h = 1e-2
	if want := (loss(1+h) - loss(1-h)) / (2 * h); !(math.Abs(got[2]-want) <= 1e-3*math.Abs(want)) {
		t.Errorf("plain is %v, want %v", got[2], want)
	}
	loss(1)
	for _, name := range proxy.Names(false) {
		if slices.Contains(names, name) {
			continue
		}
		com, err := proxy.New(text(), small, []string{name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := com.Compute(m, arch); err == nil || !strings.Contains(err.Error(), name+" is not defined") {
			t.Errorf("%s of a model of text: error %v", name, err)
		}
	}
}

// A supernet has the proxies of the architecture that it is, whatever it has been trained on before.
func TestSupernet(t *testing.T) {
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	data := noise{8, 3}
	m := supernet.NewNASBench201(space, 1, nil)
	arch := nasbench201.Arch{3: nasbench201.Conv3x3}
	want := compute(t, data, small, m, arch, proxy.Names(false)...)
	var b supernet.Batch
	data.Train(&b, 4, 9, 0)
	pass := supernet.Pass{Tape: autograd.NewTape()}
	if err := m.Activate(nasbench201.Arch{3: nasbench201.Conv1x1}); err != nil {
		t.Fatal(err)
	}
	pass.Tape.Reset(autograd.Training)
	pass.Tape.Backward(autograd.CrossEntropy(pass.Tape, m.Forward(&pass, &b).Logits, b.Targets, 0).Var)
	if got := compute(t, data, small, m, arch, proxy.Names(false)...); !slices.Equal(got, want) {
		t.Errorf("%v, and after a step with another architecture %v", want, got)
	}
}

// What cannot be computed is an error that says why.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		config proxy.Config
		names  []string
		want   string
	}{
		{small, []string{"snip", "snap"}, `"snap"`},
		{small, nil, "no proxies"},
		{proxy.Config{Batch: 1, Batches: 2}, []string{"snip"}, "a batch of 1"},
		{proxy.Config{Batch: 4, Batches: 1}, []string{"zico"}, "on 1 batch"},
		{proxy.Config{Batch: 4, Batches: 5}, []string{"zico"}, "5 batches"},
	} {
		if _, err := proxy.New(noise{8, 3}, c.config, c.names); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v %q: error %v, want one with %q", c.config, c.names, err, c.want)
		}
	}
	space := nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}
	com, err := proxy.New(noise{8, 3}, small, []string{"snip"})
	if err != nil {
		t.Fatal(err)
	}
	alone := nasbench201.Arch{3: nasbench201.Conv1x1} // from the input to the output
	if _, err := com.Compute(supernet.NewNASBench201(space, 1, &alone), nasbench201.Arch{}); err == nil {
		t.Error("the network of one architecture is taken for that of another")
	}
	m := supernet.NewNASBench201(space, 1, &alone)
	m.Store().Params[0].Value.Fill(float32(math.NaN()))
	if _, err := com.Compute(m, alone); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("weights of NaN: error %v", err)
	}
}

func TestTrainingSpeed(t *testing.T) {
	if got := proxy.TrainingSpeed([]float64{2.5, 1.5, 1.25}); got != -5.25 {
		t.Errorf("%v, want −5.25", got)
	}
	if proxy.TrainingSpeed([]float64{2, 1}) <= proxy.TrainingSpeed([]float64{2, 1.5}) {
		t.Error("faster is not better")
	}
}
