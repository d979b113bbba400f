package supernet

import (
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/autograd"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/tensor"
)

var smallLanguage = dartsptb.Space{Hidden: 12, Words: 11}

// babble is a text of n words in which a word hints at the next, and every third repeats that of three before.
func babble(n int, seed uint64) []int32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	s := make([]int32, n)
	for i := 1; i < n; i++ {
		s[i] = (3*s[i-1] + int32(rng.IntN(3))) % int32(smallLanguage.Words)
		if i%3 == 0 {
			s[i] = s[i-3]
		}
	}
	return s
}

var smallDropout = DARTSPTBOptions{DropoutE: 0.1, DropoutI: 0.2, DropoutX: 0.3, DropoutH: 0.25, Dropout: 0.3, Alpha: 1e-3, Beta: 1e-3}

// newLanguage trains a small supernet on babble, in sequences of varying length.
func newLanguage(t testing.TB, c TrainConfig) *Trainer {
	t.Helper()
	return newLanguageOf(t, c, 3)
}

func newLanguageOf(t testing.TB, c TrainConfig, seed uint64) *Trainer {
	t.Helper()
	data := &Text{TrainStream: babble(700, 1), EvalStream: babble(200, 2), BPTT: 9, Vary: true}
	tr, err := NewTrainer(NewDARTSPTB(smallLanguage, smallDropout, seed, nil), Uniform(smallLanguage), data, c)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func languageConfig(epochs int) TrainConfig {
	return TrainConfig{Epochs: epochs, Batch: 5, LR: 5, Schedule: "constant", WeightDecay: 8e-7, Clip: 0.25, Seed: 7}
}

func sampleLanguage(seed uint64) dartsptb.Arch {
	return smallLanguage.Sample(rand.New(rand.NewPCG(seed, 0))).(dartsptb.Arch)
}

// The stand-alone network of an architecture has the parameters that the space counts, under the names that it gives; the supernet
// has as many, with one matrix for each step.
func TestDARTSPTBMatchesTheSpace(t *testing.T) {
	supernet := NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, nil)
	for seed := range uint64(4) {
		a := sampleLanguage(seed)
		m, net := NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, &a), smallLanguage.Network(a)
		if int64(m.Store().Size()) != net.Params() || supernet.Store().Size() != m.Store().Size() {
			t.Errorf("%v: %d parameters, the space counts %d, the supernet has %d", a, m.Store().Size(), net.Params(), supernet.Store().Size())
		}
		sizes := make(map[string]int64)
		for _, p := range m.Store().Params {
			name := strings.TrimSuffix(strings.TrimSuffix(p.Name, ".weight"), ".bias")
			sizes[name] += int64(p.Value.Len())
		}
		for _, l := range net.Layers {
			if sizes[l.Name] != l.Params {
				t.Errorf("%v: %s has %d parameters, want %d", a, l.Name, sizes[l.Name], l.Params)
			}
			delete(sizes, l.Name)
		}
		if len(sizes) > 0 {
			t.Errorf("%v: the space has no layers for %v", a, sizes)
		}
	}
}

// A network alone computes what the supernet computes as that architecture, if their weights are the same.
func TestDARTSPTBAloneIsTheSupernet(t *testing.T) {
	a := sampleLanguage(5)
	whole, alone := NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, nil), NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 2, &a)
	for i, p := range whole.Store().Params {
		alone.Store().Params[i].Value.CopyFrom(p.Value)
	}
	data := &Text{EvalStream: babble(100, 2), BPTT: 9}
	var scores []Score
	for _, m := range []Model{whole, alone} {
		ev, err := NewEvaluator(m, data, EvalConfig{BN: NoBatchNorm, Batch: 3})
		if err != nil {
			t.Fatal(err)
		}
		scores = append(scores, evaluate(t, ev, a))
	}
	if scores[0] != scores[1] {
		t.Errorf("the supernet scores %v, the network alone %v", scores[0], scores[1])
	}
}

func TestDARTSPTBActivate(t *testing.T) {
	a, b := sampleLanguage(1), sampleLanguage(2)
	invalid := a
	invalid[0].Switch = 1
	whole, alone := NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, nil), NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, &a)
	for _, tc := range []struct {
		m    Model
		a    spaces.Arch
		want string // in the error; "" for none
	}{
		{whole, a, ""}, {whole, b, ""}, {alone, a, ""},
		{alone, b, "made for"},
		{whole, nasbench201.Arch{}, "dartsptb"}, {whole, invalid, "dartsptb"},
	} {
		if err := tc.m.Activate(tc.a); (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v: error %v, want one with %q", tc.a, err, tc.want)
		}
	}
}

