package lab

import (
	"github.com/oneshot-nas/oneshot/dataset"
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/nasbench201"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Cells is the number of cells in each of the three stages. Variant "benchmark", the default, computes every edge as the
// benchmark does; "pruned" leaves out those on which the output cannot depend.
var _ = register(&family{
	name: "nasbench201", title: "NAS-Bench-201", variants: []string{"benchmark", "pruned"},
	space: func(s Scale, classes int) spaces.Space {
		return nasbench201.Space{Channels: s.Channels, Cells: s.Cells, Classes: classes, Image: s.Image}
	},
	published: func(Scale) spaces.Space { return nasbench201.New() },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		m := supernet.NewNASBench201(space.(nasbench201.Space), seed, onlyArch[nasbench201.Arch](only))
		m.Pruned = r.Scale.Variant == "pruned"
		return m
	},
	recipes: map[string]Recipe{
		"tiny": {
			// So narrow that what a cell adds still counts when training ends; with eight channels most cells end up alike.
			Scale: Scale{Channels: 4, Cells: 1, Image: 16}, Archs: 256,
			TrainCount: 8000, ScoreCount: 2000, TruthCount: 1500,
			// A low rate and many steps, which end early: many architectures are drawn before the shared weights move far, and once they
			// are so good that every architecture scores alike, what is left of the differences is noise.
			Train: supernet.TrainConfig{Epochs: 50, Batch: 32, LR: 0.005, LRMin: 0.0025, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
			// Small batches: what a short training lacks is steps. At higher rates chance decides when a network leaves the first plateau.
			Alone:   supernet.TrainConfig{Epochs: 4, Batch: 16, LR: 0.02, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 2},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 4, CalBatch: 128, Batch: 250},
		},
		"small": {
			Scale: Scale{Channels: 16, Cells: 1, Image: 32}, Archs: 200,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 60, Batch: 128, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 20, Batch: 128, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 8, CalBatch: 256, Batch: 250},
		},
		"paper": { // Zhang et al., arXiv 2010.08219; alone: Dong and Yang, arXiv 2001.00326
			Scale: Scale{Channels: 16, Cells: 5, Image: 32}, Archs: 100,
			TrainCount: 50000, ScoreCount: 5000, TruthCount: 5000,
			Train:   supernet.TrainConfig{Epochs: 1000, Batch: 256, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5},
			Alone:   supernet.TrainConfig{Epochs: 200, Batch: 256, LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4},
			AloneBN: supernet.RunningStatistics,
			Augment: dataset.Augment{Pad: 4, Flip: true},
			Eval:    supernet.EvalConfig{BN: supernet.Recalibrate, CalBatches: 25, CalBatch: 256, Batch: 250},
		},
	},
})
