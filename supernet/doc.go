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
// down to velocity and weight decay: PyTorch does the same with parameters whose grad is None. Everything random in step i
// comes from streams that the seed and i determine, so that the step number is all the state there is beyond parameters,
// running statistics, optimiser and carried hidden state; a checkpoint holds these, and training goes on from it to the same
// bits.
//
// A loss or a gradient that is not finite ends training with a [DivergedError]; parameters are then still those of the step
// before.
//
// # Which statistics a score uses
//
// Batch norms of a supernet average over all architectures while it trains; normalised with these, an architecture alone
// behaves like none that was trained. An evaluator therefore finds statistics for each architecture on training batches
// ([Recalibrate]), as the paper does (section 2.4 of its reference protocol), or uses those of the batch at hand; the
// running ones are there to show the difference. The model is left as it was.
//
// # One file for each space
//
// nasbench101.go, nasbench201.go, darts.go, dartsptb.go, proxylessnas.go and nasbenchmacro.go build the networks that their
// packages under spaces describe, layer by layer under the same names, so that checkpoints of PyTorch can be read; a test
// walks both.
package supernet
