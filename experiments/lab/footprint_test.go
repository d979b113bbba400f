package lab

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"math/rand/v2"

	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/supernet"
)

// What is estimated before anything is made is within a factor of 1.5 of what training and evaluating take, by the tiny recipe of every
// space; parameters nearly exactly.
func TestFootprint(t *testing.T) {
	for _, f := range families {
		t.Run(f.name, func(t *testing.T) {
			r, err := f.recipe("tiny")
			if err != nil {
				t.Fatal(err)
			}
			l := &Lab{family: f, Config: Config{Recipe: r, Seed: 1, Sampler: "uniform"}}
			if f.text {
				l.sets.text = dataset.GenerateText(1, 4000, 400, 400)
				l.sets.outputs = len(l.sets.text.Words)
			} else {
				l.sets.images.train, l.sets.images.score = dataset.GenerateSize(1, 378, r.Scale.Image).Split(r.Eval.CalBatch, 1)
				l.sets.images.truth, l.sets.outputs = l.sets.images.score, len(l.sets.images.train.Classes)
			}
			l.whole = f.space(r.Scale, l.sets.outputs)
			l.Space = l.whole
			estimate, err := l.footprint(Variant{})
			if err != nil {
				t.Fatal(err)
			}
			model, err := l.model(Variant{}, l.whole)
			if err != nil {
				t.Fatal(err)
			}
			exact := parameters(int64(model.Store().Size()), r.Train)
			if q := estimate.parameters / exact; q < 0.95 || q > 1.05 {
				t.Errorf("parameters and optimiser: %s, exactly %s", size(estimate.parameters), size(exact))
			}
			train := r.Train
			train.Epochs = 1
			r.Eval.CalBatches = 1
			var training, evaluation int64
			rng := rand.New(rand.NewPCG(1, 1))
			for range 3 {
				a := l.whole.Sample(rng)
				trainer, err := supernet.NewTrainer(model, supernet.Fixed{Arch: a}, l.data(false), train)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := trainer.Step(); err != nil {
					t.Fatal(err)
				}
				evaluator, err := supernet.NewEvaluator(model, l.data(false), r.Eval)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := evaluator.Evaluate(a); err != nil {
					t.Fatal(err)
				}
				training, evaluation = max(training, trainer.PeakBytes()), max(evaluation, evaluator.PeakBytes())
			}
			if q := estimate.training / float64(training); q < 1/1.5 || q > 1.5 {
				t.Errorf("a step's activations: %s, in fact %s", size(estimate.training), size(float64(training)))
			}
			if q := (estimate.training + estimate.evaluation) / float64(training+evaluation); q < 1/1.5 || q > 1.5 {
				t.Errorf("all activations: %s, in fact %s", size(estimate.training+estimate.evaluation), size(float64(training+evaluation)))
			}
			t.Logf("%v; in fact %s and %s", estimate, size(float64(training)), size(float64(evaluation)))
		})
	}
}

// What takes more memory than there is, is refused before it takes it, with what it would take; and leaves nothing behind. With -force it is tried.
func TestTooLargeForMemory(t *testing.T) {
	for name, tc := range map[string]struct {
		space  string
		args   []string
		memory int64
		says   []string
	}{
		"channels":          {"nasbench201", []string{"-channels", "60000"}, 0, []string{"TB of memory", "-force", "parameters and optimiser"}},
		"units":             {"dartsptb", []string{"-hidden", "60000"}, 0, []string{"of memory"}},
		"width":             {"proxylessnas", []string{"-width", "99"}, 1 << 30, []string{"of memory"}},
		"images":            {"darts", []string{"-train-count", "2000000000"}, 0, []string{"TB of memory", "data"}},
		"a batch":           {"nasbench101", []string{"-batch", "1000000", "-train-count", "1000000"}, 1 << 30, []string{"a step's activations"}},
		"epochs of text":    {"dartsptb", []string{"-epochs", "1000000", "-train-count", "130000"}, 1 << 30, []string{"data"}},
		"a machine of 1 MB": {"nasbenchmacro", nil, 1 << 20, []string{"1.05 MB"}},
	} {
		o := quick(t, tc.space, tc.args...)
		o.memory = tc.memory
		_, err := Open(t.Context(), o)
		if !errors.Is(err, errTooLarge) {
			t.Errorf("%s: error %v", name, err)
			continue
		}
		for _, says := range tc.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v does not say %q", name, err, says)
			}
		}
		if _, err := os.Stat(o.Study); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s was refused and has left %s", name, o.Study)
		}
	}
	o := quick(t, "nasbench201", "-force")
	o.memory = 1 << 20
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}

