package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/oneshot-nas/oneshot/experiments/dataset"
	"github.com/oneshot-nas/oneshot/supernet"
)

// config is everything that the numbers of a study depend on. It is written to config.json; a study directory with another
// one is refused.
type config struct {
	Space    string `json:"space"`
	Recipe   string `json:"recipe"`
	Seed     uint64 `json:"seed"`
	Channels int    `json:"channels"`
	Cells    int    `json:"cells"`
	Archs    int    `json:"archs"` // scored, and trained alone where there is no table

	Train   supernet.TrainConfig `json:"train"` // of the supernet
	Augment dataset.Augment      `json:"augment"`
	Eval    supernet.EvalConfig  `json:"evaluation"`
	Alone   supernet.TrainConfig `json:"stand_alone"` // of each architecture of the truth; not used with a table

	Data       string `json:"data"`
	TrainSet   string `json:"train_set"` // fingerprints of the images
	ScoreSet   string `json:"score_set"`
	TruthSet   string `json:"truth_set"`
	TrainCount int    `json:"train_images"`
	ScoreCount int    `json:"score_images"`
	TruthCount int    `json:"truth_images"`
	Truth      string `json:"truth"` // "trained", or file and column
	ISA        string `json:"isa"`   // and whether Winograd is in use: bits differ
}

// recipes by name. tiny takes minutes on two cores, small hours, and paper is the published protocol (Zhang et
// al., arXiv 2010.08219, and Dong and Yang, arXiv 2001.00326).
var recipes = map[string]config{
	"tiny": {
		Channels: 8, Cells: 1, Archs: 36,
		// Many images, few epochs, a rate that stays high: once every architecture scores above 90 % with the shared weights, what
		// is left of their differences is noise.
		TrainCount: 20000, ScoreCount: 4000, TruthCount: 2000,
		Train:   supernet.TrainConfig{Epochs: 6, Batch: 64, LR: 0.1, LRMin: 0.05, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
		Alone:   supernet.TrainConfig{Epochs: 1, Batch: 32, LR: 0.05, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
		Augment: dataset.Augment{Pad: 2, Flip: false},
		Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
	},
	"small": {
		Channels: 16, Cells: 1, Archs: 200,
		TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
		Train:   supernet.TrainConfig{Epochs: 60, Batch: 128, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
		Alone:   supernet.TrainConfig{Epochs: 20, Batch: 128, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
		Augment: dataset.Augment{Pad: 4, Flip: true},
		Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 256, Batch: 250},
	},
	"paper": {
		Channels: 16, Cells: 5, Archs: 100,
		TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
		Train:   supernet.TrainConfig{Epochs: 1000, Batch: 256, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
		Alone:   supernet.TrainConfig{Epochs: 200, Batch: 256, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
		Augment: dataset.Augment{Pad: 4, Flip: true},
		Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 25, CalBatch: 256, Batch: 250},
	},
}

func recipe(name string) (config, error) {
	c, ok := recipes[name]
	if !ok {
		var names []string
		for n := range recipes {
			names = append(names, n)
		}
		slices.Sort(names)
		return config{}, fmt.Errorf("unknown recipe %q, want one of %s", name, strings.Join(names, ", "))
	}
	c.Space, c.Recipe = "nasbench201", name
	return c, nil
}