// The published bound of the weights holds at the published size, and grows where there are fewer units.
func TestDARTSPTBInit(t *testing.T) {
	for _, tc := range []struct {
		hidden int
		init   float64
		bound  float64
	}{{850, 0, 0.04}, {34, 0, 0.2}, {34, 0.04, 0.04}} {
		m := NewDARTSPTB(dartsptb.Space{Hidden: tc.hidden, Words: 7}, DARTSPTBOptions{Init: tc.init}, 1, nil)
		for _, p := range m.Store().Params {
			largest := 0.0
			for _, v := range p.Value.Data {
				largest = math.Max(largest, math.Abs(float64(v)))
			}
			bound := tc.bound
			if p.Name == "decoder.bias" {
				bound = 0
			}
			if largest > bound || largest < 0.95*bound {
				t.Errorf("H = %d, init %v: %s is within ±%.4f, want %v", tc.hidden, tc.init, p.Name, largest, bound)
			}
		}
	}
}

// Masks drop as often as they should, keep the mean, and are for training only; penalties likewise are what their formulas say.
func TestDARTSPTBRegularisation(t *testing.T) {
	space := dartsptb.Space{Hidden: 40, Words: 3000}
	m := NewDARTSPTB(space, PaperDARTSPTB, 1, nil)
	m.Options.Alpha = 2
	if err := m.Activate(sampleLanguage(1)); err != nil {
		t.Fatal(err)
	}
	p := &Pass{Tape: autograd.NewTape(), Rand: rand.New(rand.NewPCG(1, 1))}
	masks := m.draw(p, 60)
	for name, tc := range map[string]struct {
		mask []float32
		n    int
		p    float64
	}{
		"embedding": {masks.embedding, 3000, 0.1}, "input": {masks.input, 2400, 0.2}, "x": {masks.x, 2400, 0.75},
		"h": {masks.h, 2400, 0.25}, "output": {masks.output, 2400, 0.75},
	} {
		dropped := 0
		for _, f := range tc.mask {
			switch f {
			case 0:
				dropped++
			case float32(1 / (1 - tc.p)):
			default:
				t.Fatalf("%s: a factor of %v", name, f)
			}
		}
		if share := float64(dropped) / float64(tc.n); len(tc.mask) != tc.n || math.Abs(share-tc.p) > 0.05 {
			t.Errorf("%s: %d factors, %.2f of them zero; want %d and %v", name, len(tc.mask), share, tc.n, tc.p)
		}
	}

	// Outputs are seen from outside as the state after sequences of one and of two words.
	tokens := []int32{5, 9}
	masks = dartsPTBMasks{output: masks.output[:space.Hidden]}
	run := func(mode autograd.Mode, n int) ([]float32, Output) {
		p.Tape.Reset(mode)
		p.Hidden = tensor.New(1, space.Hidden)
		out := m.forward(p, &Batch{Tokens: tokens[:n], T: n, B: 1}, masks)
		return p.Hidden.Data, out
	}
	h1, _ := run(autograd.Training, 1)
	h2, out := run(autograd.Training, 2)
	var alpha, beta float64
	for i := range h1 {
		beta += math.Pow(float64(h2[i]-h1[i]), 2) / float64(space.Hidden)
		alpha += (math.Pow(float64(h1[i]*masks.output[i]), 2) + math.Pow(float64(h2[i]*masks.output[i]), 2)) / float64(2*space.Hidden)
	}
	for i, want := range []float64{m.Options.Beta * beta, m.Options.Alpha * alpha} {
		if got := float64(out.Penalties[i].Value.Data[0]); math.Abs(got-want) > 1e-5*want {
			t.Errorf("penalty %d is %v, want %v", i, got, want)
		}
	}
	if _, out := run(autograd.Inference, 2); len(out.Penalties) > 0 {
		t.Error("there are penalties outside of training")
	}
	if masks := m.draw(p, 60); masks.embedding != nil || masks.input != nil || masks.x != nil || masks.h != nil || masks.output != nil {
		t.Error("there are masks outside of training")
	}
}

// A text that is read in long or in short sequences has the same perplexity: the state is carried over.
func TestStateIsCarriedOver(t *testing.T) {
	m := NewDARTSPTB(smallLanguage, smallDropout, 3, nil)
	var first float64
	for i, bptt := range []int{66, 5, 1} {
		ev, err := NewEvaluator(m, &Text{EvalStream: babble(200, 2), BPTT: bptt}, EvalConfig{BN: NoBatchNorm, Batch: 3})
		if err != nil {
			t.Fatal(err)
		}
		s := evaluate(t, ev, sampleLanguage(4))
		if i == 0 {
			first = s.Loss
		}
		if math.Abs(s.Loss-first) > 1e-6 || math.Abs(s.Value+math.Exp(s.Loss)) > 1e-12 {
			t.Errorf("in sequences of %d: loss %v, want %v, and a value of %v", bptt, s.Loss, first, s.Value)
		}
		if again := evaluate(t, ev, sampleLanguage(4)); again != s {
			t.Errorf("in sequences of %d: %v, then %v", bptt, s, again)
		}
	}
}