// A variant for which there is no memory is one that cannot be trained, which analyses say; and pictures are counted before they are read.
func TestTooLargeVariant(t *testing.T) {
	o := quick(t, "nasbench201")
	o.memory = 100 << 20
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Possible(Variant{Width: 2}); err != nil {
		t.Error(err)
	}
	if err := l.Possible(Variant{Width: 1000}); !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), "width × 1000") {
		t.Errorf("a thousand times the width: %v", err)
	}
	folder := t.TempDir()
	for _, name := range []string{"train/a/1.png", "train/b/2.png", "test/a/3.png", "test/b/4.png"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(folder, filepath.Dir(name)), 0o777), os.WriteFile(filepath.Join(folder, name), nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	o = quick(t, "nasbench201", "-data", folder, "-image", "1024", "-batch", "2")
	o.memory = 9 << 20
	l = &Lab{Config: Config{Recipe: Recipe{Scale: Scale{Image: 1024}}}, memory: o.memory}
	if err := l.picturesFit(folder); !errors.Is(err, errTooLarge) || !strings.Contains(err.Error(), "4 files") {
		t.Errorf("four pictures of 3 MB: %v", err)
	}
}

// The disk must have room for the checkpoints of all supernets.
func TestRoom(t *testing.T) {
	l, err := Open(t.Context(), quick(t, "nasbench201", "-epochs", "8"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	seen := make(map[string]bool)
	bytes, err := l.checkpoints(Variant{}, seen)
	if params := 25_000.; err != nil || bytes < 4*params*(3*2+5)*0.9 || bytes > 4*params*(3*2+5)*1.5 {
		t.Errorf("%v, %v for three checkpoints of parameters and velocities and five of parameters", size(bytes), err)
	}
	on := Scoring{Variant: Variant{After: &Variant{}, Epochs: 8}}
	like := on
	like.Like = true
	for supernets, scorings := range map[float64][]Scoring{1: {{}, {}}, 2: {on, {}}, 4: {on, {}, like, like}} {
		if all, err := l.disk(scorings); all != supernets*bytes || err != nil {
			t.Errorf("%v supernets take %s, %v; want %v times %s", supernets, size(all), err, supernets, size(bytes))
		}
	}
	if err := l.Room(on, like); err != nil {
		t.Error(err)
	}
}

// Absurd numbers are refused with the bound.
func TestBounds(t *testing.T) {
	for _, tc := range [][3]string{
		{"-epochs", "4611686018427387903", "1 to 1000000"}, {"-alone-epochs", "99999999999999999999", "1 to 1000000"}, {"-archs", "2000000", "1 to 1000000"},
		{"-batch", "1000000000", "1 to 1000000"}, {"-channels", "1000000000", "1 to 65536"}, {"-cells", "100000", "1 to 1000"}, {"-train-count", "100000000000", "1 to 2147483647"},
		{"-score-count", "-5", "1 to"}, {"-truth-count", "1e9", "1 to"}, {"-truth-seeds", "5000", "1 to 1000"}, {"-image", "4096", "1 to 1024"},
		{"-lr", "NaN", "-lr NaN"}, {"-lr", "-0.1", "-lr -0.1"}, {"-lr", "Inf", "-lr Inf"}, {"-lr", "1e300", "-lr 1e300"}, {"-sampler", "multi-path:1000000000", "1 to 1000"},
	} {
		if err := options(t, tc[0], tc[1]).Check(); err == nil || !strings.Contains(err.Error(), tc[2]) {
			t.Errorf("%s %s: error %v, want one that says %q", tc[0], tc[1], err, tc[2])
		}
	}
	if err := options(t, "-space", "proxylessnas", "-recipe", "paper", "-image", "8").Check(); err == nil || !strings.Contains(err.Error(), "16 pixels") {
		t.Errorf("pictures of 8×8 that are shifted by 16: %v", err)
	}
	for _, args := range [][]string{{"-seeds", "1000000"}, {"-seeds", "0"}, {"-checkpoint", "-1s"}} {
		if err := options(t, args...).CheckFlags(); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%q: error %v", args, err)
		}
	}
}

// Classes that are asked for have been seen, and are more than one.
func TestClassesOfTheSets(t *testing.T) {
	if _, err := Open(t.Context(), quick(t, "nasbench201", "-score-count", "1")); err == nil || !strings.Contains(err.Error(), "-score-count") {
		t.Errorf("one picture to score on: %v", err)
	}
	if _, err := Open(t.Context(), quick(t, "nasbench201", "-train-count", "5", "-batch", "2", "-bn", "batch")); err == nil || !strings.Contains(err.Error(), "-train-count") {
		t.Errorf("five pictures of ten classes to train on: %v", err)
	}
}
