package lab

import (
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench101"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Variant "oneshot", the default, is the paper's subspace; "full" is the whole space with weights that are sliced. Cells is the
// number of cells in each of the three stacks. Networks alone are evaluated with recalibrated statistics, too: with the space's
// momentum of 0.003 running ones take a thousand steps to forget how they began, which short trainings do not have.
var _ = register(&family{
	name: "nasbench101", title: "NAS-Bench-101", variants: []string{"oneshot", "full"},
	channels: 4, // the output's, which as many vertices may share
	space: func(s Scale, classes int) spaces.Space {
		return nb101Variant(s, nasbench101.Space{Channels: s.Channels, Cells: s.Cells, Classes: classes, Image: s.Image})
	},
	published: func(s Scale) spaces.Space { return nb101Variant(s, nasbench101.New()) },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		if whole, ok := space.(nasbench101.Space); ok {
			return supernet.NewNASBench101(whole, seed, onlyArch[nasbench101.Arch](only))
		}
		return supernet.NewNASBench101OneShot(space.(nasbench101.OneShot), seed, onlyArch[nasbench101.OneShotArch](only))
	},
	recipes: map[string]Recipe{
		"tiny": { // small pictures and narrow cells, so that a training is seconds; the rates as in nasbench201
			Scale: Scale{Channels: 8, Cells: 1, Image: 16}, Archs: 200,
			TrainCount: 9000, ScoreCount: 2000, TruthCount: 1500,
			Train:   supernet.TrainConfig{Epochs: 60, Batch: 32, LR: 0.01, LRMin: 0.005, Momentum: 0.9, WeightDecay: 1e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 3, Batch: 16, LR: 0.01, Momentum: 0.9, WeightDecay: 1e-4, Clip: 5},
			AloneBN: supernet.Recalibrate,
			Augment: dataset.Augment{Pad: 2},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
		},
		"small": {
			Scale: Scale{Channels: 16, Cells: 1, Image: 32}, Archs: 300,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 40, Batch: 128, LR: 0.05, Momentum: 0.9, WeightDecay: 1e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 20, Batch: 128, LR: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Clip: 5},
			AloneBN: supernet.Recalibrate,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 256, Batch: 250},
		},
		"paper": { // 40,000 images in the benchmark's own split
			Scale: Scale{Channels: 128, Cells: 3, Image: 32}, Archs: 300,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 1000, Batch: 256, LR: 0.1, Momentum: 0.9, WeightDecay: 1e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 108, Batch: 256, LR: 0.1, Momentum: 0.9, WeightDecay: 1e-4},
			AloneBN: supernet.Recalibrate,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 25, CalBatch: 400, Batch: 250},
		},
	},
})

func nb101Variant(s Scale, whole nasbench101.Space) spaces.Space {
	if s.Variant == "full" {
		return whole
	}
	return nasbench101.OneShot{Space: whole}
}
