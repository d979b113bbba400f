package lab

import (
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/darts"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Cells is the number of all cells. Pool 7 is the paper's release, which averages the first 7×7 of the last 8×8 pixels.
var _ = register(&family{
	name: "darts", title: "DARTS (CIFAR-10)",
	space: func(s Scale, classes int) spaces.Space {
		d := darts.Space{Channels: s.Channels, Cells: s.Cells, Classes: classes, Image: s.Image, Pool: s.Pool}
		if s.Image >= 32 { // the head averages windows of 5×5 on a quarter of that
			d.AuxiliaryChannels, d.AuxiliaryFeatures = 128, 768
		}
		return d
	},
	published: func(Scale) spaces.Space { return darts.New() },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		d := space.(darts.Space)
		if r.Train.Auxiliary == 0 && r.Alone.Auxiliary == 0 {
			d.AuxiliaryChannels, d.AuxiliaryFeatures = 0, 0
		}
		m := supernet.NewDARTS(d, seed, onlyArch[darts.Arch](only))
		m.DropPath = r.DropPath
		return m
	},
	recipes: map[string]Recipe{
		"tiny": { // small pictures and narrow cells, so that a training is seconds; the rates as in nasbench201
			Scale: Scale{Channels: 4, Cells: 3, Image: 16}, Archs: 200,
			TrainCount: 3000, ScoreCount: 2000, TruthCount: 1500,
			Train: supernet.TrainConfig{Epochs: 40, Batch: 32, LR: 0.01, LRMin: 0.005, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5},
			// Not longer: at 15,000 pictures all architectures are within 5 % of one another, as much as two trainings of one.
			Alone:   supernet.TrainConfig{Epochs: 3, Batch: 16, LR: 0.025, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 2},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
		},
		"small": {
			Scale: Scale{Channels: 12, Cells: 5, Image: 32}, Archs: 377,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 30, Batch: 96, LR: 0.025, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 20, Batch: 96, LR: 0.05, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true, Cutout: 16},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 200, Batch: 250},
		},
		"paper": {
			Scale: Scale{Channels: 36, Cells: 20, Image: 32, Pool: 7}, Archs: 200, DropPath: 0.2,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 1000, Batch: 448, LR: 0.1, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5, Auxiliary: 0.4}, // 112 on each of 4 machines
			Alone:   supernet.TrainConfig{Epochs: 600, Batch: 128, LR: 0.025, Momentum: 0.9, WeightDecay: 3e-4, Clip: 5, Auxiliary: 0.4},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true, Cutout: 16},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 100, CalBatch: 200, Batch: 250},
		},
	},
})
