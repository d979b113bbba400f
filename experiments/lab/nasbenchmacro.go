package lab

import (
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbenchmacro"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Not one of the paper's spaces: the nearest to ProxylessNAS of which all architectures have been trained. Alone as its authors did
// (Su et al., CVPR 2021).
var _ = register(&family{
	name: "nasbenchmacro", title: "NAS-Bench-Macro",
	space: func(s Scale, classes int) spaces.Space {
		return nasbenchmacro.Space{Channels: s.Channels, Classes: classes, Image: s.Image}
	},
	published: func(Scale) spaces.Space { return nasbenchmacro.New() },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		return supernet.NewNASBenchMacro(space.(nasbenchmacro.Space), seed, onlyArch[nasbenchmacro.Arch](only))
	},
	recipes: map[string]Recipe{
		"tiny": { // small pictures and narrow layers, so that a training is seconds; the rates as in nasbench201
			Scale: Scale{Channels: 4, Image: 16}, Archs: 200,
			TrainCount: 10000, ScoreCount: 2000, TruthCount: 1500,
			Train:   supernet.TrainConfig{Epochs: 20, Batch: 32, LR: 0.02, LRMin: 0.01, Momentum: 0.9, WeightDecay: 4e-5, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 4, Batch: 16, LR: 0.015, Momentum: 0.9, WeightDecay: 4e-5, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 2},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
		},
		"small": {
			Scale: Scale{Channels: 16, Image: 32}, Archs: 300,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 30, Batch: 128, LR: 0.1, Momentum: 0.9, WeightDecay: 4e-5, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 20, Batch: 128, LR: 0.1, Momentum: 0.9, WeightDecay: 4e-5, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 256, Batch: 250},
		},
		"paper": {
			Scale: Scale{Channels: 32, Image: 32}, Archs: 6561,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 120, Batch: 256, LR: 0.1, Warmup: 5, Momentum: 0.9, WeightDecay: 4e-5},
			Alone:   supernet.TrainConfig{Epochs: 150, Batch: 256, LR: 0.1, Warmup: 5, Momentum: 0.9, WeightDecay: 4e-5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 25, CalBatch: 256, Batch: 250},
		},
	},
})
