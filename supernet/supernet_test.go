package supernet

import (
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
)

// blobs is a source of noisy 8×8 images, each class with a colour of its own; augmentation adds noise.
type blobs struct{ n, classes int }

func (s blobs) Len() int                      { return s.n }
func (s blobs) Shape() (h, w, c, classes int) { return 8, 8, 3, s.classes }

func (s blobs) Batch(x []float32, labels []int32, idx []int32, key uint64) {
	const size = 8 * 8 * 3
	for i, j := range idx {
		var pcg rand.PCG // not rand.New, which allocates
		pcg.Seed(uint64(j), key)
		labels[i] = j % int32(s.classes)
		for k := range size {
			x[i*size+k] = float32(pcg.Uint64()>>40)/(1<<22) - 2
			if k%3 == int(labels[i])%3 {
				x[i*size+k] += 2
			}
		}
	}
}

var smallSpace = nasbench201.Space{Channels: 4, Cells: 1, Classes: 3, Image: 8}

func smallConfig(epochs int) TrainConfig {
	return TrainConfig{Epochs: epochs, Batch: 16, LR: 0.05, Warmup: 0.5, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5, Seed: 7}
}

func newSmall(t testing.TB, epochs int) *Trainer {
	tr, err := NewTrainer(NewNASBench201(smallSpace, 3, nil), Uniform(smallSpace), NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(epochs))
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func step(t testing.TB, tr *Trainer) StepResult {
	t.Helper()
	r, err := tr.Step()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func evaluate(t testing.TB, ev *Evaluator, a spaces.Arch) Score {
	t.Helper()
	s, err := ev.Evaluate(a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// state is every float of the model.
func state(m Model) []float32 {
	var all []float32
	for _, p := range m.Store().Params {
		all = append(all, p.Value.Data...)
	}
	for _, b := range m.Store().Buffers {
		all = append(all, b.Value.Data...)
	}
	return all
}

func TestSupernetLearns(t *testing.T) {
	tr := newSmall(t, 20)
	var first, last float64
	for !tr.Done() {
		r := step(t, tr)
		if tr.StepsDone() <= 4 {
			first += r.Loss / 4
		}
		if tr.StepsDone() > tr.Steps()-4 {
			last += r.Loss / 4
		}
	}
	if last > first/2 {
		t.Fatalf("the loss went from %.3f to %.3f", first, last)
	}
}

// A run that is stopped, saved and loaded into a new process's trainer ends with the same bits as one that is not.
func TestResumeIsBitIdentical(t *testing.T) {
	whole := newSmall(t, 3)
	for !whole.Done() {
		step(t, whole)
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	part := newSmall(t, 3)
	for range 5 {
		step(t, part)
	}
	if err := part.Save(path, map[string]string{"note": "x"}); err != nil {
		t.Fatal(err)
	}
	rest := newSmall(t, 3)
	m, err := rest.Load(path)
	if err != nil || m["note"] != "x" || rest.StepsDone() != 5 {
		t.Fatalf("Load: metadata %v, step %d, error %v", m, rest.StepsDone(), err)
	}
	for !rest.Done() {
		step(t, rest)
	}
	if !slices.Equal(state(whole.Model), state(rest.Model)) {
		t.Fatal("the resumed run ended differently")
	}
}

func TestSameBitsForAnyNumberOfThreads(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		runtime.GOMAXPROCS(procs)
		tr := newSmall(t, 2)
		for !tr.Done() {
			step(t, tr)
		}
		if got := state(tr.Model); want == nil {
			want = got
		} else if !slices.Equal(want, got) {
			t.Fatalf("GOMAXPROCS %d changes the result", procs)
		}
	}
}

// Only the active path is touched: the parameters of other operations keep value and velocity through a step.
func TestInactivePathsCostNothing(t *testing.T) {
	arch := nasbench201.Arch{nasbench201.Conv3x3, nasbench201.SkipConnect, nasbench201.Conv1x1, nasbench201.None, nasbench201.AvgPool3x3, nasbench201.SkipConnect}
	m := NewNASBench201(smallSpace, 3, nil)
	tr, err := NewTrainer(m, Fixed{arch}, NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	before := make(map[string][]float32)
	for _, p := range m.Store().Params {
		before[p.Name] = slices.Clone(p.Value.Data)
	}
	step(t, tr)
	for _, p := range m.Store().Params {
		active := !strings.Contains(p.Name, ".edge.") || strings.Contains(p.Name, "0_1.nor_conv_3x3") || strings.Contains(p.Name, "1_2.nor_conv_1x1")
		if changed := !slices.Equal(before[p.Name], p.Value.Data); changed != active {
			t.Errorf("%s: changed %v, active %v", p.Name, changed, active)
		}
	}
}

func TestTrainingStepDoesNotAllocate(t *testing.T) {
	tr := newSmall(t, 1000)
	tr.Sampler = &cycle{}
	for range 40 {
		step(t, tr)
	}
	// One for the boxed architecture of the result; a new epoch every fourth step shuffles through a closure.
	if n := testing.AllocsPerRun(40, func() { step(t, tr) }); n > 2 {
		t.Fatalf("%v allocations in a step", n)
	}
}

// cycle draws a few very different architectures in turn.
type cycle struct{ i int }

func (c *cycle) Paths(dst []spaces.Arch, _ *rand.Rand, _ int) []spaces.Arch {
	c.i++
	return append(dst, nasbench201.FromOrdinal([]int{15624, 3905, 11000, 7812, 9876}[c.i%5]))
}

func TestEvaluationLeavesTheModelAlone(t *testing.T) {
	tr := newSmall(t, 4)
	for !tr.Done() {
		step(t, tr)
	}
	before := state(tr.Model)
	rng := rand.New(rand.NewPCG(1, 2))
	archs := []spaces.Arch{smallSpace.Sample(rng), smallSpace.Sample(rng), smallSpace.Sample(rng)}
	for _, bn := range []BNPolicy{Recalibrate, BatchStatistics, RunningStatistics} {
		ev, err := NewEvaluator(tr.Model, NewImages(blobs{64, 3}, blobs{50, 3}), EvalConfig{BN: bn, CalBatches: 3, CalBatch: 16, Batch: 20})
		if err != nil {
			t.Fatal(err)
		}
		var scores []Score
		for _, a := range archs {
			scores = append(scores, evaluate(t, ev, a))
		}
		for i := len(archs) - 1; i >= 0; i-- { // whatever was evaluated before does not matter
			if s := evaluate(t, ev, archs[i]); s != scores[i] {
				t.Errorf("%s: architecture %d scores %v, then %v", bn, i, scores[i], s)
			}
		}
		if !slices.Equal(before, state(tr.Model)) {
			t.Fatalf("%s: evaluation changed the model", bn)
		}
	}
}

func TestUnconnectedArchitecture(t *testing.T) {
	m := NewNASBench201(smallSpace, 3, nil)
	tr, err := NewTrainer(m, Fixed{nasbench201.FromOrdinal(0)}, NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	if r := step(t, tr); !(r.Loss > 0) {
		t.Fatalf("loss %v", r.Loss)
	}
}

func TestBadConfigurations(t *testing.T) {
	m := NewNASBench201(smallSpace, 3, nil)
	bad := []TrainConfig{smallConfig(0), smallConfig(1), smallConfig(1), smallConfig(1), smallConfig(1)}
	bad[1].Batch, bad[2].Batch, bad[3].LR, bad[4].LRMin = 1, 65, -1, 2
	with := func(change func(c *TrainConfig)) {
		c := smallConfig(1)
		change(&c)
		bad = append(bad, c)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), -1, 1e39} {
		with(func(c *TrainConfig) { c.LR = v })
		with(func(c *TrainConfig) { c.WeightDecay = v })
		with(func(c *TrainConfig) { c.Clip = v })
		with(func(c *TrainConfig) { c.Auxiliary = v })
		with(func(c *TrainConfig) { c.Momentum = v })
	}
	with(func(c *TrainConfig) { c.LR = 1e-50 })             // 0 as a float32
	with(func(c *TrainConfig) { c.Epochs = math.MaxInt })   // whose number of steps overflows: a training that is over before it begins
	with(func(c *TrainConfig) { c.Epochs = math.MaxInt32 }) // of several steps
	for _, c := range bad {
		if _, err := NewTrainer(m, Uniform(smallSpace), NewImages(blobs{64, 3}, blobs{64, 3}), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
	for _, c := range []EvalConfig{{BN: "x", Batch: 1}, {BN: RunningStatistics}, {BN: NoBatchNorm, Batch: 8}, {BN: Recalibrate, Batch: 8}, {BN: Recalibrate, Batch: 8, CalBatches: 1, CalBatch: 65}} {
		if _, err := NewEvaluator(m, NewImages(blobs{64, 3}, blobs{8, 3}), c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}

func TestLoadRefusesWhatDoesNotFit(t *testing.T) {
	dir := t.TempDir()
	tr := newSmall(t, 3)
	step(t, tr)
	path := filepath.Join(dir, "a")
	if err := tr.Save(path, nil); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(b []byte) []byte{
		"truncated":   func(b []byte) []byte { return b[:len(b)-4] },
		"empty":       func(b []byte) []byte { return nil },
		"a bit flips": func(b []byte) []byte { b[len(b)-100] ^= 1; return b },
		"not ours":    func(b []byte) []byte { return []byte("hello, this is no checkpoint") },
		"step":        func(b []byte) []byte { return []byte(strings.Replace(string(b), `"step":"1"`, `"step":"x"`, 1)) },
	} {
		other := newSmall(t, 3)
		before := state(other.Model)
		p := filepath.Join(dir, "b")
		if err := os.WriteFile(p, spoil(slices.Clone(good)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Load(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: error %v", what, err)
		}
		if !slices.Equal(before, state(other.Model)) || other.StepsDone() != 0 {
			t.Errorf("%s: something was loaded", what)
		}
	}
	wide := smallSpace
	wide.Channels = 8
	other, err := NewTrainer(NewNASBench201(wide, 3, nil), Uniform(wide), NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(3))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Load(path); err == nil || !strings.Contains(err.Error(), "shape") {
		t.Errorf("another width: error %v", err)
	}
}

// What diverges names the path that does, not the last one, and what it names stays what it was.
func TestDivergedPathIsNamed(t *testing.T) {
	good, bad := nasbench201.FromOrdinal(0), nasbench201.FromOrdinal(11111)
	m := NewNASBench201(smallSpace, 3, nil)
	for _, p := range m.Store().Params {
		if strings.Contains(p.Name, ".edge.") {
			p.Value.Fill(float32(math.NaN()))
		}
	}
	tr, err := NewTrainer(m, paths{good, bad, good}, NewImages(blobs{64, 3}, blobs{64, 3}), smallConfig(1))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tr.Step()
	var diverged *DivergedError
	if !errors.As(err, &diverged) || !slices.Equal(diverged.Archs, []spaces.Arch{bad}) || !strings.Contains(err.Error(), bad.String()) || strings.Contains(err.Error(), good.String()) {
		t.Errorf("error %v, want one that names %v", err, bad)
	}
}
