// Package nn builds networks from the operations of autograd: layers that own parameters, initialisers, the optimiser,
// learning-rate schedules and checkpoints.
//
// A [Store] holds the parameters and buffers of a model under stable dotted names, which are PyTorch's own where it has
// some ("cells.0.edge.0_1.1.weight"). Layers take a [Scope], a place in that tree of names:
//
//	store := nn.NewStore(seed)
//	stem := nn.NewConv2D(store.Scope("stem.0"), conv.Square(3, 16, 3, 1))
//	norm := nn.NewBatchNorm2D(store.Scope("stem.1"), 16)
//
//	y := norm.Forward(tape, stem.Forward(tape, x))
//
// Every parameter is drawn from a random stream of its own, seeded by the store's seed and the parameter's name: adding a
// layer does not change how the others start.
//
// An [Optimizer] ([SGD], [ASGD], [Adam], [AdamW], [RMSProp]) updates only the parameters, or the windows of parameters, that the step
// has touched, as PyTorch does with parameters whose gradient is None; in a weight-sharing supernet the rest costs nothing.
// A gradient that is not finite changes nothing.
//
// A [Checkpoint] is a safetensors file with the parameters, the buffers, the optimiser's state, averages and whatever the
// caller adds, written so that a crash leaves the old or the new one, never half of either. [LoadPyTorch] reads a state dict.
package nn
