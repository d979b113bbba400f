package lab

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/oneshot-nas/oneshot/experiments/progress"
	"github.com/oneshot-nas/oneshot/experiments/study"
	"github.com/oneshot-nas/oneshot/kernels/conv"
	"github.com/oneshot-nas/oneshot/kernels/cpu"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Config is everything that the numbers of a study depend on. It is written to config.json; a study directory with another
// one is refused.
type Config struct {
	Space  string `json:"space"`
	Name   string `json:"recipe"`
	Seed   uint64 `json:"seed"`
	Recipe        // its fields side by side with these

	Sampler string              `json:"sampler"`
	Keep    map[string][]string `json:"keep,omitempty"`
	Drop    map[string][]string `json:"drop,omitempty"`

	Data     string `json:"data"`
	TrainSet string `json:"train_set"` // fingerprints; of texts, of all parts in the first
	ScoreSet string `json:"score_set,omitempty"`
	TruthSet string `json:"truth_set,omitempty"`
	Truth    string `json:"truth"`                 // "trained", or file, column and fingerprint
	Again    string `json:"truth_again,omitempty"` // the same of another training
	ISA      string `json:"isa"`                   // and whether Winograd is in use: bits differ
}

// Lab is one study of a search space.
type Lab struct {
	Config Config
	Space  spaces.Space // at the recipe's scale, or the part of it that is studied

	family     *family
	whole      spaces.Space // at the recipe's scale
	counted    spaces.Space // whose networks the truth is about
	dir        *study.Study
	report     *progress.Reporter
	checkpoint time.Duration
	sets       sets
	table      *table // published truth, if there is one
	again      *table // of another training
	archs      []spaces.Arch

	afterStep func(done int) // of a training; for tests
}

