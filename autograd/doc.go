// Package autograd differentiates what a network computes.
//
// # The tape
//
// Operations are plain functions that compute at once and write themselves down on a [Tape]; [Tape.Backward] walks the
// tape from its end to its beginning and applies the chain rule:
//
//	tp := autograd.NewTape()
//	for … {
//		tp.Reset(autograd.Training)
//		h := autograd.Conv2D(tp, tp.Constant(images), weight, kernel)
//		…
//		loss := autograd.CrossEntropy(tp, logits, labels, 0)
//		tp.Backward(loss.Var)
//		// every parameter in tp.Touched() now has a gradient in its Grad
//	}
//
// A [Var] is a value of one step. A [Param] lives longer than steps. A parameter that a step does not use costs nothing: no
// gradient is cleared for it, and optimisers pass it over ([Param.Touched]). In a supernet, where a step trains one
// architecture out of thousands, that is most of them.
//
// A tape is reset to a [Mode]. All modes but Training record nothing; they differ in the statistics that batch norms use.
//
// # Who owns the memory
//
// The tape does. Values and gradients live in its arena and are counted: in training, an operation's output goes back once
// its backward pass is done, since nothing before it can want it; without a tape to walk, whoever builds the network says
// with [Tape.Release] that a value has had its last reader. A gradient that flows unchanged into several values (the terms
// of a sum) is one buffer with several owners, copied only when one of them wants to add to it. Records, Vars and buffers
// are reused after Reset, so that after a few steps a step allocates nothing, whichever architectures it builds. Nothing of
// a step may be kept beyond Reset, except copies.
//
// # Why a gradient may stay an affine function
//
// Outside of its convolutions a network with few channels is limited by memory, so passes over activations count. Two
// operations exist to save them. [Convs] applies several convolutions to one input, and sums up their outputs per channel
// for the batch norms that follow. [BatchNormSum] normalises and adds the terms of a node in one pass: forward it reads
// every term once and writes the node once.
//
// Backward, with g the gradient of the node, the gradient of a normalised term x over m rows is (Ioffe and Szegedy 2015)
//
//	dx = γ/σ · (g − Σg/m − x̂·Σ(g·x̂)/m)  with x̂ = (x − mean)/σ
//
// which is a⊙g + b⊙x + c with three numbers per channel. They are known after one pass that reads g and all terms. Instead
// of writing dx down for every term, the tape notes a, b, c beside a share of g; the convolution that made x then evaluates
// the expression on the pixels that it is about to multiply, while they are in cache. Whoever else asks for such a gradient
// (a pool, or a value with a second consumer) has it written down first.
//
// # How to add an operation
//
// A type with the inputs, the outputs and what backward needs, in a slab of the tape; its method backward reads the
// gradient of the outputs with gradOf and passes gradients on with contribute or contributeShared (for a Param, gradSlot).
// The function that computes it asks tp.recording whether to note anything. Test it with [gradcheck.Check].
//
// [gradcheck.Check]: https://pkg.go.dev/github.com/oneshot-nas/oneshot/autograd/gradcheck#Check
package autograd
