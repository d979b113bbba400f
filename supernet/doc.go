// Package supernet shares weights: a [Model] owns the parameters of every architecture of a search space and can be each of
// them; a [Trainer] trains it, another architecture in each step; an [Evaluator] scores architectures with what it has
// learnt. Training one architecture alone is the same code with a [Fixed] sampler.
//
//	model := supernet.NewNASBench201(space, seed, nil)
//	data := supernet.NewImages(train, test)
//	trainer, err := supernet.NewTrainer(model, supernet.Uniform(space), data, config)
//	for !trainer.Done() {
//		result, err := trainer.Step()
//		…
//	}
//	evaluator, err := supernet.NewEvaluator(model, data, evalConfig)
//	score, err := evaluator.Evaluate(arch)
//
// # One step
//
// A step draws one or more architectures ([Sampler]) and a batch ([Data]), runs the model as each of them, averages the
// gradients and lets the optimiser move what they have touched. What a step does not use costs nothing and stays as it is,
// down to velocity and weight decay: PyTorch does the same with parameters whose grad is None. Of a weight that is sliced
// this holds for the part outside the slice.
//
// # Which architectures
//
// [Uniform] draws from the prior of a space, one architecture a step, as the paper does (arXiv 2010.08219); [MultiPath] several;
// [Fair] as many as it takes to use every value of every decision equally often. Each of them also draws from a part of a
// space that [spaces.Keep], [spaces.Drop], [spaces.Split] or [spaces.List] has made; only Fair needs a space, or part of one,
// whose architectures are composed of a value for each decision, which a list and NAS-Bench-101 are not.
//
// # How much is shared
//
// [Replicate] gives every choice several copies of its weights, one of which is drawn for each use: less is shared, and nothing
// else changes.
//
// # Images and text
//
// [Images] deals out a set of pictures in epochs; [Text] reads a stream of words in columns, and a [Recurrent] model carries its
// hidden state from one stretch to the next, from architecture to architecture. Language models may train with [Averaging]: SGD
// until validations no longer improve, then averaged SGD, and back to the best parameters where something diverges.
//
// # Stopping and going on
//
// Everything random in step i comes from streams that the seed and i determine, so that the step number is all the state there is
// beyond parameters, running statistics, optimiser, carried hidden state and history of validations. [Trainer.Save] writes these to
// one file, and training goes on from it ([Trainer.Load]) to the same bits.
//
// A loss or a gradient that is not finite ends training with a [DivergedError]; parameters are then still those of the step
// before, and the last checkpoint is good.
//
// # Which statistics a score uses
//
// Batch norms of a supernet average over all architectures while it trains; normalised with these, an architecture alone
// behaves like none that was trained. An evaluator therefore finds statistics for each architecture on training batches
// ([Recalibrate]), as the paper's release does, or uses those of the batch at hand; the running ones are there to show the
// difference. The model is left as it was.
//
// # Precision
//
// Training and evaluation may round what products read to bfloat16 ([TrainConfig], [EvalConfig]). Parameters, statistics, optimisers and
// checkpoints are float32 in any case. A supernet is to be scored in the precision that it was trained in: nothing else knows of it.
//
// # One file for each space
//
// nasbench101.go, nasbench201.go, darts.go, dartsptb.go, proxylessnas.go and nasbenchmacro.go build the networks that their
// packages under spaces describe, layer by layer under the same names, so that checkpoints of PyTorch can be read; a test
// walks both. What they share are a convolution with its batch norm and the inverted residual block (mbconv.go). A new space
// implements [Model], and [Recurrent] if it carries a state; it makes what belongs to choices with own, for Replicate.
package supernet