// Open prepares a study: it loads data and tables, completes the configuration with what they are, and opens the study
// directory. Close must be called.
func Open(o *Options) (l *Lab, err error) {
	f, r, err := o.recipe()
	if err != nil {
		return nil, err
	}
	l = &Lab{family: f, report: progress.New(os.Stderr, o.Quiet), checkpoint: o.Checkpoint,
		Config: Config{Space: f.name, Name: o.Recipe, Seed: o.Seed, Recipe: r, Sampler: o.Sampler, Keep: o.Keep, Drop: o.Drop}}
	c := &l.Config
	// The space first without a number of classes or words, which is enough to read tables with: they come before the data, which
	// may take a while.
	if l.Space, err = o.space(f, r.Scale); err != nil {
		return nil, err
	}
	if l.table, l.again, err = o.readTruth(l.Space); err != nil {
		return nil, err
	}
	c.Truth = "trained"
	if l.table != nil {
		c.Truth = l.table.name()
	}
	if l.again != nil {
		c.Again = l.again.name()
	}
	if err := l.load(o.Data); err != nil {
		return nil, err
	}
	l.whole = f.space(r.Scale, l.sets.outputs)
	l.counted = l.whole
	if l.table != nil {
		l.counted = f.published(r.Scale)
	}
	if l.Space, err = o.within(l.whole); err != nil {
		return nil, err
	}
	c.ISA = cpu.Selected().String()
	if conv.Winograd() {
		c.ISA += " winograd"
	}
	l.choose()
	if len(l.archs) < 2 {
		return nil, fmt.Errorf("%d architectures to compare: a ranking needs at least 2", len(l.archs))
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	dir := o.Study
	if dir == "" {
		js, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		dir = filepath.Join("study", fmt.Sprintf("%s-%s-%.4x", c.Space, c.Name, sha256.Sum256(js)))
	}
	l.dir, err = study.Open(dir, c)
	return l, err
}

// Check says whether the options go with their space, as far as that can be told without data: an experiment that goes through several
// spaces asks before the first.
func (o *Options) Check() error {
	f, r, err := o.recipe()
	if err != nil {
		return err
	}
	_, err = o.space(f, r.Scale)
	return err
}

// space makes the space that the options ask for, without a number of classes or words, if it goes with the sampler.
func (o *Options) space(f *family, s Scale) (spaces.Space, error) {
	space, err := o.within(f.space(s, 0))
	if err != nil {
		return nil, err
	}
	_, err = sampler(o.Sampler, space)
	return space, err
}

// check finds out whether the recipe can be trained and evaluated on the data, with the network of one architecture, before hours of
// training have gone into the first half of it.
func (l *Lab) check() error {
	c, a := &l.Config, l.archs[0]
	model := l.family.model(l.whole, &c.Recipe, c.Seed, a)
	fixed := supernet.Fixed{Arch: a}
	if _, err := supernet.NewTrainer(model, fixed, l.data(false), c.Train); err != nil {
		return fmt.Errorf("training of the supernet: %w", err)
	}
	if _, err := supernet.NewEvaluator(model, l.data(false), c.Eval); err != nil {
		return fmt.Errorf("evaluation: %w", err)
	}
	if l.table != nil {
		return nil
	}
	if _, err := supernet.NewTrainer(model, fixed, l.data(true), c.Alone); err != nil {
		return fmt.Errorf("training alone: %w", err)
	}
	if _, err := supernet.NewEvaluator(model, l.data(true), c.aloneEval()); err != nil {
		return fmt.Errorf("evaluation of what is trained alone: %w", err)
	}
	return nil
}

// aloneEval is how networks that are trained alone are evaluated.
func (r *Recipe) aloneEval() supernet.EvalConfig {
	eval := r.Eval
	eval.BN = r.AloneBN
	return eval
}

// within returns the part of a space that the options ask for.
func (o *Options) within(s spaces.Space) (spaces.Space, error) {
	var err error
	if len(o.Keep) > 0 {
		if s, err = spaces.Keep(s, o.Keep); err != nil {
			return nil, fmt.Errorf("-keep: %w", err)
		}
	}
	if len(o.Drop) > 0 {
		if s, err = spaces.Drop(s, o.Drop); err != nil {
			return nil, fmt.Errorf("-drop: %w", err)
		}
	}
	return s, nil
}

// Close releases the study directory.
func (l *Lab) Close() error { return l.dir.Close() }

// Dir is the study directory.
func (l *Lab) Dir() *study.Study { return l.dir }

// streamArchs is the stream of random numbers that draws the architectures to compare.
const streamArchs = 1 << 32

// choose draws the architectures to compare, each function once: rows of the table in random order, or architectures of the
// space.
func (l *Lab) choose() {
	rng := rand.New(rand.NewPCG(l.Config.Seed, streamArchs))
	seen := make(map[string]bool)
	take := func(a spaces.Arch) {
		if h := a.Hash(); !seen[h] && connected(a) {
			seen[h] = true
			l.archs = append(l.archs, a)
		}
	}
	if l.table != nil {
		for _, i := range rng.Perm(len(l.table.archs)) {
			if len(l.archs) < l.Config.Archs {
				take(l.table.archs[i])
			}
		}
		return
	}
	for tries := 0; len(l.archs) < l.Config.Archs && tries < 200*l.Config.Archs+10_000; tries++ {
		take(l.Space.Sample(rng))
	}
}

// connected says whether an architecture's output depends on its input, for spaces in which it may not.
func connected(a spaces.Arch) bool {
	c, ok := a.(interface{ Connected() bool })
	return !ok || c.Connected()
}

// Archs are the architectures that the study compares.
func (l *Lab) Archs() []spaces.Arch { return l.archs }

// Describe prints what the study does.
func (l *Lab) Describe(out io.Writer) {
	c := &l.Config
	unit := "images"
	if l.family.text {
		unit = "words"
	}
	fmt.Fprintf(out, "study    %s\nmachine  %s\ndata     %s: %d training %s, %d to score on\n", l.dir.Path("."), cpu.Info(), c.Data, c.TrainCount, unit, c.ScoreCount)
	scale, _ := json.Marshal(c.Scale)
	fmt.Fprintf(out, "supernet %s, recipe %s %s: %d epochs, batch %d, lr %g, sampler %s, seed %d; batch norm: %s\n",
		c.Space, c.Name, scale, c.Train.Epochs, c.Train.Batch, c.Train.LR, c.Sampler, c.Seed, c.Eval.BN)
	again := ""
	if c.Again != "" {
		again = "; again " + c.Again
	}
	fmt.Fprintf(out, "truth    %s, %d architectures%s\n\n", c.Truth, len(l.archs), again)
}
