package lab

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/oneshot-nas/oneshot/supernet"
)

// Options is what a command line asks for: a space, a recipe and what overrides it, data and truth.
type Options struct {
	Space   string
	Recipe  string
	Seed    uint64
	Sampler string // uniform, fair, or multi-path:K

	Keep, Drop map[string][]string // the part of the space that is studied, by decision

	Data        string // folder; "": generated
	Truth       string // table; "": trained
	TruthColumn string
	TruthAgain  string // table of another run of the same architectures, for the noise ceiling

	Study      string // directory; "": named after the configuration
	Quiet      bool
	Checkpoint time.Duration

	overrides []func(*Recipe) error // by flags, in their order
}

// AddFlags defines the flags that all experiments share.
func (o *Options) AddFlags(f *flag.FlagSet) {
	o.Keep, o.Drop = make(map[string][]string), make(map[string][]string)
	f.StringVar(&o.Space, "space", "nasbench201", "search `space`: "+strings.Join(Spaces(), ", "))
	f.StringVar(&o.Recipe, "recipe", "tiny", "tiny (minutes), small (hours, real data) or paper (the published protocol)")
	f.StringVar(&o.Data, "data", "", "`folder` with CIFAR-10's or CIFAR-100's binary files, with pictures in train/CLASS and test/CLASS, or with Penn Treebank's texts (default: generated data)")
	f.StringVar(&o.Truth, "truth", "", "CSV `table` of true results, plain or .gz (default: train the architectures alone)")
	f.StringVar(&o.TruthColumn, "truth-column", "", "`column` of -truth (default: found by name)")
	f.StringVar(&o.TruthAgain, "truth-again", "", "`table` of another training of the same architectures, for the noise ceiling")
	f.StringVar(&o.Study, "study", "", "study `directory` (default: study/SPACE-RECIPE-HASH, a hash of the configuration)")
	f.BoolVar(&o.Quiet, "quiet", false, "no progress on standard error")
	f.DurationVar(&o.Checkpoint, "checkpoint", time.Minute, "time between checkpoints")
	f.Uint64Var(&o.Seed, "seed", 1, "of everything random")
	f.StringVar(&o.Sampler, "sampler", "uniform", "architectures of a training step: uniform, fair, or multi-path:K")
	f.Func("keep", "study the part of the space where a decision takes one of some values, `DECISION=VALUE,…`; may be repeated", part(&o.Keep))
	f.Func("drop", "study the part of the space where a decision takes none of some values, `DECISION=VALUE,…`; may be repeated", part(&o.Drop))

	o.positive(f, "epochs", "of the supernet", func(r *Recipe, v int) { r.Train.Epochs = v })
	o.positive(f, "alone-epochs", "of each stand-alone training", func(r *Recipe, v int) { r.Alone.Epochs = v })
	o.positive(f, "truth-seeds", "stand-alone trainings of each architecture", func(r *Recipe, v int) { r.Seeds = v })
	o.positive(f, "archs", "architectures to score", func(r *Recipe, v int) { r.Archs = v })
	o.positive(f, "batch", "of a training step", func(r *Recipe, v int) { r.Train.Batch, r.Alone.Batch = v, v })
	o.positive(f, "train-count", "images or words to train on", func(r *Recipe, v int) { r.TrainCount = v })
	o.positive(f, "score-count", "images or words to score architectures on", func(r *Recipe, v int) { r.ScoreCount = v })
	o.positive(f, "truth-count", "generated images or words to find the truth on", func(r *Recipe, v int) { r.TruthCount = v })
	o.positive(f, "channels", "of the first stage", func(r *Recipe, v int) { r.Scale.Channels = v })
	o.positive(f, "cells", "of the network, or of each stage", func(r *Recipe, v int) { r.Scale.Cells = v })
	o.positive(f, "depth", "cells of a stage (proxylessnas)", func(r *Recipe, v int) { r.Scale.Depth = v })
	o.positive(f, "hidden", "units of recurrent networks", func(r *Recipe, v int) { r.Scale.Hidden = v })
	o.positive(f, "image", "height and width of images", func(r *Recipe, v int) { r.Scale.Image = v })
	o.override(f, "width", "factor of all channels (proxylessnas)", func(r *Recipe, s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v > 0) {
			return fmt.Errorf("-width %s: want a positive number", s)
		}
		r.Scale.Width = v
		return nil
	})
	o.override(f, "lr", "learning rate at the start", func(r *Recipe, s string) error {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil || !(v > 0) {
			return fmt.Errorf("-lr %s: want a positive number", s)
		}
		r.Train.LR, r.Train.LRMin, r.Alone.LR = v, v*r.Train.LRMin/r.Train.LR, v
		return nil
	})
	o.override(f, "variant", "of the space or its sharing: nasbench101 oneshot or full, nasbench201 benchmark or pruned, proxylessnas separate or sliced", func(r *Recipe, s string) error {
		r.Scale.Variant = s
		return nil
	})
	o.override(f, "bn", "batch-norm statistics of the evaluation: recalibrate, batch or running", func(r *Recipe, s string) error {
		policy, err := supernet.ParseBNPolicy(s)
		if err == nil {
			r.Eval.BN = policy
		}
		return err
	})
}

// override defines a flag that changes the recipe.
func (o *Options) override(f *flag.FlagSet, name, usage string, set func(r *Recipe, s string) error) {
	f.Func(name, usage+" (default: the recipe's)", func(s string) error {
		o.overrides = append(o.overrides, func(r *Recipe) error { return set(r, s) })
		return nil
	})
}

// positive defines a flag with a number of at least 1 that changes the recipe.
func (o *Options) positive(f *flag.FlagSet, name, usage string, set func(r *Recipe, v int)) {
	o.override(f, name, usage, func(r *Recipe, s string) error {
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 {
			return fmt.Errorf("-%s %s: want a number of at least 1", name, s)
		}
		set(r, v)
		return nil
	})
}

// part reads DECISION=VALUE,….
func part(into *map[string][]string) func(string) error {
	return func(s string) error {
		name, values, ok := strings.Cut(s, "=")
		if !ok || name == "" || values == "" {
			return fmt.Errorf("%q: want DECISION=VALUE or DECISION=VALUE,VALUE,…", s)
		}
		(*into)[name] = append((*into)[name], strings.Split(values, ",")...)
		return nil
	}
}

// family and recipe that the options name, with what overrides it.
func (o *Options) recipe() (*family, Recipe, error) {
	f, err := familyOf(o.Space)
	if err != nil {
		return nil, Recipe{}, err
	}
	r, err := f.recipe(o.Recipe)
	if err != nil {
		return nil, Recipe{}, err
	}
	for _, override := range o.overrides {
		if err := override(&r); err != nil {
			return nil, Recipe{}, err
		}
	}
	if v := r.Scale.Variant; v != "" && !slices.Contains(f.variants, v) {
		if f.variants == nil {
			return nil, Recipe{}, fmt.Errorf("-variant %s: %s has no variants", v, f.name)
		}
		return nil, Recipe{}, fmt.Errorf("-variant %s: want %s", v, strings.Join(f.variants, " or "))
	}
	r.Train.Seed, r.Alone.Seed, r.Eval.Seed = o.Seed, o.Seed+1, o.Seed
	return f, r, nil
}

// WithSpace returns the options for another space, for experiments that go through several; where a study directory was named,
// each space has a folder in it.
func (o *Options) WithSpace(name string, study func(dir, space string) string) *Options {
	other := *o
	other.Space = name
	if o.Study != "" {
		other.Study = study(o.Study, name)
	}
	return &other
}
