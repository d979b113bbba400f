// Package nn builds and trains networks: layers that own parameters, initialisers, optimisers, learning-rate schedules,
// averages and checkpoints, on the operations of package autograd.
//
// # For a PyTorch user
//
// A network is a struct with layers, or a [Sequential], and a function that calls them on a tape. The tape is what PyTorch keeps out of
// sight: it records, and it says whether a network trains. There is no train() and no eval(), and no zero_grad(): [autograd.Tape.Reset]
// begins a step in one mode or the other, and so tells batch norms and dropout.
//
//	PyTorch                                      here
//	nn.Conv2d(3, 16, 3, padding=1)               NewConv2D(scope, 3, 16, 3, Padding(1))
//	… stride=2, groups=4, bias=False             … Stride(2), Groups(4), NoBias
//	nn.ConvTranspose2d, nn.Conv1d                NewConvTranspose2D, NewConv1D
//	nn.Flatten(), nn.Linear(4*4*64, 10)          NewLinear(scope, 4*4*64, 10, Flattened(4, 4))
//	nn.BatchNorm2d(16), nn.BatchNorm1d(16)       NewBatchNorm2D(scope, 16)
//	nn.LayerNorm, nn.GroupNorm, nn.RMSNorm       NewLayerNorm, NewGroupNorm, NewRMSNorm
//	nn.LSTM(8, 32, num_layers=2), nn.GRU         NewLSTM(scope, 8, 32, Layers(2)), NewGRU
//	nn.MultiheadAttention(64, 8)                 NewMultiheadAttention(scope, 64, 8)
//	nn.Embedding(1000, 64)                       NewEmbedding(scope, 1000, 64)
//	nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)     MaxPool2D{Kernel: 2}, GlobalAvgPool
//	nn.ReLU(), nn.GELU(), nn.LeakyReLU(0.2)      ReLU, GELU, LeakyReLU{0.2}
//	nn.Upsample(scale_factor=2)                  UpsampleNearest(2), UpsampleBilinear{Scale: 2}
//	nn.Dropout(0.5)                              Dropout{P: 0.5, Rand: rng}
//	nn.Sequential(…)                             Sequential{…}
//	nn.CrossEntropyLoss(), F.mse_loss, …         autograd.CrossEntropy, autograd.MSE, …
//	… weight=w, BCEWithLogitsLoss(pos_weight=p)  autograd.WeightedNLL of LogSoftmax, autograd.WeightedBCEWithLogits
//	torch.cat, x.permute, x + y, …               autograd.Cat, autograd.Transpose, autograd.Add, …
//	model.train(), model.eval(), no_grad()       tape.Reset(autograd.Training), tape.Reset(autograd.Inference)
//	loss.backward()                              tape.Backward(loss.Var)
//	optimizer.zero_grad(), optimizer.step()      tape.Reset at the next step, optimizer.Step(tape, lr)
//	several backward() before one step()         tape.NextPath() between them
//	clip_grad_norm_(…, 1)                        SGD{Clip: 1}, Adam{Clip: 1}, …
//	optim.SGD, Adam, AdamW, ASGD                 SGD, Adam, AdamW, ASGD
//	[{"params": …, "lr": …}, …]                  Groups: GroupsByName(…)
//	lr_scheduler.OneCycleLR, …                   OneCycle, Cosine, StepDecay, Exponential, Polynomial, Plateau, Warmup
//	backbone.requires_grad_(False).eval()        store.Freeze("backbone")
//	init.xavier_uniform_(…)                      scope.Init(XavierUniform(1), nil)
//	swa_utils.AveragedModel                      EMA
//	load_state_dict, strict=False                LoadWeights, LoadWeights(…, Partial)
//	torch.save(model.state_dict())               SaveWeights; SaveCheckpoint with the optimiser's state
//	torchinfo.summary(model, shape)              Summary(model, shape…)
//
// Images are [N][H][W][C], sequences [T][B][C], weights of linear layers [in][out] and of convolutions [kh][kw][in][out]; weights that
// come from PyTorch or go there are converted. Numbers are float32 throughout. The defaults of layers, initialisers and optimisers are
// PyTorch's unless their documentation says otherwise.
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
// The learning rate of each step comes from a [Schedule]: [Fixed], [Cosine], [CosineRestarts], [OneCycle], [StepDecay], [Exponential],
// [Polynomial], [Plateau], each after a [Warmup] if one likes. A [Group] scales rate and decay for some of the parameters. [EMA], and
// [ASGD] by itself, keep averages of the parameters, which Swap puts in their place for an evaluation. [Store.Freeze] keeps parts of a
// network as they are, to train the rest alone.
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
// load_state_dict takes. Names are PyTorch's as soon as the scopes are, and layers know what PyTorch makes of their weights: our images
// are NHWC, our weights HWIO and [in][out]. What differs is listed, all of it; options rename ([Rename], [RenameFunc]), leave out
// ([Except]), or take what there is ([Partial]).
//
//	report, err := nn.LoadWeights("resnet18.safetensors", store, nn.Except("fc")) // the classifier stays ours
package nn
