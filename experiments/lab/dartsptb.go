package lab

import (
	"github.com/oneshot-nas/oneshot/spaces"
	"github.com/oneshot-nas/oneshot/spaces/dartsptb"
	"github.com/oneshot-nas/oneshot/supernet"
)

// Scores are validation perplexities, the truth test perplexities (of a network trained here; published tables say which).
var _ = register(&family{
	name: "dartsptb", title: "DARTS (Penn Treebank)", text: true,
	space: func(s Scale, words int) spaces.Space {
		return dartsptb.Space{Hidden: s.Hidden, Words: words}
	},
	published: func(Scale) spaces.Space { return dartsptb.New() },
	model: func(space spaces.Space, r *Recipe, seed uint64, only spaces.Arch) supernet.Model {
		return supernet.NewDARTSPTB(space.(dartsptb.Space), *r.Language, seed, onlyArch[dartsptb.Arch](only))
	},
	recipes: map[string]Recipe{
		"tiny": { // The rate is low: above it, some seeds go astray. After 60 epochs the supernet is near the least perplexity there can be with every cell.
			Scale: Scale{Hidden: 48}, Archs: 200,
			TrainCount: 130000, ScoreCount: 10000, TruthCount: 10000, BPTT: 35,
			Train:    supernet.TrainConfig{Epochs: 12, Batch: 16, LR: 10, Schedule: "cosine", Clip: 0.25},
			Alone:    supernet.TrainConfig{Epochs: 5, Batch: 16, LR: 10, Schedule: "cosine", Clip: 0.25},
			AloneBN:  supernet.NoBatchNorm,
			Language: &supernet.DARTSPTBOptions{},
			Eval:     supernet.EvalConfig{BN: supernet.NoBatchNorm, Batch: 10},
		},
		"small": { // narrow enough for dropout to be weak
			Scale: Scale{Hidden: 256}, Archs: 137,
			TrainCount: 929589, ScoreCount: 73760, TruthCount: 82430, BPTT: 35, Vary: true,
			Train:    supernet.TrainConfig{Epochs: 20, Batch: 64, LR: 20, Schedule: "cosine", LRMin: 1, WeightDecay: 8e-7, Clip: 0.25},
			Alone:    supernet.TrainConfig{Epochs: 20, Batch: 64, LR: 20, Schedule: "cosine", LRMin: 1, WeightDecay: 8e-7, Clip: 0.25},
			AloneBN:  supernet.NoBatchNorm,
			Language: &supernet.DARTSPTBOptions{DropoutE: 0.05, DropoutI: 0.1, DropoutX: 0.1, DropoutH: 0.05, Dropout: 0.2, Beta: 1e-3},
			Eval:     supernet.EvalConfig{BN: supernet.NoBatchNorm, Batch: 10},
		},
		"paper": {
			Scale: Scale{Hidden: 850}, Archs: 10,
			TrainCount: 929589, ScoreCount: 73760, TruthCount: 82430, BPTT: 35, Vary: true,
			Train: supernet.TrainConfig{Epochs: 3000, Batch: 256, LR: 40, Schedule: "constant", WeightDecay: 8e-7, Clip: 0.1,
				Averaging: &supernet.Averaging{Every: 5, Archs: 10, Patience: 5, Batch: 10}},
			Alone: supernet.TrainConfig{Epochs: 3000, Batch: 64, LR: 20, Schedule: "constant", WeightDecay: 8e-7, Clip: 0.25,
				Averaging: &supernet.Averaging{Every: 1, Archs: 1, Patience: 5, Batch: 10}},
			AloneBN:  supernet.NoBatchNorm,
			Language: &supernet.PaperDARTSPTB,
			Eval:     supernet.EvalConfig{BN: supernet.NoBatchNorm, Batch: 10},
		},
	},
})
