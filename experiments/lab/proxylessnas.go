package lab

import (
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/proxylessnas"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Variant "separate", the default, has a block for each choice, as the paper has; "sliced" cuts them all from one. Images of
// other sizes than 224 have fewer strides ([proxylessnas.Small]).
var _ = register(&family{
	name: "proxylessnas", title: "ProxylessNAS", variants: []string{"separate", "sliced"},
	space: func(s Scale, classes int) spaces.Space {
		if s.Image == 224 {
			return proxylessnas.Space{Width: s.Width, Classes: classes, Image: 224, Depth: s.Depth}
		}
		p := proxylessnas.Small(s.Image, classes)
		p.Width, p.Depth = s.Width, s.Depth
		return p
	},
	published: func(Scale) spaces.Space { return proxylessnas.New() },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		sharing := supernet.Separate
		if r.Scale.Variant == "sliced" {
			sharing = supernet.Sliced
		}
		return supernet.NewProxylessNAS(space.(proxylessnas.Space), seed, onlyArch[proxylessnas.Arch](only), sharing)
	},
	recipes: map[string]Recipe{
		"tiny": { // one cell a stage, so that a training is seconds
			Scale: Scale{Width: 0.2, Depth: 1, Image: 16}, Archs: 200,
			TrainCount: 5000, ScoreCount: 2000, TruthCount: 1500,
			Train: supernet.TrainConfig{Epochs: 50, Batch: 32, LR: 0.02, LRMin: 0.01, Momentum: 0.9, WeightDecay: 5e-5, Clip: 5, Smoothing: 0.1},
			// With SGD some seeds stay on the first plateau to the end: two trainings of one architecture reached 26 % and 56 %.
			Alone:   supernet.TrainConfig{Optimizer: "adamw", Epochs: 3, Batch: 16, LR: 0.003, WeightDecay: 0.01, Clip: 5, Smoothing: 0.1},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 2},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
		},
		"small": {
			Scale: Scale{Width: 0.5, Depth: 4, Image: 64}, Archs: 60,
			TrainCount: 100000, ScoreCount: 2000, TruthCount: 1000,
			Train:   supernet.TrainConfig{Epochs: 60, Batch: 64, LR: 0.025, Warmup: 3, Momentum: 0.9, WeightDecay: 5e-5, Clip: 5, Smoothing: 0.1},
			Alone:   supernet.TrainConfig{Epochs: 20, Batch: 64, LR: 0.05, Warmup: 1, Momentum: 0.9, WeightDecay: 5e-5, Clip: 5, Smoothing: 0.1},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 8, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 200, Batch: 200},
		},
		"paper": { // 128 images on each of 8 machines
			Scale: Scale{Width: 1.35, Depth: 4, Image: 224}, Archs: 192,
			TrainCount: 1281167, ScoreCount: 50000, TruthCount: 0,
			Train:   supernet.TrainConfig{Epochs: 1000, Batch: 1024, LR: 0.2, Warmup: 5, Momentum: 0.9, WeightDecay: 5e-5, Smoothing: 0.1},
			Alone:   supernet.TrainConfig{Epochs: 300, Batch: 1024, LR: 0.2, Warmup: 5, Momentum: 0.9, WeightDecay: 5e-5, Smoothing: 0.1},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 16, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 100, CalBatch: 200, Batch: 100},
		},
	},
})
