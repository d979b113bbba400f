// Package nn builds and trains networks: layers that own parameters, initialisers, optimisers, learning-rate schedules,
// averages and checkpoints, on the operations of package autograd.
//
// # Names
//
// A [Store] holds the parameters and buffers of a model under stable dotted names, which are PyTorch's own where it has
// some ("cells.0.edge.0_1.1.weight"). Layers take a [Scope], a place in that tree of names:
//
//	store := nn.NewStore(seed)
//	stem := nn.NewConv2D(store.Scope("stem.0"), 3, 16, 3, nn.Padding(1), nn.NoBias)
//	norm := nn.NewBatchNorm2D(store.Scope("stem.1"), 16)
//
//	y := norm.ReLU(tape, stem.Forward(tape, x))
//
// Every parameter is drawn from a random stream of its own, seeded by the store's seed and the parameter's name: adding a
// layer does not change how the others start. Layers start as PyTorch's do; a scope can say otherwise for all that is made
// in it ([Scope.Init]).
//
// Layers are thin: a struct with parameters and a method Forward that calls one function of autograd. Where a network wants
// an operation that does more at once (several convolutions of one input, a sum of batch norms) it gives the parameters to
// that. A layer of one's own makes its parameters with [Scope.Weight], [Scope.Bias] and [Scope.Param].
//
// # Slices
//
// Supernets make small layers of large ones: [Conv2D.Slice], [DepthwiseConv2D.Slice] and [BatchNorm2D.Slice] are layers of
// the first channels, or of the taps in the middle of a kernel, which share the weights of the whole. A step that uses a slice has
// gradients for it alone.
//
// # Training
//
// An [Optimizer] ([SGD], [ASGD], [Adam], [AdamW], [RMSProp]) moves what the tape's step has touched and nothing else: not by
// momentum and not by weight decay, as in PyTorch where a gradient is None. In a weight-sharing supernet the rest costs
// nothing. A gradient that is not finite moves nothing at all, and the norm that Step returns says so:
//
//	opt := &nn.SGD{Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, Clip: 5}
//	lr := nn.Cosine{Base: 0.1, Steps: steps}
//	for step := range steps {
//		tape.Reset(autograd.Training)
//		…
//		tape.Backward(loss.Var)
//		if norm := opt.Step(tape, lr.LR(step)); math.IsNaN(norm) || math.IsInf(norm, 0) {
//			return fmt.Errorf("step %d: the gradient is not finite", step)
//		}
//	}
//
// The learning rate of each step comes from a [Schedule]: [Fixed], [Cosine], [CosineRestarts], [StepDecay], each after a
// [Warmup] if one likes. A [Group] scales rate and decay for some of the parameters. [EMA], and [ASGD] by itself, keep averages of
// the parameters, which Swap puts in their place for an evaluation.
//
// After the first steps none of this allocates memory.
//
// # Goroutines
//
// One model serves many goroutines at a time as long as nobody trains it, each with a tape of its own: see package autograd. Layers, slices
// that were made before and what is loaded from a file are only read by that; a [State] belongs to one of them.
//
// # Checkpoints
//
// A [Checkpoint] is a safetensors file with the parameters, the buffers, the optimiser's state, averages and whatever the
// caller adds. [SaveCheckpoint] writes it so that a crash leaves the old or the new one, never half of either;
// [LoadCheckpoint] loads all of it or, with an error that says what does not fit, nothing: a checksum over the whole file, its
// metadata included, finds what was damaged. A training that is loaded goes on with the same bits as one that was never
// interrupted.
//
// # PyTorch's weights
//
// [LoadWeights] reads a state dict of PyTorch from a safetensors file, or the index of several, and [SaveWeights] writes one that
// load_state_dict takes. Names are PyTorch's as soon as the scopes are, and layers know what PyTorch makes of their weights: our images are
// NHWC, our weights HWIO and [in][out].
//
//	report, err := nn.LoadWeights("resnet18.safetensors", store, nn.Except("fc")) // the classifier stays ours
package nn