func TestLanguageIsLearnt(t *testing.T) {
	c := languageConfig(25)
	tr := newLanguage(t, c)
	arch := sampleLanguage(8)
	ev, err := NewEvaluator(tr.Model, tr.Data, EvalConfig{BN: NoBatchNorm, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	before := evaluate(t, ev, arch)
	for !tr.Done() {
		step(t, tr)
	}
	if after := evaluate(t, ev, arch); math.Abs(-before.Value-float64(smallLanguage.Words)) > 1.5 || -after.Value > 7.5 {
		t.Errorf("the perplexity over %d words goes from %.2f to %.2f", smallLanguage.Words, -before.Value, -after.Value)
	}
}

// Evaluation leaves parameters and carried state of a training alone: with it or without, the training ends with the same bits.
func TestEvaluationBetweenStepsChangesNothing(t *testing.T) {
	plain, watched := newLanguage(t, languageConfig(3)), newLanguage(t, languageConfig(3))
	ev, err := NewEvaluator(watched.Model, watched.Data, EvalConfig{BN: NoBatchNorm, Batch: 4})
	if err != nil {
		t.Fatal(err)
	}
	for i := uint64(0); !plain.Done(); i++ {
		if a, b := step(t, plain), step(t, watched); a.Loss != b.Loss {
			t.Fatalf("step %d: loss %v and, with evaluation, %v", i, a.Loss, b.Loss)
		}
		evaluate(t, ev, sampleLanguage(i))
	}
	if !slices.Equal(state(plain.Model), state(watched.Model)) || !slices.Equal(plain.pass.Hidden.Data, watched.pass.Hidden.Data) {
		t.Error("the training ends differently")
	}
	if slices.Equal(plain.pass.Hidden.Data, make([]float32, 5*smallLanguage.Hidden)) {
		t.Error("no state was carried")
	}
}

// Several paths start from the state before the step; the last one's goes on.
func TestPathsStartFromOneState(t *testing.T) {
	a, b := sampleLanguage(1), sampleLanguage(2)
	run := func(archs ...spaces.Arch) (*Trainer, []float32) {
		tr := newLanguage(t, languageConfig(1))
		m := tr.Model.(*DARTSPTB)
		m.Options = DARTSPTBOptions{}
		tr.Sampler = paths(archs)
		tr.pass.Hidden.Fill(0.3)
		tr.step = 1 // whose sequence is not the first of an epoch
		step(t, tr)
		return tr, slices.Clone(tr.pass.Hidden.Data)
	}
	_, alone := run(b)
	if _, both := run(a, b); !slices.Equal(alone, both) {
		t.Error("the second path does not start where the first one does")
	}
}

// paths is a sampler of these architectures.
type paths []spaces.Arch

func (s paths) Paths(dst []spaces.Arch, _ *rand.Rand, _ int) []spaces.Arch { return append(dst, s...) }

// A training step allocates nothing once sequences of all lengths have been met, whatever the architecture.
func TestLanguageStepDoesNotAllocate(t *testing.T) {
	tr := newLanguage(t, languageConfig(1000))
	archs := []spaces.Arch{sampleLanguage(1), sampleLanguage(2), sampleLanguage(3)}
	for i := range 100 {
		tr.Sampler = Fixed{archs[i%3]}
		step(t, tr)
	}
	if n := testing.AllocsPerRun(40, func() { step(t, tr) }); n > 0 {
		t.Errorf("%v allocations in a step", n)
	}
}

func TestHiddenStateOfAnotherShape(t *testing.T) {
	m := NewDARTSPTB(smallLanguage, DARTSPTBOptions{}, 1, nil)
	var shape tensor.ShapeError
	for _, hidden := range []tensor.Tensor{{}, tensor.New(3, smallLanguage.Hidden), tensor.New(2, 5)} {
		err := tensor.Catch(func() {
			m.Forward(&Pass{Tape: autograd.NewTape(), Hidden: hidden}, &Batch{Tokens: []int32{1, 2}, T: 1, B: 2})
		})
		if !errors.As(err, &shape) {
			t.Errorf("hidden state %v: error %v", hidden.Shape(), err)
		}
	}
}

// (The last of the file: idle workers of a larger pool slow down all tests that follow.)
func TestLanguageHasTheSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		tr := newLanguage(t, languageConfig(1))
		for range 3 {
			step(t, tr)
		}
		if got := append(state(tr.Model), tr.pass.Hidden.Data...); want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Fatalf("GOMAXPROCS %d changes the result", procs)
		}
	}
}
